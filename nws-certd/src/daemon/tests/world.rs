//! A repository, a CA and a state directory, for one daemon after another.

mod accounts;
mod branch;
mod cas;
mod hooks;
mod names;
mod repositories;
mod scout;
mod sealing;
mod settling;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration as StdDuration;

use nws_acme::testing::FakeCa;
use nws_acme::{Ca, Clock, ExternalAccount, Transport};
use nws_challenge::Answers;
use nws_expiry::budget::Limits;
use nws_expiry::{Backoff, KeyType, Policy};
use nws_gitops::{Author, Content, Edit, Git, Message, Mirror, Remote};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

pub(super) use self::cas::Place;
use self::cas::{Zone, quick, validator};
use self::names::Names;
pub(super) use self::repositories::Keys;
pub(super) use self::scout::Preflight;
use self::scout::Scout;
pub(super) use self::sealing::{Controller, certificate, sealed, sops};
use super::stopping::{Cut, Stop, Stopping};
use crate::account::{AccountKeys, AccountName};
use crate::authority::Authority;
use crate::config::{DeletionSettings, Encryption, SealSettings, StatelessAnswers};
use crate::daemon::{Daemon, Look, Parts};
use crate::edges::Edges;
use crate::order::Ordering as Orders;
use crate::plan::Rules;
use crate::publish::Publisher;
use crate::state_dir::StatePaths;
use crate::store::{SqliteStore, Store};
use crate::vault::Vault;

/// One application.
pub(super) const SHOP: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop}
spec: {tls: [{hosts: [shop.example], secretName: shop-tls}]}
";

/// Several applications in one file, as [`SHOP`].
pub(super) fn apps(names: &[&str]) -> String {
    names.iter().map(|name| SHOP.replace("shop", name)).collect::<Vec<_>>().join("---\n")
}

/// Nobody answers there.
const NO_RESOLVER: &str = "127.0.0.1:1";

const QUIET: StdDuration = StdDuration::from_secs(30);

pub(super) struct World {
    dir: tempfile::TempDir,
    pub(super) ca: Arc<FakeCa>,
    /// Another CA, for daemons that have it configured.
    pub(super) second: Arc<FakeCa>,
    configured: Mutex<Vec<Place>>,
    zone: Arc<Zone>,
    names: Arc<Names>,
    scout: Arc<Scout>,
    clock: Arc<TestClock>,
    answers: Answers,
    down: Arc<AtomicBool>,
    /// Whether daemons that start from now on use keys again.
    pub(super) reuse_key: AtomicBool,
    /// What daemons that start from now on know of the limits of the first CA.
    pub(super) limits: Mutex<Limits>,
    /// What daemons that start from now on seal to.
    pub(super) seal: Mutex<SealSettings>,
    /// And in this one of several repositories.
    pub(super) seal_apart: Mutex<Option<(&'static str, SealSettings)>>,
    /// What daemons that start from now on do of what nobody wants.
    pub(super) deletion: Mutex<DeletionSettings>,
    /// The way to the CA.
    pub(super) transport: Arc<dyn Transport>,
    /// Whether daemons that start from now on have several repositories.
    pub(super) several: AtomicBool,
    /// What daemons that start from now on do of keys in clear.
    pub(super) keys: Mutex<Keys>,
    /// Where daemons that start from now on look for edges; nobody answers at first.
    pub(super) edges: Mutex<Arc<Edges>>,
    /// What the account is bound to, if it is.
    pub(super) external_account: Option<ExternalAccount>,
}

/// A clock that only the test moves.
pub(super) struct TestClock(Mutex<OffsetDateTime>);

impl Clock for TestClock {
    fn now(&self) -> OffsetDateTime {
        *self.0.lock().unwrap()
    }
}

impl World {
    pub(super) async fn with(ingress: &str) -> Self {
        Self::living(Duration::days(90), ingress).await
    }

    /// A world whose CA issues certificates that live so long.
    pub(super) async fn living(lifetime: Duration, ingress: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock(Mutex::new(datetime!(2026-03-01 12:00 UTC))));
        let answers = Answers::new(NonZeroUsize::MIN.saturating_add(999));
        let down = Arc::new(AtomicBool::new(false));
        let ca = || {
            let validator = validator(answers.clone(), down.clone());
            FakeCa::with_lifetime(clock.clone(), validator, lifetime)
        };
        let (ca, second) = (ca(), ca());
        second.faults(|faults| faults.caa_identity = Some("second.test".into()));
        let (configured, zone) = (Mutex::new(vec![Place::First]), Arc::default());
        let (transport, external_account, names) = (ca.transport(), None, Arc::default());
        let reuse_key = AtomicBool::new(false);
        let world = Self {
            dir,
            ca,
            second,
            configured,
            zone,
            names,
            scout: Arc::default(),
            clock,
            answers,
            down,
            reuse_key,
            limits: Mutex::new(Limits::NONE),
            seal: Mutex::new(SealSettings { encryption: Encryption::None, recipients: Vec::new() }),
            seal_apart: Mutex::default(),
            deletion: Mutex::default(),
            transport,
            several: AtomicBool::new(false),
            keys: Mutex::default(),
            edges: Mutex::new(Arc::new(Edges::new(443, &[NO_RESOLVER.parse().unwrap()]).unwrap())),
            external_account,
        };
        world.run_git(&["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"]);
        world.somebody_writes("apps/shop/ingress.yaml", ingress);
        world
    }

    pub(super) async fn daemon(&self) -> Daemon {
        let store = Arc::new(SqliteStore::open(&self.database()).await.unwrap());
        self.daemon_with(store).await
    }

    pub(super) async fn daemon_with(&self, store: Arc<dyn Store>) -> Daemon {
        let vault = Vault::open(&self.dir.path().join("key.age")).unwrap();
        let paths = StatePaths::of(self.dir.path());
        let keys = AccountKeys::open(&paths, AccountName::default(), &vault).unwrap();
        let clock: Arc<dyn Clock> = self.clock.clone();
        let policy = Policy { renew_before: None, sweep: "03:00".parse().unwrap() };
        let first = keys.keys().current.thumbprint().to_string();
        let installation = store.installation(&first).await.unwrap();
        let publisher =
            Publisher { store: store.clone(), vault: vault.clone(), clock: clock.clone() };
        let known = store.load().await.unwrap().accounts;
        let keys = Arc::new(keys);
        let configured = self.configured.lock().unwrap().clone();
        let authority = |place: &Place| {
            let ca = Ca::new(self.directory(*place), self.way_to(*place), quick());
            Arc::new(Authority::new(ca, keys.clone(), self.terms(*place), &known))
        };
        let authorities: Vec<_> = configured.iter().map(authority).collect();
        let used = store.levels().await.unwrap();
        authorities.iter().for_each(|authority| authority.recall_used(&used));
        let ordering = Orders {
            authorities,
            caa: self.zone.clone(),
            whereabouts: self.whereabouts(),
            lookout: self.scout.lookout(),
            store: store.clone(),
            vault,
            answers: self.answers.clone(),
            clock: clock.clone(),
            backoff: Backoff::default(),
            deadline: StdDuration::from_secs(900),
            reuse_key: self.reuse_key.load(Ordering::SeqCst),
        };
        Daemon::new(Parts {
            clock,
            store,
            repositories: self.repositories(),
            publisher,
            sealing: self.sealing(&self.names()),
            ordering: Arc::new(ordering),
            answers: self.answers.clone(),
            stateless: StatelessAnswers::Off,
            rules: Rules { policy, key_type: KeyType::EcdsaP256, installation },
            concurrency: NonZeroUsize::MIN.saturating_add(3),
            deletion: *self.deletion.lock().unwrap(),
            edges: self.edges.lock().unwrap().clone(),
            watcher: None,
        })
    }

    /// A daemon whose power goes at a write, and what tells whether it has.
    pub(super) async fn daemon_stopping(&self, stop: Stop, at: usize) -> (Arc<Stopping>, Daemon) {
        let store = Arc::new(SqliteStore::open(&self.database()).await.unwrap());
        let stopping = Arc::new(Stopping::new(store, stop, at));
        (stopping.clone(), self.daemon_with(stopping).await)
    }

    /// Runs a daemon whose power goes at a write, if it is not done before.
    pub(super) async fn run_until_write(&self, stop: Stop, at: usize) -> Cut {
        let (stopping, mut daemon) = self.daemon_stopping(stop, at).await;
        for _ in 0..3 {
            // What fails after the cut is what nobody sees any more.
            let _ = daemon.turn(Look::Asked).await;
            self.run_orders(&mut daemon).await;
            if stopping.cut().happened {
                break;
            }
            self.pass(Duration::try_from(QUIET).unwrap());
        }
        stopping.cut()
    }

    pub(super) async fn daemon_that_cannot_write_after(&self, writes: usize) -> Daemon {
        self.daemon_stopping(Stop::After, writes).await.1
    }

    pub(super) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    pub(super) fn pass(&self, time: Duration) {
        *self.clock.0.lock().unwrap() += time;
    }

    pub(super) fn edges_are_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn database(&self) -> PathBuf {
        self.dir.path().join("state.db")
    }

    fn mirror(&self, name: &str) -> Mirror {
        self.mirror_with(name, path())
    }

    /// Where the daemon finds git: the system's, or a stand-in of [`Self::git_asks`] before it.
    fn search_path(&self) -> std::ffi::OsString {
        let mut dirs = vec![self.dir.path().join("bin")];
        dirs.extend(std::env::split_paths(&path()));
        std::env::join_paths(dirs).unwrap()
    }

    /// From now on the daemon's `git ls-remote` hangs until it is answered, and then fails.
    pub(super) fn git_asks(&self) {
        self.git_asks_of("");
    }

    fn git_asks_of(&self, remote: &str) {
        let (dir, bin) = (self.dir.path().display(), self.dir.path().join("bin"));
        std::fs::create_dir(&bin).unwrap();
        let real =
            std::env::split_paths(&path()).map(|dir| dir.join("git")).find(|git| git.exists());
        let script = format!(
            "case \" $* \" in *' ls-remote '*{remote}*) touch {dir}/asked; until [ -e {dir}/answer ]; do sleep 0.02; done; rm {dir}/asked; exit 1;; esac\nexec {} \"$@\"",
            real.unwrap().display()
        );
        self.script(&bin.join("git"), &script);
    }

    pub(super) fn is_asked(&self) -> bool {
        self.dir.path().join("asked").exists()
    }

    pub(super) fn answer(&self) {
        std::fs::write(self.dir.path().join("answer"), "").unwrap();
    }

    fn mirror_with(&self, name: &str, path: std::ffi::OsString) -> Mirror {
        self.mirror_of("remote.git", name, path)
    }

    fn mirror_of(&self, remote: &str, name: &str, path: std::ffi::OsString) -> Mirror {
        let url = format!("file://{}", self.dir.path().join(remote).display());
        let remote = Remote { url: url.parse().unwrap(), branch: "main".parse().unwrap() };
        let git = Git::new(&self.dir.path().join("home"), path, StdDuration::from_secs(60));
        Mirror::open(&self.dir.path().join(name), remote, git).unwrap()
    }

    /// A commit of another writer, on whatever is there.
    pub(super) fn somebody_writes(&self, file: &str, text: &str) {
        self.writes_with(&self.mirror("theirs"), file, text);
    }

    fn writes_with(&self, theirs: &Mirror, file: &str, text: &str) {
        let tip = theirs.fetch().unwrap();
        let edit = Edit {
            path: file.parse().unwrap(),
            content: Content::Write(text.as_bytes().to_vec().into()),
        };
        let author = Author::new("Somebody", "somebody@example.invalid").unwrap();
        let message = Message::for_deliveries(&[]);
        let commit =
            theirs.commit(&tip, &[edit], &message, &author, self.clock.now()).unwrap().unwrap();
        theirs.push(&commit).unwrap();
    }

    /// Whoever writes a file of the branch again leaves out the lines with this text.
    pub(super) fn somebody_strips(&self, file: &str, of: &str) {
        let text = self.text(file);
        let kept: Vec<_> = text.lines().filter(|line| !line.contains(of)).collect();
        assert!(kept.len() < text.lines().count(), "{text}");
        self.somebody_writes(file, &format!("{}\n", kept.join("\n")));
    }

    /// After a hook has moved the repository away.
    pub(super) fn remote_is_back(&self) {
        let (gone, back) = (self.dir.path().join("gone.git"), self.dir.path().join("remote.git"));
        std::fs::rename(gone, back).unwrap();
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the tests look at the repository with git itself"
    )]
    fn run_git(&self, args: &[&str]) -> String {
        let output = std::process::Command::new("git")
            .args(args)
            .current_dir(self.dir.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests run the git of whoever runs them")]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}
