//! certbot, which is measured, and taken over from.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::python::Package;

const CERTBOT: Package = Package { name: "certbot", release: "5.8.0", program: "certbot" };

/// The release in the target folder, installed there if it is missing.
pub(crate) async fn find_or_install() -> Result<PathBuf> {
    CERTBOT.find_or_install().await
}
