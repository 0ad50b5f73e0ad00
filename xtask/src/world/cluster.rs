//! A cluster: follows the repository and hands its Secrets to its edge, as Fleet and an ingress controller would.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::interval;
use tokio_util::task::AbortOnDropHandle;

use crate::world::edge::{Edge, Runtime};
use crate::world::manifest::TlsSecret;
use crate::world::repository::{Blob, Repository};

/// How often the branch is looked at; Fleet's default is 15 s, which nobody here wants to wait for.
const LOOK: Duration = Duration::from_millis(200);

pub(crate) struct Cluster {
    edge: Edge,
    _applying: AbortOnDropHandle<()>,
}

impl Cluster {
    /// Applies a folder of the repository to the edge from now on; what it does and what goes wrong stands in `log`.
    pub(crate) fn start(
        edge: Edge,
        runtime: Runtime,
        (repository, tree): (Repository, &'static str),
        log: &Path,
    ) -> Result<Self> {
        let log = File::create(log).with_context(|| format!("cannot create {}", log.display()))?;
        let applier = Applier { runtime, repository, tree, applied: BTreeMap::new(), log };
        Ok(Self { edge, _applying: AbortOnDropHandle::new(tokio::spawn(applier.follow())) })
    }

    pub(crate) fn edge(&self) -> &Edge {
        &self.edge
    }
}

struct Applier {
    runtime: Runtime,
    repository: Repository,
    /// The folder that is applied.
    tree: &'static str,
    /// What was last applied: blob by path.
    applied: BTreeMap<String, String>,
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
                // Tried again at the next look: the other certificates do not wait for a broken one to change.
                Err(error) => self.note_once(&mut said, format!("{error:#}")),
            }
        }
    }

    async fn catch_up(&mut self, done: &str) -> Result<String> {
        let tip = self.repository.tip()?;
        if tip != done {
            self.apply(&tip).await.with_context(|| format!("cannot apply {tip}"))?;
        }
        Ok(tip)
    }

    async fn apply(&mut self, tip: &str) -> Result<()> {
        let mut outcome = Ok(());
        for Blob { path, id } in self.repository.list(tip, self.tree).await? {
            if self.applied.get(&path) == Some(&id) {
                continue;
            }
            match self.apply_manifest(&id).await.with_context(|| path.clone()) {
                Ok(()) => drop(self.applied.insert(path, id)),
                Err(error) => outcome = Err(error),
            }
        }
        outcome
    }

    async fn apply_manifest(&mut self, blob: &str) -> Result<()> {
        if let Some(secret) = TlsSecret::read(&self.repository.show(blob).await?)? {
            let name = format!("{}_{}", secret.namespace, secret.name);
            self.runtime.load(&name, &secret.identity).await?;
            self.note(&format!("loaded {name}"));
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
        if let Err(error) = writeln!(self.log, "{} {text}", crate::clock::now()) {
            eprintln!("cannot write a cluster's log: {error}");
        }
    }
}
