//! Programs that `cargo xtask tools` installs, and this crate's tests judge by.

use std::path::{Path, PathBuf};

/// A program by its place among the tools in the target folder.
pub(crate) fn installed(program: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let program = target.join("tools").join(program);
    assert!(program.is_file(), "{} is missing; run: cargo xtask tools", program.display());
    program
}
