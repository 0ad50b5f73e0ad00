//! Tests that need a process of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Tells a process what it plays on; absent in the one that runs all tests.
const VARIABLE: &str = "NWS_GITOPS_APART";

/// What [`again`] told this process, if it began it.
pub(crate) fn told() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "whether this is the process of one test")]
    std::env::var_os(VARIABLE).map(PathBuf::from)
}

/// Runs one test again, alone in another process, behind a command that begins it.
pub(crate) fn again(test: &str, behind: &[OsString], tell: &Path) -> Output {
    let tests = std::env::current_exe().unwrap().into_os_string();
    let args = ["--exact", test, "--nocapture"].map(OsString::from);
    let words = [behind, &[tests], &args].concat();
    #[expect(clippy::disallowed_methods, reason = "the process of one test")]
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env(VARIABLE, tell).output().unwrap()
}

/// That the test was run there, and passed.
pub(crate) fn check(output: &Output) {
    let said = said(output);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Both streams of a process.
pub(crate) fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|stream| String::from_utf8_lossy(stream)).concat()
}
