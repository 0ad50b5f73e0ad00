//! Where this workspace lives, and the daemon's binary in it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process;

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Builds `nws-certd` and says where the binary is: beside this one, whatever the target folder is called.
pub(crate) async fn build_daemon() -> Result<PathBuf> {
    cargo(&["build", "--quiet", "--package", "nws-certd"]).await?;
    let daemon = target_profile()?.join("nws-certd");
    anyhow::ensure!(
        daemon.is_file(),
        "cargo built nws-certd, yet {} is not there",
        daemon.display()
    );
    Ok(daemon)
}

/// The target folder, for what tools and worlds keep between runs.
pub(crate) fn target() -> Result<PathBuf> {
    let profile = target_profile()?;
    Ok(profile.parent().context("the target folder has no parent")?.to_owned())
}

/// Runs cargo in the workspace as the developer would, output and all.
pub(crate) async fn cargo(args: &[&str]) -> Result<()> {
    let mut command = process::of_user(Path::new("cargo"));
    command.args(args).current_dir(root());
    process::run(command).await
}

fn target_profile() -> Result<PathBuf> {
    let own = env::current_exe().context("cannot find this program's own path")?;
    Ok(own.parent().context("this program lies in no folder")?.to_owned())
}
