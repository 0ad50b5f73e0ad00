//! Packages of Python's index, each in an environment of its own in the target folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::tools::{debian, say};
use crate::{process, programs, workspace};

/// A release of a package, for the program that it brings.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) release: &'static str,
    pub(super) program: &'static str,
}

impl Package {
    /// The program in the target folder, installed there if it is missing. Its folder is called after it and the release.
    pub(super) async fn find_or_install(&self) -> Result<PathBuf> {
        let Self { name, release, program } = self;
        let environment = workspace::target()?.join("tools").join(format!("{program}-{release}"));
        let path = environment.join("bin").join(program);
        if !path.is_file() {
            say(&format!("installing the Python package {name} {release} into the target folder"));
            install(&environment, &format!("{name}=={release}")).await?;
            ensure!(path.is_file(), "package {name} brought no {program}");
        }
        Ok(path)
    }
}

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
