//! The configuration: a TOML file, then `NWS_CERTD_*` variables over it.
//!
//! Read once, checked whole: every fault is reported, not only the first, and what comes out is made of checked values that no
//! one looks at again. Each part of the program gets its own small struct, never the whole.

mod read;
mod values;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nws_acme::DirectoryUrl;
use nws_expiry::{KeyType, SweepTime};
use nws_gitops::{Author, Discover, Remote};

pub use read::{ConfigError, Fault};

use self::read::Reader;

/// A checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the daemon keeps its state: `state_dir`.
    pub state_dir: PathBuf,
    /// The age identity that keys at rest are sealed to: `key_file`.
    pub key_file: PathBuf,
    /// Whom certificates are ordered from: `[ca]`.
    pub ca: CaSettings,
    /// Where certificates are wanted and delivered: `[git]`.
    pub git: GitSettings,
    /// What is read there: `[discover]` and `[names]`.
    pub discover: Discover,
    /// Where the CA's validators are answered: `[challenge]`.
    pub challenge: ChallengeSettings,
    /// How orders are made: `[orders]`.
    pub orders: OrderSettings,
    /// When certificates are renewed: `[renewal]`.
    pub renewal: RenewalSettings,
}

/// The `[ca]` table.
#[derive(Clone, Debug)]
pub struct CaSettings {
    /// The ACME directory: `directory`. There is no default, so that nobody orders from a production CA by accident.
    pub directory: DirectoryUrl,
    /// A PEM file of the roots that the CA's own listener is trusted by: `roots`; the platform's where absent.
    pub roots: Option<PathBuf>,
}

/// The `[git]` table.
#[derive(Clone, Debug)]
pub struct GitSettings {
    /// The repository and its branch: `url`, `branch`.
    pub remote: Remote,
    /// How often the branch is looked at: `poll`.
    pub poll: Duration,
    /// A commit waits until nothing was issued for so long: `batch`.
    pub batch: Duration,
    /// But never longer than this after the first: `batch_max`.
    pub batch_max: Duration,
    /// Who the commits are by: `author`.
    pub author: Author,
}

/// The `[challenge]` table.
#[derive(Clone, Debug)]
pub struct ChallengeSettings {
    /// The addresses HTTP-01 is answered on: `listen`.
    pub listen: Vec<SocketAddr>,
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
}

/// The `[renewal]` table.
#[derive(Clone, Debug)]
pub struct RenewalSettings {
    /// How long before its end a certificate is renewed: `renew_before`; a third of its lifetime where absent.
    pub renew_before: Option<Duration>,
    /// The time of the daily sweep: `sweep`; derived from the installation where absent.
    pub sweep: Option<SweepTime>,
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
        let ca = CaSettings::take(from);
        let git = GitSettings::take(from);
        let discover = values::discover(from);
        let challenge = ChallengeSettings::take(from);
        let orders = OrderSettings::take(from);
        let renewal = RenewalSettings::take(from);
        let state_dir = state_dir?;
        Some(Self {
            key_file: key_file?.unwrap_or_else(|| state_dir.join("key.age")),
            state_dir,
            ca: ca?,
            git: git?,
            discover: discover?,
            challenge: challenge?,
            orders: orders?,
            renewal: renewal?,
        })
    }
}

impl CaSettings {
    fn take(from: &mut Reader) -> Option<Self> {
        let directory = from.required_text(
            "ca.directory",
            "the CA's ACME directory, for instance \"https://acme-staging-v02.api.letsencrypt.org/directory\"",
        );
        let terms = from.required::<values::TermsAgreed>(
            "ca.terms_agreed",
            "true, once you have read and agree to the CA's terms of service",
        );
        let roots = from.optional("ca.roots");
        terms?;
        Some(Self { directory: directory?, roots: roots? })
    }
}

impl GitSettings {
    fn take(from: &mut Reader) -> Option<Self> {
        let url = from.required_text(
            "git.url",
            "the repository, for instance \"git@git.example:platform/gitops.git\"",
        );
        let branch = from.text_or("git.branch", "main");
        let encryption = from.required::<values::Encryption>(
            "git.encryption",
            "\"none\" if the repository may hold private keys in clear",
        );
        let poll = from.duration_or("git.poll", Duration::from_secs(60));
        let batch = from.duration_or("git.batch", Duration::from_secs(30));
        let batch_max = from.duration_or("git.batch_max", Duration::from_secs(120));
        let author = values::author(from, "git.author");
        encryption?;
        let (batch, batch_max) = (batch?, batch_max?);
        Some(Self {
            remote: Remote { url: url?, branch: branch? },
            poll: poll?,
            batch,
            batch_max: batch_max.max(batch),
            author: author?,
        })
    }
}

impl ChallengeSettings {
    fn take(from: &mut Reader) -> Option<Self> {
        let everywhere = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, 8089));
        let listen: Vec<SocketAddr> = from.or("challenge.listen", vec![everywhere])?;
        if listen.is_empty() {
            from.fault(
                "challenge.listen",
                "is empty; write at least one address, for instance [\"[::]:8089\"]",
            );
            return None;
        }
        Some(Self { listen })
    }
}

impl OrderSettings {
    fn take(from: &mut Reader) -> Option<Self> {
        let concurrency = from.or("orders.concurrency", values::EIGHT);
        let deadline = from.duration_or("orders.deadline", Duration::from_secs(15 * 60));
        let key_type = from.text_or("orders.key_type", KeyType::default().as_str());
        Some(Self { concurrency: concurrency?, deadline: deadline?, key_type: key_type? })
    }
}

impl RenewalSettings {
    fn take(from: &mut Reader) -> Option<Self> {
        let renew_before = from.optional_duration("renewal.renew_before");
        let sweep = from.optional_text("renewal.sweep");
        Some(Self { renew_before: renew_before?, sweep: sweep? })
    }
}

#[cfg(test)]
mod tests;
