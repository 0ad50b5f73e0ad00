//! Where this workspace lives, and the daemon's binary in it.

use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;

/// For everything at once, from nothing, on a slow machine.
const BUILDING: Duration = Duration::from_secs(3600);

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// Builds `nws-certd` and says where the binary is: beside this one, whatever the target folder is called, and with as much
/// optimization as this one.
pub(crate) async fn build_daemon() -> Result<PathBuf> {
    cargo(&build(&["--quiet", "--package", "nws-certd"])).await?;
    let daemon = target_profile()?.join("nws-certd");
    anyhow::ensure!(
        daemon.is_file(),
        "cargo built nws-certd, yet {} is not there",
        daemon.display()
    );
    Ok(daemon)
}

/// Builds a bench of a crate, as [`build_daemon`] does, and says where it is.
pub(crate) async fn build_bench(package: &str, bench: &str) -> Result<PathBuf> {
    built(&build(&["--package", package, "--bench", bench]), bench).await
}

/// The same with optimization, however this program was built.
pub(crate) async fn build_optimized_bench(package: &str, bench: &str) -> Result<PathBuf> {
    built(&["build", "--release", "--package", package, "--bench", bench], bench).await
}

async fn built(words: &[&str], bench: &str) -> Result<PathBuf> {
    let mut command = process::of_user(Path::new("cargo"));
    command.args(words);
    command.args(["--message-format", "json-render-diagnostics"]).current_dir(root());
    let said = process::output(command, BUILDING).await?;
    let messages = said.split(|byte| *byte == b'\n');
    let made = messages.filter_map(|line| serde_json::from_slice::<Artifact>(line).ok());
    let mut built = made.filter(|artifact| artifact.target.name == bench);
    built.find_map(|artifact| artifact.executable).context("cargo names no bench")
}

/// A line of cargo's, as far as it is about something built.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

fn build<'a>(args: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["build"];
    if !cfg!(debug_assertions) {
        words.push("--release");
    }
    words.extend(args);
    words
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
