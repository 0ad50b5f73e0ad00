//! kubesealpy, a library for Python that opens and makes SealedSecrets.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools::python::Package;

/// The tests of nws-gitops look for it by its folder, too (`nws-gitops/tests/it/installed.rs`).
const KUBESEALPY: Package = Package { name: "kubesealpy", release: "1.0.1", program: "kubesealpy" };

/// The Python that has it.
pub(crate) async fn find_or_install() -> Result<PathBuf> {
    Ok(KUBESEALPY.find_or_install().await?.with_file_name("python"))
}
