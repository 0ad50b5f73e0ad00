//! A cluster: follows the repository and hands its Secrets to its edge, as Fleet or Flux and an ingress controller would.

mod flux;
mod live;
mod release;
mod sealed_secrets;
mod tree;

pub(crate) use flux::Decryption;
pub(crate) use live::{Absence, Refusal};
pub(crate) use sealed_secrets::{Bits, Controller};

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::time::interval;
use tokio_util::task::AbortOnDropHandle;

use crate::clock;
use crate::tools::{self, Tools};
use crate::world::Net;
use crate::world::daemon::PublicKey;
use crate::world::edge::{Edge, Runtime};
use crate::world::manifest::{Object, Reference, SealedSecret, SecretName, TlsSecret};
use crate::world::repository::Repository;

use live::Live;
use release::{Pruning, Release};
use tree::Tree;

/// How often the branch is looked at; Fleet's default is 15 s, which nobody here wants to wait for.
const LOOK: Duration = Duration::from_millis(200);

/// How long after it could not be applied whole: what a cluster cannot open costs a process each time.
const PAUSE: Duration = Duration::from_secs(1);

/// What a cluster applies, and what it opens.
#[derive(Clone, Copy)]
pub(crate) struct ClusterSettings {
    /// The folder of the repository that it applies; of another repository as `name:folder`.
    pub(crate) tree: &'static str,
    /// The group it is in; bundles for other groups are not applied.
    pub(crate) group: &'static str,
    pub(crate) opens: Opens,
}

/// What runs in a cluster to open what is encrypted.
#[derive(Clone, Copy)]
pub(crate) enum Opens {
    /// Nothing.
    Plain,
    /// The sealed-secrets controller.
    SealedSecrets(Bits),
    /// The same, with the key of an earlier cluster, as operators have it who want one file for several clusters.
    SealedSecretsWithKeyOf(usize),
    /// Flux, in place of Fleet.
    Sops,
}

impl ClusterSettings {
    /// Fleet, with nothing to open what is encrypted.
    pub(crate) const USUAL: Self = Self::applying("certs/");

    pub(crate) const fn applying(tree: &'static str) -> Self {
        Self { tree, group: "default", opens: Opens::Plain }
    }
}

pub(crate) struct Cluster {
    edge: Edge,
    agent: Agent,
    live: Arc<Mutex<Live>>,
    is_stalled: Arc<AtomicBool>,
    _applying: AbortOnDropHandle<()>,
}

/// What opens a cluster's Secrets.
#[derive(Clone)]
enum Agent {
    None,
    SealedSecrets(Arc<Controller>),
    Flux(Arc<Decryption>),
}

impl Agent {
    async fn start(
        opens: Opens,
        (tools, folder, net): (&Tools, &Path, &Net),
        earlier: &[Cluster],
    ) -> Result<Self> {
        Ok(match opens {
            Opens::Plain => Self::None,
            Opens::SealedSecretsWithKeyOf(cluster) => {
                earlier.get(cluster).context("there is no such cluster yet")?.agent.clone()
            }
            Opens::SealedSecrets(bits) => Self::SealedSecrets(Arc::new(
                Controller::start(&tools.openssl, folder, bits, net.part()?).await?,
            )),
            Opens::Sops => {
                Self::Flux(Arc::new(Decryption::generate(&tools::sops().await?, folder)?))
            }
        })
    }

    fn pruning(&self) -> Pruning {
        match self {
            Self::None | Self::SealedSecrets(_) => Pruning::Helm,
            Self::Flux(_) => Pruning::Flux,
        }
    }

    /// Reads a manifest as this cluster applies it: a SealedSecret stays closed.
    async fn read(&self, text: String) -> Result<Option<Object>> {
        match self {
            Self::None | Self::SealedSecrets(_) => Object::read(&text),
            Self::Flux(decryption) => Object::read(&decryption.open(text).await?),
        }
    }

    async fn unseal(&self, sealed: &SealedSecret) -> Result<TlsSecret> {
        match self {
            Self::SealedSecrets(controller) => controller.open(sealed).await,
            Self::None | Self::Flux(_) => bail!("there is no controller for SealedSecrets"),
        }
    }
}

impl Cluster {
    /// Applies its folder of the repository to the edge from now on; what it does and what goes wrong stands in a log in
    /// `folder`.
    pub(super) async fn start(
        (tools, folder, net): (&Tools, &Path, &Net),
        (edge, runtime): (Edge, Runtime),
        repository: Repository,
        (tree, settings): (&str, ClusterSettings),
        earlier: &[Self],
    ) -> Result<Self> {
        let log = folder.join(format!("cluster-of-{}.log", edge.name()));
        let log = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let agent =
            Agent::start(settings.opens, (tools, &folder.join(edge.name()), net), earlier).await?;
        let (live, is_stalled) = (Arc::default(), Arc::default());
        let applier = Applier {
            runtime,
            tree: Tree::new(repository, tree, settings.group),
            agent: agent.clone(),
            release: Release::new(agent.pruning()),
            live: Arc::clone(&live),
            is_stalled: Arc::clone(&is_stalled),
            log,
        };
        let applying = AbortOnDropHandle::new(tokio::spawn(applier.follow()));
        Ok(Self { edge, agent, live, is_stalled, _applying: applying })
    }

    pub(crate) fn edge(&self) -> &Edge {
        &self.edge
    }

    pub(crate) fn edge_mut(&mut self) -> &mut Edge {
        &mut self.edge
    }

    /// From now on nothing is applied here, as where an agent hangs; or all is again.
    pub(crate) fn stall(&self, is_stalled: bool) {
        self.is_stalled.store(is_stalled, Ordering::Relaxed);
    }

    /// What is encrypted for it.
    pub(super) fn public_key(&self) -> PublicKey {
        match &self.agent {
            Agent::None => PublicKey::None,
            Agent::SealedSecrets(controller) => PublicKey::Sealing {
                certificate_file: controller.certificate_file(),
                controller: controller.url(),
            },
            Agent::Flux(decryption) => PublicKey::Age(decryption.recipient().to_owned()),
        }
    }

    /// # Errors
    ///
    /// If no sealed-secrets controller runs here.
    pub(crate) fn controller(&self) -> Result<&Controller> {
        match &self.agent {
            Agent::SealedSecrets(controller) => Ok(controller),
            Agent::None | Agent::Flux(_) => {
                bail!("{} has no sealed-secrets controller", self.edge.name())
            }
        }
    }

    /// # Errors
    ///
    /// If this is no cluster of Flux's.
    pub(crate) fn decryption(&self) -> Result<&Decryption> {
        match &self.agent {
            Agent::Flux(decryption) => Ok(decryption),
            Agent::None | Agent::SealedSecrets(_) => bail!("{} has no Flux", self.edge.name()),
        }
    }

    /// Opens a manifest as it would if it were its own.
    ///
    /// # Errors
    ///
    /// If it does not open here, or is no TLS Secret.
    pub(crate) async fn open(&self, text: String) -> Result<TlsSecret> {
        match self.agent.read(text).await?.context("it is no TLS Secret")? {
            Object::Secret(secret) => Ok(secret),
            Object::Sealed(sealed) => self.agent.unseal(&sealed).await,
        }
    }

    /// How many Secrets here are those of SealedSecrets.
    pub(crate) fn owned(&self) -> usize {
        locked(&self.live).owned()
    }

    /// Every time in which a Secret that had been here was not.
    pub(crate) fn absences(&self) -> Vec<Absence> {
        locked(&self.live).absences().to_vec()
    }

    /// The SealedSecrets that came to nothing here.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        locked(&self.live).refusals().to_vec()
    }
}

fn locked(live: &Mutex<Live>) -> MutexGuard<'_, Live> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Applier {
    runtime: Runtime,
    tree: Tree,
    agent: Agent,
    release: Release,
    live: Arc<Mutex<Live>>,
    is_stalled: Arc<AtomicBool>,
    log: File,
}

impl Applier {
    async fn follow(mut self) {
        let (mut done, mut said) = (String::new(), String::new());
        let mut look = interval(LOOK);
        loop {
            look.tick().await;
            match self.catch_up(&done).await {
                Ok(tip) => done = tip,
                // Tried again: the other certificates do not wait for a broken one to change.
                Err(error) => {
                    self.note_once(&mut said, format!("{error:#}"));
                    look.reset_after(PAUSE);
                }
            }
        }
    }

    async fn catch_up(&mut self, done: &str) -> Result<String> {
        let tip = self.tree.repository().tip()?;
        if self.is_stalled.load(Ordering::Relaxed) {
            return Ok(done.to_owned());
        }
        if tip != done {
            self.apply(&tip).await.with_context(|| format!("cannot apply {tip}"))?;
        }
        Ok(tip)
    }

    async fn apply(&mut self, tip: &str) -> Result<()> {
        let files = self.tree.files(tip).await?;
        let outcome = self.apply_changed(&files).await;
        let paths: BTreeSet<_> = files.iter().map(|file| file.blob.path.as_str()).collect();
        for object in self.release.prune(&paths) {
            self.delete(&object).await?;
        }
        outcome?;
        // What went although another bundle has it comes back, as drift that is corrected.
        self.apply_changed(&files).await
    }

    async fn apply_changed(&mut self, files: &[tree::File]) -> Result<()> {
        let mut outcome = Ok(());
        for file in files.iter().filter(|file| !self.release.has(&file.blob)).collect::<Vec<_>>() {
            if let Err(error) = self.apply_file(file).await {
                outcome = Err(error.context(file.blob.path.clone()));
            }
        }
        outcome
    }

    async fn apply_file(&mut self, tree::File { blob, bundle }: &tree::File) -> Result<()> {
        let object = self.agent.read(self.tree.repository().show(&blob.id).await?).await?;
        match &object {
            Some(Object::Secret(secret)) => {
                self.load(secret).await?;
                locked(&self.live).applied(&secret.name, &secret.annotations, clock::now());
            }
            Some(Object::Sealed(sealed)) => self.reconcile(sealed).await?,
            None => {}
        }
        match self.release.note(blob, bundle, object.as_ref()) {
            Some(gone) => self.delete(&gone).await,
            None => Ok(()),
        }
    }

    /// What the controller makes of a SealedSecret; what it cannot open is as good as applied.
    async fn reconcile(&mut self, sealed: &SealedSecret) -> Result<()> {
        match self.unseal(sealed).await {
            Ok(secret) => {
                self.load(&secret).await?;
                locked(&self.live).opened(&secret.name, &secret.annotations, clock::now());
            }
            Err(error) => {
                let reason = format!("{error:#}");
                self.note(&format!("left {} as it was: {reason}", sealed.name));
                locked(&self.live).refused(&sealed.name, reason);
            }
        }
        Ok(())
    }

    async fn unseal(&self, sealed: &SealedSecret) -> Result<TlsSecret> {
        let secret = self.agent.unseal(sealed).await?;
        locked(&self.live).check_ownership(&secret.name)?;
        Ok(secret)
    }

    async fn load(&mut self, secret: &TlsSecret) -> Result<()> {
        let name = name_at_edge(&secret.name);
        self.runtime.load(&name, &secret.identity).await?;
        self.note(&format!("loaded {name}"));
        Ok(())
    }

    async fn delete(&mut self, object: &Reference) -> Result<()> {
        let gone = locked(&self.live).deleted(object, clock::now());
        if let Some(name) = gone.map(|name| name_at_edge(&name)) {
            self.note(&format!("unloaded {name}"));
            self.runtime.unload(&name).await?;
        }
        Ok(())
    }

    fn note_once(&mut self, said: &mut String, text: String) {
        if *said != text {
            self.note(&text);
            *said = text;
        }
    }

    fn note(&mut self, text: &str) {
        if let Err(error) = writeln!(self.log, "{} {text}", clock::now()) {
            eprintln!("cannot write a cluster's log: {error}");
        }
    }
}

fn name_at_edge(SecretName { namespace, name }: &SecretName) -> String {
    format!("{namespace}_{name}")
}
