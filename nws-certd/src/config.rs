//! The configuration: a TOML file, then `NWS_CERTD_*` variables over it.
//!
//! Read once, checked whole: every fault is reported, not only the first, and what comes out is made of checked values that no
//! one looks at again. Each part of the program gets its own small struct, never the whole.

mod ca;
mod challenge;
mod deletion;
mod environment;
mod https;
mod limits;
mod preflight;
mod read;
mod recipients;
mod retry;
mod roles;
mod targets;
mod values;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nws_acme::Proxy;
use nws_expiry::{KeyType, RenewBefore, SweepTime};
use nws_gitops::{Author, Discover, HttpsOptions, Remote, RemoteUrl, RepositoryName};

pub use ca::{CaSettings, EabSettings};
pub use challenge::{ChallengeSettings, StatelessAnswers};
pub use deletion::DeletionSettings;
pub use preflight::{PreflightPolicy, PreflightSettings};
pub use read::{ConfigError, Fault};
pub use recipients::{Encryption, RecipientSettings, RecipientSource, SealSettings};
pub use retry::RetrySettings;

use self::read::Reader;
use self::retry::Wait;
use self::roles::Role;
use crate::served::Watch;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the daemon keeps its state: `state_dir`.
    pub state_dir: PathBuf,
    /// The age identity that keys at rest are sealed to: `key_file`.
    pub key_file: PathBuf,
    /// Whom certificates are ordered from, in the order in which they are asked: `[ca]`, or `[[ca]]` for each of several.
    pub cas: Vec<CaSettings>,
    /// How CAs are reached, if not directly: `HTTPS_PROXY` and `NO_PROXY`, as for other programs.
    pub proxy: Option<Proxy>,
    /// Where certificates are wanted and delivered: `[git]`, or `[[git]]` for each of several.
    pub git: Vec<GitSettings>,
    /// What is read there, and where it goes: `[discover]`, `[names]`, `[[targets]]`, and of each repository `layout`, `root`, `wants` and
    /// `deliver_to`.
    pub discover: Discover,
    /// Where the CA's validators are answered: `[challenge]`.
    pub challenge: ChallengeSettings,
    /// How orders are made: `[orders]`.
    pub orders: OrderSettings,
    /// How long failures are waited for: `[retry]`.
    pub retry: RetrySettings,
    /// When certificates are renewed: `[renewal]`.
    pub renewal: RenewalSettings,
    /// Where the git host tells of pushes: `[webhook]`; nowhere where absent.
    pub webhook: Option<WebhookSettings>,
    /// Where certificates are served: `[edges]`.
    pub edges: EdgeSettings,
    /// What is looked at before an order: `[preflight]`.
    pub preflight: PreflightSettings,
    /// What becomes of Secrets that nobody wants: `[deletion]`.
    pub deletion: DeletionSettings,
}

/// A `[git]` table.
#[derive(Clone, Debug)]
pub struct GitSettings {
    /// What it is called among several: `name`; the only one need not have any.
    pub name: RepositoryName,
    /// The repository and its branch: `url`, `branch`.
    pub remote: Remote,
    /// How a repository is reached over ssh: `[git.ssh]`; there exactly when the URL is one of ssh.
    pub ssh: Option<SshSettings>,
    /// How a repository is reached over https: `[git.https]`; there exactly when the URL is one of https.
    pub https: Option<HttpsOptions>,
    /// Whether keys may stand in clear in a branch that has sealed Secrets of ours, as one that is to be sealed no more:
    /// `unseal`.
    pub unseal: bool,
    /// How often the branch is looked at: `poll`.
    pub poll: Duration,
    /// A commit waits until nothing was issued for so long: `batch`.
    pub batch: Duration,
    /// But never longer than this after the first: `batch_max`.
    pub batch_max: Duration,
    /// Who the commits are by: `author`.
    pub author: Author,
    /// The private ssh key that they are signed with: `signing_key`; not signed where absent.
    pub signing_key: Option<PathBuf>,
    /// How private keys stand in it: `encryption`, `[[git.recipients]]`.
    pub seal: SealSettings,
}

/// The `[git.ssh]` table of a repository.
#[derive(Clone, Debug)]
pub struct SshSettings {
    /// The private half of the deploy key: `key`.
    pub key: PathBuf,
    /// The git host's keys, as ssh's known_hosts has them: `known_hosts`.
    pub known_hosts: PathBuf,
}

/// The `[orders]` table.
#[derive(Clone, Debug)]
pub struct OrderSettings {
    /// How many orders run at a time: `concurrency`.
    pub concurrency: NonZeroUsize,
    /// How long one order may take before it is left to a later attempt: `deadline`.
    pub deadline: Duration,
    /// The kind of key certificates get: `key_type`.
    pub key_type: KeyType,
    /// Whether a renewal is for the key of the certificate before: `reuse_key`. Only for who pins keys: a new one each time ends
    /// what a lost one can be used for.
    pub reuse_key: bool,
}

/// The `[renewal]` table.
#[derive(Clone, Debug)]
pub struct RenewalSettings {
    /// How long before its end a certificate is renewed, as a duration or a part of its lifetime: `renew_before`; a third of its lifetime where
    /// absent.
    pub renew_before: Option<RenewBefore>,
    /// The time of the daily sweep: `sweep`; derived from the installation where absent.
    pub sweep: Option<SweepTime>,
}

/// The `[webhook]` table.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// The addresses pushes are told on: `listen`.
    pub listen: Vec<SocketAddr>,
    /// The file of the secret that the git host signs with: `secret_file`.
    pub secret_file: PathBuf,
}

/// The `[edges]` table.
#[derive(Clone, Debug)]
pub struct EdgeSettings {
    /// The port they serve certificates on: `https_port`.
    pub https_port: u16,
    /// Who is asked for their addresses, and for the CAA records of names before an order: `resolvers`; the system's where empty.
    pub resolvers: Vec<SocketAddr>,
    /// Their addresses: `addresses`. A name none of whose addresses is among them has left; where there are none, nobody knows
    /// better than that a name with an address leads to them.
    pub addresses: Vec<IpAddr>,
    /// How it is watched what they serve: `served_within` and `check_every`; not at all where `watch` is off.
    pub(crate) watch: Option<Watch>,
}

impl Config {
    /// Where the configuration is looked for when nothing else is said.
    pub const DEFAULT_FILE: &str = "/etc/nws-certd/config.toml";

    /// Reads and checks the file and the environment.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] lists every fault, with the file (or variable) and the key.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let mut reader = Reader::open(file)?;
        let settings = Self::take(&mut reader);
        reader.finish(settings)
    }

    fn take(from: &mut Reader) -> Option<Self> {
        let state_dir = from.or("state_dir", PathBuf::from("/var/lib/nws-certd"));
        let key_file = from.optional("key_file");
        let cas = CaSettings::take_all(from);
        let proxy = from.proxy(environment::proxy(environment::variable));
        let roles = Role::take_all(from);
        let git = GitSettings::take_all(from, roles.as_deref());
        let names = |cas: &Vec<CaSettings>| cas.iter().filter_map(|ca| ca.name.clone()).collect();
        let groups = git.as_ref().map(|all| all.iter().map(|one| one.seal.groups()).collect());
        let discover = values::discover(from, cas.as_ref().map(names), roles.as_deref(), groups);
        let challenge = ChallengeSettings::take(from);
        let orders = OrderSettings::take(from);
        let retry = RetrySettings::take(from);
        let renewal = RenewalSettings::take(from);
        let webhook = WebhookSettings::take(from);
        let edges = EdgeSettings::take(from);
        let preflight = PreflightSettings::take(from);
        let deletion = DeletionSettings::take(from);
        let state_dir = state_dir?;
        Some(Self {
            key_file: key_file?.unwrap_or_else(|| state_dir.join(crate::state_dir::KEY_FILE)),
            state_dir,
            cas: cas?,
            proxy: proxy?,
            git: git?,
            discover: discover?,
            challenge: challenge?,
            orders: orders?,
            retry: retry?,
            renewal: renewal?,
            webhook: webhook?,
            edges: edges?,
            preflight: preflight?,
            deletion: deletion?,
        })
    }
}

impl GitSettings {
    fn take_all(from: &mut Reader, roles: Option<&[Role]>) -> Option<Vec<Self>> {
        let tables = from.tables("git");
        let taken: Vec<_> = tables.iter().map(|table| Self::take(from, table)).collect();
        let mut all: Vec<Self> = taken.into_iter().collect::<Option<_>>()?;
        let twice = |at: usize| all[..at].iter().position(|one| one.remote == all[at].remote);
        let twice: Vec<_> = (0..all.len()).filter_map(|at| Some((at, twice(at)?))).collect();
        for (at, before) in &twice {
            let reason = format!(
                "is that of {} too, with the same branch; name each branch once",
                tables[*before]
            );
            from.fault(&format!("{}.url", tables[*at]), reason);
        }
        all.iter_mut().zip(roles?).for_each(|(one, role)| one.name = role.name.clone());
        twice.is_empty().then_some(all)
    }

    fn take(from: &mut Reader, table: &str) -> Option<Self> {
        let key = |name: &str| format!("{table}.{name}");
        let url = from.required_text(
            &key("url"),
            "the repository, for instance \"git@git.example:platform/gitops.git\"",
        );
        let branch = from.text_or(&key("branch"), "main");
        let seal = SealSettings::take(from, table);
        let unseal = recipients::unseal(from, &key("unseal"), seal.as_ref());
        let poll = from.duration_or(&key("poll"), Duration::from_secs(60));
        let batch = from.duration_or(&key("batch"), Duration::from_secs(30));
        let batch_max = from.duration_or(&key("batch_max"), Duration::from_secs(120));
        let author = values::author(from, &key("author"));
        let signing_key = from.optional(&key("signing_key"));
        let url: Option<RemoteUrl> = url;
        let ssh = SshSettings::take(from, &key("ssh"), url.as_ref().map(RemoteUrl::is_ssh));
        let is_https = url.as_ref().map(RemoteUrl::is_https);
        let https = https::https(from, &key("https"), is_https);
        let (batch, batch_max) = (batch?, batch_max?);
        Some(Self {
            name: RepositoryName::default(),
            remote: Remote { url: url?, branch: branch? },
            ssh: ssh?,
            https: https?,
            unseal: unseal?,
            poll: poll?,
            batch,
            batch_max: batch_max.max(batch),
            author: author?,
            signing_key: signing_key?,
            seal: seal?,
        })
    }
}

impl SshSettings {
    /// Whose keys ssh would find by itself depends on the machine, so both files have to be named; `None` where the URL is broken.
    fn take(from: &mut Reader, table: &str, is_ssh: Option<bool>) -> Option<Option<Self>> {
        let (of_key, of_hosts) = (format!("{table}.key"), format!("{table}.known_hosts"));
        let key: Option<Option<PathBuf>> = from.optional(&of_key);
        let known_hosts: Option<Option<PathBuf>> = from.optional(&of_hosts);
        let (key, known_hosts) = (key?, known_hosts?);
        match (is_ssh?, key, known_hosts) {
            (true, Some(key), Some(known_hosts)) => return Some(Some(Self { key, known_hosts })),
            (false, None, None) => return Some(None),
            (true, key, known_hosts) => {
                if key.is_none() {
                    from.fault(
                        &of_key,
                        "is missing; write the file of the deploy key's private half",
                    );
                }
                if known_hosts.is_none() {
                    from.fault(
                        &of_hosts,
                        "is missing; write a file with the git host's public keys, as ssh-keyscan prints them and its operator publishes them",
                    );
                }
            }
            (false, ..) => {
                from.fault(table, "is for a git.url of ssh only; remove it, or change git.url")
            }
        }
        None
    }
}

impl WebhookSettings {
    fn take(from: &mut Reader) -> Option<Option<Self>> {
        let listen = values::addresses(from, "webhook.listen");
        let secret_file: Option<Option<PathBuf>> = from.optional("webhook.secret_file");
        let (listen, secret_file) = (listen?, secret_file?);
        match (listen, secret_file) {
            (None, None) => return Some(None),
            (Some(listen), Some(secret_file)) => {
                let listen = values::not_empty(from, "webhook.listen", listen)?;
                return Some(Some(Self { listen, secret_file }));
            }
            (None, Some(_)) => {
                from.fault(
                    "webhook.listen",
                    "is missing; write where the git host reaches it, for instance [\"[::]:8090\"]",
                );
            }
            (Some(_), None) => {
                from.fault(
                    "webhook.secret_file",
                    "is missing; write the file of the secret that the git host signs with",
                );
            }
        }
        None
    }
}

impl EdgeSettings {
    fn take(from: &mut Reader) -> Option<Self> {
        let https_port = from.port_or("edges.https_port", values::HTTPS);
        let resolvers = values::addresses(from, "edges.resolvers");
        let addresses = from.texts::<values::EdgeAddress>("edges.addresses");
        let watch = from.or("edges.watch", true);
        let within = from.text_or::<Wait>("edges.served_within", "15m");
        let every = from.text_or::<Wait>("edges.check_every", "6h");
        let (within, every) = (within?.0, every?.0);
        Some(Self {
            https_port: https_port?.get(),
            resolvers: resolvers?.unwrap_or_default(),
            addresses: addresses?.into_iter().map(|address| address.0).collect(),
            watch: watch?.then_some(Watch { within, every }),
        })
    }
}

impl OrderSettings {
    fn take(from: &mut Reader) -> Option<Self> {
        let concurrency = from.count_or("orders.concurrency", values::EIGHT);
        let deadline = from.duration_or("orders.deadline", Duration::from_secs(15 * 60));
        let key_type = from.text_or("orders.key_type", KeyType::default().as_str());
        let reuse_key = from.or("orders.reuse_key", false);
        Some(Self {
            concurrency: concurrency?,
            deadline: deadline?,
            key_type: key_type?,
            reuse_key: reuse_key?,
        })
    }
}

impl RenewalSettings {
    fn take(from: &mut Reader) -> Option<Self> {
        let renew_before = from.optional_text("renewal.renew_before");
        let sweep = from.optional_text("renewal.sweep");
        Some(Self { renew_before: renew_before?, sweep: sweep? })
    }
}

#[cfg(test)]
mod tests;
