//! What is measured: each server with its configuration, on the servers' core.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;
use tokio::net::TcpStream;

use super::CORES;
use crate::files;
use crate::loopback::Network;
use crate::process::{self, Process};
use crate::wait::{self, Look};

pub(super) const THUMBPRINT: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

/// A table of a million takes seconds to fill.
const PATIENCE: Duration = Duration::from_secs(60);

const FEW: usize = 10;
const MANY: usize = 1_000_000;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Ours,
    OursWithMany,
    NginxWithSendfile,
    Nginx,
    Haproxy,
    HaproxyToOurs,
    HaproxyToNginx,
}

impl Kind {
    pub(super) const ALL: [Self; 7] = [
        Self::Ours,
        Self::NginxWithSendfile,
        Self::Haproxy,
        Self::OursWithMany,
        Self::Nginx,
        Self::HaproxyToOurs,
        Self::HaproxyToNginx,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "nws-challenge",
            Self::OursWithMany => "nws-challenge, a million",
            Self::NginxWithSendfile => "nginx, sendfile",
            Self::Nginx => "nginx",
            Self::Haproxy => "HAProxy stateless",
            Self::HaproxyToOurs => "HAProxy to nws-challenge",
            Self::HaproxyToNginx => "HAProxy to nginx",
        }
    }

    /// How many there are to ask for.
    pub(super) fn tokens(self) -> usize {
        if self == Self::OursWithMany { MANY } else { FEW }
    }
}

pub(super) struct Programs {
    pub(super) ours: PathBuf,
    pub(super) nginx: PathBuf,
    pub(super) haproxy: PathBuf,
    pub(super) taskset: PathBuf,
}

/// All of them; those that are not asked do nothing.
pub(super) struct Servers {
    all: Vec<Server>,
    _folder: TempDir,
}

pub(super) struct Server {
    kind: Kind,
    pub(super) url: String,
    _process: Process,
}

impl Servers {
    pub(super) async fn start(programs: &Programs) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let site = Site { programs, folder: folder.path(), network: Network::claim() };
        site.write_bodies()?;
        let mut all = Vec::new();
        let (few, many) = (site.address(1)?, site.address(2)?);
        all.push(site.ours(Kind::Ours, few).await?);
        all.push(site.ours(Kind::OursWithMany, many).await?);
        let (with, without) = (site.address(3)?, site.address(4)?);
        all.push(site.nginx(Kind::NginxWithSendfile, with, "on").await?);
        all.push(site.nginx(Kind::Nginx, without, "off").await?);
        all.push(site.haproxy(Kind::Haproxy, site.address(5)?, &stateless()).await?);
        for (kind, last, to) in [(Kind::HaproxyToOurs, 6, few), (Kind::HaproxyToNginx, 7, without)]
        {
            let edge = format!("    default_backend acme\nbackend acme\n    server acme {to}\n");
            all.push(site.haproxy(kind, site.address(last)?, &edge).await?);
        }
        Ok(Self { all, _folder: folder })
    }

    #[expect(
        clippy::expect_used,
        reason = "`start` makes one of each kind, and nothing takes one away"
    )]
    pub(super) fn of(&self, kind: Kind) -> &Server {
        self.all.iter().find(|server| server.kind == kind).expect("there is one of each kind")
    }
}

fn stateless() -> String {
    format!(
        "    http-request return status 200 content-type text/plain lf-string \"%[path,field(-1,/)].{THUMBPRINT}\" if {{ path_beg /.well-known/acme-challenge/ }}\n"
    )
}

struct Site<'a> {
    programs: &'a Programs,
    folder: &'a Path,
    network: Network,
}

impl Site<'_> {
    fn address(&self, last: u8) -> Result<SocketAddr> {
        let host: IpAddr = self.network.host(last);
        self.network.free_address(host)
    }

    /// What nginx serves.
    fn write_bodies(&self) -> Result<()> {
        for number in 0..FEW {
            let token = format!("{number:043}");
            let path = format!("www/.well-known/acme-challenge/{token}");
            files::write(&self.folder.join(path), format!("{token}.{THUMBPRINT}"))?;
        }
        Ok(())
    }

    async fn ours(&self, kind: Kind, address: SocketAddr) -> Result<Server> {
        let mut command = self.pinned(&self.programs.ours);
        command.args(["http", &address.to_string(), &kind.tokens().to_string(), "1", "512"]);
        self.start(kind, command, address).await
    }

    async fn nginx(&self, kind: Kind, address: SocketAddr, sendfile: &str) -> Result<Server> {
        let folder = self.folder.join(format!("nginx-{sendfile}"));
        let config = folder.join("nginx.conf");
        files::write(&config, nginx_configuration(&folder, self.folder, address, sendfile))?;
        let mut command = self.pinned(&self.programs.nginx);
        command.arg("-e").arg(folder.join("error.log")).arg("-c").arg(&config);
        self.start(kind, command, address).await
    }

    async fn haproxy(&self, kind: Kind, address: SocketAddr, then: &str) -> Result<Server> {
        let config = self.folder.join(format!("{kind:?}.cfg"));
        let mut text = "global\n    nbthread 1\n    maxconn 1000\n".to_owned();
        text.push_str("defaults\n    mode http\n    timeout connect 2s\n    timeout client 30s\n    timeout server 30s\n");
        write!(text, "frontend http\n    bind {address}\n{then}")?;
        files::write(&config, text)?;
        let mut command = self.pinned(&self.programs.haproxy);
        command.args(["-db", "-f"]).arg(&config);
        self.start(kind, command, address).await
    }

    fn pinned(&self, program: &Path) -> Command {
        let mut command = process::isolated(&self.programs.taskset);
        command.args(["--cpu-list", &CORES[0].to_string()]).arg(program);
        command
    }

    async fn start(&self, kind: Kind, command: Command, address: SocketAddr) -> Result<Server> {
        let log = self.folder.join(format!("{kind:?}.log"));
        let mut process = Process::start(kind.name(), command, &log)?;
        wait::until(&format!("{} listens", kind.name()), PATIENCE, async || {
            process.check_running()?;
            let connected = TcpStream::connect(address).await;
            Ok(Look::from(connected.map(drop).context("nobody listens")))
        })
        .await?;
        Ok(Server { kind, url: format!("http://{address}"), _process: process })
    }
}

fn nginx_configuration(folder: &Path, www: &Path, address: SocketAddr, sendfile: &str) -> String {
    // Its workers run as somebody else, who may not read our folder.
    let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let (folder, www) = (folder.display(), www.display());
    format!(
        r"{user}
daemon off;
worker_processes 1;
pid {folder}/pid;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type text/plain;
    sendfile {sendfile};
    tcp_nopush on;
    keepalive_requests 100000000;
    open_file_cache max=1000 inactive=600s;
    open_file_cache_valid 600s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen {address} backlog=1024; root {www}/www; }}
}}
"
    )
}
