//! How a scenario is run.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;
use tokio::time::{Instant, timeout};

use crate::e2e::scenario::Scenario;
use crate::world::Programs;
use crate::{files, leaks, workspace};

/// Bounds a scenario that hangs; the longest takes four minutes.
const LIMIT: Duration = Duration::from_secs(600);

/// How a scenario went.
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    pub(crate) took: Duration,
    pub(crate) result: Result<String, Failed>,
}

/// Why a scenario failed, and where to look.
pub(crate) struct Failed {
    pub(crate) error: anyhow::Error,
    /// What the scenario left behind.
    pub(crate) folder: PathBuf,
    /// Whether a private key may be in that, so that nothing of it is shown.
    pub(crate) has_key: bool,
}

impl Scenario {
    /// Plays the scenario. Its folder is deleted if it succeeds, and kept if it fails.
    pub(crate) async fn try_out(&self, programs: &Programs) -> Outcome {
        let begun = Instant::now();
        let result = self.play_in_folder(programs).await;
        Outcome { name: self.name, took: begun.elapsed(), result }
    }

    async fn play_in_folder(&self, programs: &Programs) -> Result<String, Failed> {
        let folder = world_folder(self.name).map_err(|error| Failed {
            error,
            folder: PathBuf::new(),
            has_key: false,
        })?;
        let played = timeout(LIMIT, (self.play)(programs, folder.path())).await;
        let played =
            played.unwrap_or_else(|_| Err(anyhow!("still not done after {} s", LIMIT.as_secs())));
        let told = match played {
            Ok(told) => told,
            Err(error) => return Err(Failed { error, folder: folder.keep(), has_key: false }),
        };
        match leaks::check(&programs.tools.git, folder.path()).await {
            Ok(()) => Ok(told),
            Err(error) => Err(Failed { error, folder: folder.keep(), has_key: true }),
        }
    }
}

/// A folder for a world, deleted with its owner. Its name is short, since the daemon's control socket lies in it and
/// socket paths end at 108 bytes.
pub(crate) fn world_folder(name: &str) -> Result<TempDir> {
    let worlds = workspace::target()?.join("xtask");
    files::make_folder(&worlds)?;
    let folder = tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(&worlds);
    folder.with_context(|| format!("cannot make a folder in {}", worlds.display()))
}
