//! Other ACME clients, called as their users do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process;

/// Where a client works.
pub(crate) struct Post<'a> {
    /// The URL of the CA's directory.
    pub(crate) directory: String,
    /// The root that the CA's own certificate leads to.
    pub(crate) roots: PathBuf,
    /// Where the CA's validators are answered.
    pub(crate) challenge: SocketAddr,
    /// What it leaves behind is put below.
    pub(crate) folder: &'a Path,
}

impl Post<'_> {
    /// Where lego leaves what it has made.
    pub(crate) fn lego_folder(&self) -> PathBuf {
        self.folder.join("lego")
    }

    /// Where certbot does.
    pub(crate) fn certbot_folder(&self) -> PathBuf {
        self.folder.join("certbot")
    }
}

/// lego, for one certificate.
pub(crate) fn lego(program: &Path, post: &Post<'_>, hosts: &[&str]) -> Command {
    let mut command = process::isolated(program);
    command.env("LEGO_CA_CERTIFICATES", &post.roots);
    command.args(["--accept-tos", "--email", "ops@nws.example", "--key-type", "ec256"]);
    command.arg("--path").arg(post.lego_folder()).args(["--server", &post.directory]);
    command.args(["--http", "--http.port", &post.challenge.to_string()]);
    for host in hosts {
        command.args(["--domains", host]);
    }
    command.arg("run");
    command
}

/// certbot, for one certificate.
pub(crate) fn certbot(program: &Path, post: &Post<'_>, hosts: &[&str]) -> Command {
    let mut command = process::isolated(program);
    command.env("REQUESTS_CA_BUNDLE", &post.roots);
    command.args(["certonly", "--standalone", "--non-interactive", "--agree-tos"]);
    command.args(["--register-unsafely-without-email", "--key-type", "ecdsa"]);
    command.args(["--server", &post.directory]);
    command.args(["--http-01-address", &post.challenge.ip().to_string()]);
    command.args(["--http-01-port", &post.challenge.port().to_string()]);
    for host in hosts {
        command.args(["--domain", host]);
    }
    for option in ["--config-dir", "--work-dir", "--logs-dir"] {
        command.arg(option).arg(post.certbot_folder());
    }
    command
}
