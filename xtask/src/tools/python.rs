//! Packages of Python's index, each in an environment of its own in the target folder.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::tools::debian;
use crate::{process, programs};

/// Makes the environment anew and installs a package, which may name its version, into it.
pub(super) async fn install(environment: &Path, package: &str) -> Result<()> {
    let python = programs::find("python3").context("there is no Python")?;
    if let Err(error) = process::run(virtual_environment(&python, environment)).await {
        if !programs::is_debian() {
            return Err(error.context("Python's venv module is needed"));
        }
        debian::install(&["python3-venv", "ca-certificates"]).await?;
        process::run(virtual_environment(&python, environment)).await?;
    }
    let mut pip = process::of_user(&environment.join("bin/pip"));
    pip.args(["install", "--quiet", package]);
    process::run(pip).await
}

fn virtual_environment(python: &Path, environment: &Path) -> Command {
    let mut command = process::of_user(python);
    command.args(["-m", "venv", "--clear"]).arg(environment);
    command
}
