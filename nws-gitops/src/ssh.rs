//! What `ssh` is told: one key, pinned host keys, and nothing of whoever's account it runs in.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::files::{self, FileError};
use crate::git::shell_quoted;

/// The deploy key and the host keys with which `git` goes over ssh.
///
/// Both stay in their files and are read by `ssh` alone; only their paths stand in the environment of `git`.
#[derive(Clone, Debug)]
pub struct Ssh {
    key: PathBuf,
    known_hosts: PathBuf,
}

impl Ssh {
    /// Checks that `key` is a file that we can read and others cannot, and that `known_hosts` names at least one host.
    ///
    /// A key of another owner may be readable by our group, as Kubernetes mounts Secrets (`fsGroup`); ssh sees it the same way.
    /// Whether the key has a passphrase or the host's key is the right one shows only when `ssh` runs.
    ///
    /// # Errors
    ///
    /// [`SshError`] names the file and what helps.
    pub fn new(key: &Path, known_hosts: &Path) -> Result<Self, SshError> {
        let (key, known_hosts) = (expressible(key)?, expressible(known_hosts)?);
        files::open_secret(&key)?;
        check_known_hosts(&known_hosts)?;
        Ok(Self { key, known_hosts })
    }

    /// The command line for `GIT_SSH_COMMAND`, which git gives to a shell and adds host and command to.
    ///
    /// The key is an option and not `-i`, which looks for a file of that name before it resolves `%%`.
    pub(crate) fn command(&self) -> OsString {
        let options =
            [option("IdentityFile", &self.key), option("UserKnownHostsFile", &self.known_hosts)];
        let mut command = b"ssh -F /dev/null".to_vec();
        for option in options.into_iter().chain(OPTIONS.map(|option| option.as_bytes().to_vec())) {
            command.extend_from_slice(b" -o ");
            command.extend(shell_quoted(&option));
        }
        OsString::from_vec(command)
    }
}

/// A host that does not answer costs 15 s, a connection that went dead 30 s.
const OPTIONS: [&str; 16] = [
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "BatchMode=yes",
    "PasswordAuthentication=no",
    "KbdInteractiveAuthentication=no",
    "ControlMaster=no",
    "ControlPath=none",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "ConnectTimeout=15",
    "ConnectionAttempts=1",
    "ServerAliveInterval=10",
    "ServerAliveCountMax=3",
];

/// `NAME="PATH"` as ssh_config(5) reads it: quoted for its blanks, and `%` doubled, which would begin a token.
fn option(name: &str, path: &Path) -> Vec<u8> {
    let mut option = format!("{name}=\"").into_bytes();
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'"' | b'\\' => option.extend([b'\\', byte]),
            b'%' => option.extend(b"%%"),
            other => option.push(other),
        }
    }
    option.push(b'"');
    option
}

/// An absolute path that an option of ssh can hold: it replaces `${..}` by variables, with no way to keep it from that.
fn expressible(path: &Path) -> Result<PathBuf, SshError> {
    let absolute = std::path::absolute(path)
        .map_err(|source| FileError::Unreadable { file: path.into(), source })?;
    let bytes = absolute.as_os_str().as_bytes();
    if bytes.windows(2).any(|pair| pair == b"${") || bytes.iter().any(u8::is_ascii_control) {
        return Err(SshError::Path { file: absolute });
    }
    Ok(absolute)
}

fn check_known_hosts(file: &Path) -> Result<(), SshError> {
    const MAX_BYTES: u64 = 1 << 20;
    let bytes = files::read(files::open(file)?, file, MAX_BYTES)?;
    if bytes.split(|&byte| byte == b'\n').any(is_entry) {
        Ok(())
    } else {
        Err(SshError::NoHosts { file: file.into() })
    }
}

/// Host, kind of key and key (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
fn is_entry(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.next().is_some_and(|host| !host.starts_with(b"#")) && words.nth(1).is_some()
}

/// Why ssh would not do with these files.
#[derive(Debug, thiserror::Error)]
pub enum SshError {
    /// One of the files cannot be used at all; ssh does not use a private key that others can read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Without a pinned key every host would be refused.
    #[error(
        "{} names no host; put the git host's key there, as its documentation prints it or as ssh-keyscan shows it to be compared",
        file.display()
    )]
    NoHosts {
        /// The file of known hosts.
        file: PathBuf,
    },
    /// A path that no option of ssh can hold.
    #[error("ssh cannot be given the path {}: it holds ${{ or a control character; rename it", file.as_os_str().display())]
    Path {
        /// The path.
        file: PathBuf,
    },
}

#[cfg(test)]
mod tests;
