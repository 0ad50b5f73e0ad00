//! Finding programs on this machine.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where Debian keeps daemons; not on the search path of ordinary users.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

pub(crate) fn find(name: &str) -> Option<PathBuf> {
    folders().into_iter().map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// The search path that started programs get.
pub(crate) fn search_path() -> OsString {
    env::join_paths(folders()).unwrap_or_default()
}

/// Whether this is a system whose packages `apt-get` installs.
pub(crate) fn is_debian() -> bool {
    find("apt-get").is_some() && Path::new("/etc/debian_version").exists()
}

#[expect(clippy::disallowed_methods, reason = "programs are where the search path says")]
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(SYSTEM_FOLDERS.map(PathBuf::from)).collect()
}
