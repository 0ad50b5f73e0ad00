//! The git host: OpenSSH in front of the bare repository, with a deploy key, as a hosting service has it.
//!
//! Only the daemon comes in here; clusters and developers of a world use the repository directly.

use std::fs::DirBuilder;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::files;
use crate::process::{self, Process, quoted};
use crate::tools::Tools;
use crate::wait::{self, Look};
use crate::world::{Net, PATIENCE};

/// Where Debian's sshd goes when it runs as root and a client has not logged in yet.
const PRIVILEGE_SEPARATION: &str = "/run/sshd";

const HOST_KEY: &str = "host-key";
const ANOTHER_KEY: &str = "another-key";
const DEPLOY_KEY: &str = "deploy-key";
/// Who is let in, and the one program that they run then.
const ADMITTED: &str = "authorized_keys";
const GATEKEEPER: &str = "gatekeeper";

/// What runs, if it is there, between the daemon's call for a push and the first word of the server.
const BEFORE_PUSH: &str = "before-push";

pub(crate) struct GitHost {
    address: SocketAddr,
    user: String,
    keygen: PathBuf,
    folder: PathBuf,
    _process: Process,
}

impl GitHost {
    /// Starts a server that lets one key in, which may read and write repositories and nothing else.
    pub(super) async fn start(tools: &Tools, folder: &Path, net: &Net) -> Result<Self> {
        let (address, folder) = (net.part()?, folder.join("git-host"));
        files::make_folder(&folder)?;
        for name in [HOST_KEY, DEPLOY_KEY] {
            make_key(&tools.openssh.keygen, &folder.join(name)).await?;
        }
        files::write_with_mode(&folder.join(GATEKEEPER), gatekeeper(&tools.git, &folder), 0o755)?;
        let config = folder.join("sshd_config");
        files::write(&config, configuration(&folder, address))?;
        let process = start_server(&tools.openssh.server, &config, address).await?;
        let (keygen, user) = (tools.openssh.keygen.clone(), user().await?);
        let host = Self { address, user, keygen, folder, _process: process };
        host.pin_own_key()?;
        host.admit_deploy_key()?;
        Ok(host)
    }

    /// Where `repository`, a path, is reached.
    pub(crate) fn url(&self, repository: &Path) -> String {
        format!("ssh://{}@{}{}", self.user, self.address, repository.display())
    }

    pub(crate) fn deploy_key(&self) -> PathBuf {
        self.folder.join(DEPLOY_KEY)
    }

    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.folder.join("known_hosts")
    }

    /// Tells the daemon which key this host has.
    pub(crate) fn pin_own_key(&self) -> Result<()> {
        self.pin(HOST_KEY)
    }

    /// Tells the daemon another key, as if somebody stood between it and this host.
    pub(crate) async fn pin_another_key(&self) -> Result<()> {
        make_key(&self.keygen, &self.folder.join(ANOTHER_KEY)).await?;
        self.pin(ANOTHER_KEY)
    }

    fn pin(&self, key: &str) -> Result<()> {
        let (ip, port) = (self.address.ip(), self.address.port());
        files::write(&self.known_hosts(), format!("[{ip}]:{port} {}", self.public(key)?))
    }

    /// Lets the daemon in, for git and nothing else.
    pub(crate) fn admit_deploy_key(&self) -> Result<()> {
        let (gatekeeper, key) = (self.folder.join(GATEKEEPER), self.public(DEPLOY_KEY)?);
        let line = format!(r#"restrict,command="{}" {key}"#, quoted(&gatekeeper));
        files::write(&self.folder.join(ADMITTED), line)
    }

    pub(crate) fn admit_nobody(&self) -> Result<()> {
        files::write(&self.folder.join(ADMITTED), "")
    }

    fn public(&self, key: &str) -> Result<String> {
        files::read(&self.folder.join(format!("{key}.pub")))
    }

    /// Runs a shell script at every push of the daemon, before the server says where its branches are.
    pub(crate) fn before_push(&self, script: &str) -> Result<()> {
        files::write_with_mode(&self.folder.join(BEFORE_PUSH), script, 0o755)
    }
}

async fn make_key(keygen: &Path, path: &Path) -> Result<()> {
    let mut command = process::isolated(keygen);
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "nws-certd world", "-f"]).arg(path);
    process::output(command, PATIENCE).await.map(drop)
}

/// The name of the user that we are: an sshd that is not root can let in nobody else.
async fn user() -> Result<String> {
    let mut command = process::isolated(Path::new("id"));
    command.arg("-un");
    let said = String::from_utf8(process::output(command, PATIENCE).await?)?;
    Ok(said.trim().to_owned())
}

async fn start_server(sshd: &Path, config: &Path, address: SocketAddr) -> Result<Process> {
    if rustix::process::geteuid().is_root() {
        let made = DirBuilder::new().recursive(true).mode(0o755).create(PRIVILEGE_SEPARATION);
        made.with_context(|| format!("cannot make folder {PRIVILEGE_SEPARATION}"))?;
    }
    let mut command = process::isolated(sshd);
    command.args(["-D", "-e", "-f"]).arg(config);
    let mut process = Process::start("sshd", command, &config.with_file_name("sshd.log"))?;
    wait::until("the git host answers", PATIENCE, async || {
        process.check_running()?;
        Ok(Look::from(greeting(address).await))
    })
    .await?;
    Ok(process)
}

async fn greeting(address: SocketAddr) -> Result<()> {
    let mut said = [0; 4];
    TcpStream::connect(address).await?.read_exact(&mut said).await?;
    ensure!(said == *b"SSH-", "{address} does not speak ssh");
    Ok(())
}

/// The one program that the deploy key runs: git's own shell, which knows git's commands only.
fn gatekeeper(git: &Path, folder: &Path) -> String {
    let (git, before) = (quoted(git), quoted(&folder.join(BEFORE_PUSH)));
    format!(
        r#"#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
git-receive-pack*) [ ! -x {before} ] || {before} || exit ;;
esac
exec {git} shell -c "$SSH_ORIGINAL_COMMAND"
"#
    )
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    // Without StrictModes, since the folders above ours are the developer's affair. Git is told to read no configuration but
    // the repository's.
    format!(
        r#"ListenAddress {address}
HostKey "{folder}/{HOST_KEY}"
AuthorizedKeysFile "{folder}/{ADMITTED}"
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
PermitUserRC no
MaxStartups 100
SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
"#
    )
}
