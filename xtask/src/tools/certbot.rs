//! certbot, which is measured, and taken over from.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::tools::{python, say};
use crate::workspace;

const RELEASE: &str = "5.8.0";

/// The release in the target folder, installed there if it is missing.
pub(crate) async fn find_or_install() -> Result<PathBuf> {
    let environment = workspace::target()?.join("tools").join(format!("certbot-{RELEASE}"));
    let certbot = environment.join("bin/certbot");
    if !certbot.is_file() {
        say(&format!("installing the Python package certbot {RELEASE} into the target folder"));
        python::install(&environment, &format!("certbot=={RELEASE}")).await?;
        ensure!(certbot.is_file(), "package certbot brought no certbot");
    }
    Ok(certbot)
}
