//! From a configuration to the parts of a daemon.

mod cas;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nws_acme::{Clock, PoolError};
use nws_challenge::Answers;
use nws_expiry::{Policy, SweepTime};
use nws_gitops::{
    Git, GitError, Https, HttpsError, Mirror, MirrorError, RepositoryName, SigningKey,
    SigningKeyError, Ssh, SshError,
};
use rustls_pki_types::pem;
use tracing::info;

use crate::account::{AccountKeyError, AccountKeys, AccountName};
use crate::accounts::Accounts;
use crate::authority::Authority;
use crate::batch::Batch;
use crate::config::{Config, Encryption, GitSettings, PreflightPolicy, PreflightSettings};
use crate::daemon::Parts;
use crate::edges::{AddressZone, Edges, EdgesError};
use crate::explain::Narrator;
use crate::external_account::ExternalAccountError;
use crate::order::{Lookout, Ordering, Rigour, Whereabouts};
use crate::plan::Rules;
use crate::preflight::{Examiner, Inspector};
use crate::publish::Publisher;
use crate::repositories::Repositories;
use crate::repository::{Habits, Repository};
use crate::resolver::{Resolver, ResolverError};
use crate::sealing::Sealing;
use crate::served::Watcher;
use crate::state_dir::{StateDir, StateDirError};
use crate::store::{SqliteStore, Store, StoreError};
use crate::vault::{Vault, VaultError};

use self::cas::authorities;
pub(crate) use self::cas::cas;

/// One git command may take this long: the first clone of a large repository is the longest.
const GIT_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Answers at a time: two for each of the orders that can be under way in the half hour an answer stays, with room to spare.
const ANSWERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(99_999);

/// A state directory held, and everything that works in it.
pub(crate) struct Opened {
    pub(crate) parts: Parts,
    pub(crate) state: StateDir,
    inspector: Inspector,
}

impl Opened {
    pub(crate) fn accounts(&self) -> Accounts {
        Accounts::of(&self.parts.ordering)
    }

    pub(crate) fn examiner(&self) -> Examiner {
        let Parts { ordering, stateless, .. } = &self.parts;
        let authorities = ordering.authorities.clone();
        Examiner::new(self.inspector.clone(), authorities, *stateless, ordering.clock.clone())
    }

    pub(crate) fn narrator(&self) -> Narrator {
        Narrator { store: self.parts.store.clone(), edges: self.parts.edges.clone() }
    }
}

/// Opens everything. Nothing here needs the network: a daemon starts while its CA and its git host are away.
pub(crate) async fn open(
    config: &Config,
    path: OsString,
    clock: Arc<dyn Clock>,
) -> Result<Opened, OpenError> {
    let state = StateDir::hold(&config.state_dir)?;
    let vault = Vault::open(&config.key_file)?;
    let keys = account_keys(config, &state, &vault)?;
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&state.paths().database()).await?);
    let repositories = repositories(config, &state, &path)?;
    let authorities = authorities(config, &keys, &store.load().await?.accounts)?;
    let used = store.levels().await?;
    authorities.iter().for_each(|authority| authority.recall_used(&used));
    let rules = rules(config, &installation(&*store, &authorities).await?);
    let answers = Answers::new(ANSWERS);
    let publisher = Publisher { store: store.clone(), vault: vault.clone(), clock: clock.clone() };
    let dns = Arc::new(Resolver::new(&config.edges.resolvers)?);
    let inspector =
        Inspector::new(&config.preflight, config.edges.https_port, &dns, (&answers, &clock))
            .map_err(EdgesError::Tls)?;
    let ordering = Ordering {
        authorities,
        store: store.clone(),
        vault,
        answers: answers.clone(),
        clock: clock.clone(),
        caa: dns.clone(),
        whereabouts: whereabouts(config, dns),
        lookout: lookout(&config.preflight, &inspector),
        backoff: config.retry.backoff.clone(),
        deadline: config.orders.deadline,
        reuse_key: config.orders.reuse_key,
    };
    let edges = Edges::new(config.edges.https_port, &config.edges.resolvers)?;
    let edges = Arc::new(edges.with_ours(config.edges.addresses.clone()));
    let parts = Parts {
        watcher: watcher(config, &rules.installation, &edges, (&store, &clock)),
        edges,
        clock,
        store,
        repositories,
        publisher,
        sealing: Sealing::of(config.git.iter().map(|one| (&one.name, &one.seal)), state.paths()),
        ordering: Arc::new(ordering),
        answers,
        stateless: config.challenge.stateless,
        rules,
        concurrency: config.orders.concurrency,
        deletion: config.deletion,
    };
    Ok(Opened { parts, state, inspector })
}

fn watcher(
    config: &Config,
    installation: &str,
    edges: &Arc<Edges>,
    (store, clock): (&Arc<dyn Store>, &Arc<dyn Clock>),
) -> Option<Watcher> {
    let watch = config.edges.watch?;
    Some(Watcher::new(watch, installation, edges.clone(), store.clone(), clock.clone()))
}

fn whereabouts(config: &Config, zone: Arc<dyn AddressZone>) -> Whereabouts {
    let edges = config.edges.addresses.clone();
    Whereabouts { zone, edges, park_after: config.retry.park_after }
}

fn lookout(settings: &PreflightSettings, inspector: &Inspector) -> Option<Lookout> {
    let tries = settings.tries;
    let rigour = match settings.policy {
        PreflightPolicy::Off => return None,
        PreflightPolicy::Warn => Rigour::Warn { tries },
        PreflightPolicy::Enforce => Rigour::Enforce { tries },
    };
    Some(Lookout { onlooker: Arc::new(inspector.clone()), rigour })
}

/// What the renewals of this installation are spread by.
///
/// At the first start that is the thumbprint of its account key, which survives the loss of the state. It is kept, as the key may
/// be changed: with another value every certificate would be due at another time, all those at once that it moves forward. Where
/// both happen, a changed key and a lost state, they are spread anew, which costs no more than that.
async fn installation(
    store: &dyn Store,
    authorities: &[Arc<Authority>],
) -> Result<String, StoreError> {
    let first = authorities.first().map(|authority| authority.keys.keys().current);
    let thumbprint = first.map_or_else(String::new, |key| key.thumbprint().to_string());
    store.installation(&thumbprint).await
}

/// The account keys that are named, each once.
fn account_keys(
    config: &Config,
    state: &StateDir,
    vault: &Vault,
) -> Result<BTreeMap<AccountName, Arc<AccountKeys>>, OpenError> {
    let mut keys = BTreeMap::new();
    for settings in &config.cas {
        let name = settings.account.clone();
        if let Entry::Vacant(place) = keys.entry(name.clone()) {
            place.insert(Arc::new(AccountKeys::open(state.paths(), name, vault)?));
        }
    }
    Ok(keys)
}

fn repositories(
    config: &Config,
    state: &StateDir,
    path: &OsString,
) -> Result<Repositories, OpenError> {
    let each = config.git.iter().map(|settings| repository(settings, state, path.clone()));
    Ok(Repositories::new(each.collect::<Result<_, _>>()?, config.discover.clone()))
}

fn repository(
    settings: &GitSettings,
    state: &StateDir,
    path: OsString,
) -> Result<Repository, OpenError> {
    let mut git = Git::new(&state.paths().git_home(), path, GIT_TIMEOUT);
    if let Some(ssh) = &settings.ssh {
        let ssh = Ssh::new(&ssh.key, &ssh.known_hosts);
        let repository = settings.name.clone();
        git = git.with_ssh(ssh.map_err(|source| OpenError::Ssh { repository, source })?);
    }
    if let Some(https) = &settings.https {
        let https = Https::new(&settings.remote.url, https.clone());
        let repository = settings.name.clone();
        git = git.with_https(https.map_err(|source| OpenError::Https { repository, source })?);
    }
    git.version()?;
    let signing = settings.signing_key.as_deref().map(SigningKey::read).transpose();
    let repository = || settings.name.clone();
    let signing =
        signing.map_err(|source| OpenError::SigningKey { repository: repository(), source })?;
    let dir = state.paths().mirror(&settings.name);
    let mut mirror = Mirror::open(&dir, settings.remote.clone(), git)?.named(repository());
    if let Some(key) = signing {
        info!(repository = %settings.name, key = key.fingerprint(), "commits are signed");
        mirror = mirror.signing_with(key);
    }
    if settings.seal.encryption != Encryption::None {
        mirror = mirror.sealed();
    }
    let batch = Batch { quiet: settings.batch, most: settings.batch_max };
    let habits = Habits { poll: settings.poll, batch };
    let repository = Repository::new(mirror, settings.author.clone(), habits);
    Ok(repository.unsealing(settings.unseal))
}

fn rules(config: &Config, installation: &str) -> Rules {
    let sweep = config.renewal.sweep.unwrap_or_else(|| SweepTime::of(installation));
    Rules {
        policy: Policy { renew_before: config.renewal.renew_before, sweep },
        key_type: config.orders.key_type,
        installation: installation.into(),
    }
}

impl OpenError {
    /// Whether another process holds the state directory, perhaps only for a moment.
    pub(crate) fn is_held(&self) -> bool {
        matches!(self, Self::StateDir(StateDirError::Held { .. }))
    }

    /// Whether a file that the configuration names is at fault.
    pub(crate) fn is_of_configuration(&self) -> bool {
        matches!(
            self,
            Self::Roots { .. }
                | Self::ExternalAccount(_)
                | Self::Ssh { .. }
                | Self::Https { .. }
                | Self::SigningKey { .. }
        )
    }
}

/// Why the daemon's parts could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The state directory.
    #[error(transparent)]
    StateDir(#[from] StateDirError),
    /// The key file.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The account key.
    #[error(transparent)]
    AccountKey(#[from] AccountKeyError),
    /// The account at a CA that is to be bound to another.
    #[error("ca.eab")]
    ExternalAccount(#[from] ExternalAccountError),
    /// The state database.
    #[error("cannot open the state database")]
    Store(#[from] StoreError),
    /// The git binary.
    #[error("cannot use git; nws-certd needs the git binary, 2.39 or newer, in PATH")]
    Git(#[from] GitError),
    /// The mirror.
    #[error("cannot open the mirror of the repository")]
    Mirror(#[from] MirrorError),
    /// The CA's roots.
    #[error("ca.roots: cannot read certificates from {}", file.display())]
    Roots {
        /// The file.
        file: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// TLS towards the CA.
    #[error("cannot set up TLS towards the CA")]
    Pool(#[from] PoolError),
    /// The deploy key or the pinned host keys.
    #[error("git.ssh: {} cannot be reached over ssh", spoken_of(repository))]
    Ssh {
        /// Which, of several.
        repository: RepositoryName,
        /// Why.
        source: SshError,
    },
    /// The token, or the CA of the git host.
    #[error("git.https: {} cannot be reached over https", spoken_of(repository))]
    Https {
        /// Which, of several.
        repository: RepositoryName,
        /// Why.
        source: HttpsError,
    },
    /// The key that commits are signed with.
    #[error("git.signing_key: commits to {} cannot be signed", spoken_of(repository))]
    SigningKey {
        /// Which, of several.
        repository: RepositoryName,
        /// Why.
        source: SigningKeyError,
    },
    /// The resolver of CAA records, and of where names lead.
    #[error("names cannot be looked up before they are ordered for")]
    Resolver(#[from] ResolverError),
    /// The resolver of host names.
    #[error("edges: host names cannot be looked up")]
    Edges(#[from] EdgesError),
}

fn spoken_of(repository: &RepositoryName) -> String {
    if repository.is_only() { "the repository".into() } else { format!("repository {repository}") }
}
