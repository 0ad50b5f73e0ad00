//! An edge: HAProxy on an address of its own, passing challenges on and terminating TLS.

mod runtime;

pub(crate) use runtime::Runtime;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Result;
use tokio::net::TcpStream;

use crate::process::{self, Process};
use crate::wait::{self, Look};
use crate::world::{Net, PATIENCE, Programs};
use crate::{files, tls};

pub(crate) struct Edge {
    name: String,
    address: IpAddr,
    listen: SocketAddr,
    /// What HAProxy is told besides what becomes of challenges.
    around: String,
    haproxy: PathBuf,
    nws_certd: PathBuf,
    config: PathBuf,
    log: PathBuf,
    process: Process,
}

impl Edge {
    /// Starts an edge that serves nothing yet and asks the daemon for challenges, and returns with it the socket to change at run time what is
    /// served.
    pub(super) async fn start(
        programs: &Programs,
        folder: &Path,
        name: &str,
        net: &Net,
        address: IpAddr,
    ) -> Result<(Self, Runtime)> {
        let Programs { tools, nws_certd } = programs;
        let folder = folder.join(name);
        let socket = net.network.free_address(address)?;
        let (placeholder, list) = (folder.join("placeholder.pem"), folder.join("crt-list.txt"));
        files::write(&placeholder, runtime::bundle(&tls::placeholder()?))?;
        files::write(&list, format!("{}\n", placeholder.display()))?;
        let (config, log) = (folder.join("haproxy.cfg"), folder.join("haproxy.log"));
        let (around, listen) =
            (around(name, &list, net, address, socket), (address, net.http).into());
        let asks = told(nws_certd, &asking(net.challenge), name, listen).await?;
        files::write(&config, format!("{around}\n{asks}"))?;
        let process = run(&tools.haproxy, name, &config, &log)?;
        let (haproxy, nws_certd, name) =
            (tools.haproxy.clone(), nws_certd.clone(), name.to_owned());
        let runtime = Runtime::new(&name, socket, list, folder);
        let mut edge =
            Self { name, address, listen, around, haproxy, nws_certd, config, log, process };
        edge.wait_until_up().await?;
        Ok((edge, runtime))
    }

    /// Restarts the edge with another way to answers, as `edge-config` writes it when told these words. What it serves is lost.
    pub(crate) async fn answer_by(&mut self, words: &[&str]) -> Result<()> {
        let asks = told(&self.nws_certd, words, &self.name, self.listen).await?;
        self.answer_with(&asks).await
    }

    /// Restarts the edge as one that gives the same page for whatever it is asked. What it serves is lost.
    pub(crate) async fn answer_with_a_page(&mut self) -> Result<()> {
        let page = "http-request return status 200 content-type text/html string \"<title>Welcome</title>\"";
        self.answer_with(&format!("frontend site\n    bind {}\n    {page}\n", self.listen)).await
    }

    async fn answer_with(&mut self, asks: &str) -> Result<()> {
        files::write(&self.config, format!("{}\n{asks}", self.around))?;
        self.process.kill();
        self.process = run(&self.haproxy, &self.name, &self.config, &self.log)?;
        self.wait_until_up().await
    }

    async fn wait_until_up(&mut self) -> Result<()> {
        let listen = self.listen;
        wait::until(&format!("{} answers", self.name), PATIENCE, async || {
            self.process.check_running()?;
            Ok(Look::from(TcpStream::connect(listen).await.map(drop).map_err(Into::into)))
        })
        .await
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// All that HAProxy is told.
    pub(crate) fn told(&self) -> Result<String> {
        files::read(&self.config)
    }

    /// How many challenge requests came in here.
    pub(crate) fn challenges(&self) -> Result<usize> {
        let log = files::read(&self.log)?;
        Ok(log.lines().filter(|line| line.contains("/.well-known/acme-challenge/")).count())
    }
}

/// The words that have an edge ask the daemon.
fn asking(challenge: SocketAddr) -> Vec<String> {
    ["haproxy", "--backend"].map(str::to_owned).into_iter().chain([challenge.to_string()]).collect()
}

/// What `edge-config` writes for an edge.
async fn told(
    nws_certd: &Path,
    words: &[impl AsRef<std::ffi::OsStr>],
    name: &str,
    listen: SocketAddr,
) -> Result<String> {
    let mut command = process::isolated(nws_certd);
    command.arg("edge-config").args(words);
    command.args(["--edge", name, "--listen", &listen.to_string()]);
    Ok(String::from_utf8(process::output(command, PATIENCE).await?)?)
}

fn run(haproxy: &Path, name: &str, config: &Path, log: &Path) -> Result<Process> {
    let mut command = process::isolated(haproxy);
    command.arg("-db").arg("-f").arg(config);
    Process::start(name, command, log)
}

fn around(name: &str, list: &Path, net: &Net, address: IpAddr, socket: SocketAddr) -> String {
    let (https, list) = (net.https, list.display());
    format!(
        r#"global
    log stdout format raw local0 info
    stats socket ipv4@{socket} level admin

defaults
    mode http
    log global
    option httplog
    timeout connect 2s
    timeout client 10s
    timeout server 10s

frontend https
    bind {address}:{https} ssl crt-list {list}
    http-request return status 200 content-type text/plain lf-string "%[ssl_fc_sni] from {name}\n"
"#
    )
}
