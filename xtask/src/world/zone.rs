//! The zone `example`, as the daemon finds it where DNS is to be strict: a signed one, behind a resolver that validates.
//!
//! The CA goes on asking its own DNS server, which knows neither signatures nor names that do not exist.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tokio::net::TcpStream;

use crate::process::{self, Process};
use crate::wait::{self, Look};
use crate::world::{Net, PATIENCE};
use crate::{files, tools};

/// What is known for longer than this is asked for again.
const TTL: u32 = 1;

/// unbound, which reads the zone from a file, and trusts the key of `ldns-keygen` that `ldns-signzone` signs it with.
pub(crate) struct Zone {
    unbound: PathBuf,
    folder: PathBuf,
    address: SocketAddr,
    key: String,
    process: Process,
}

impl Zone {
    /// Starts it with no name in it.
    pub(super) async fn start(folder: &Path, net: &Net) -> Result<Self> {
        let folder = folder.join("zone");
        files::make_folder(&folder)?;
        let address = net.network.free_dns_address(net.network.host(1))?;
        let key = make_key(&folder).await?;
        files::write(&folder.join("unbound.conf"), configuration(&folder, &key, address))?;
        files::write(&folder.join("served"), sign(&folder, &key, &[]).await?)?;
        let unbound = tools::unbound().await?;
        let process = run(&unbound, &folder)?;
        let mut zone = Self { unbound, folder, address, key, process };
        zone.wait_until_up().await?;
        Ok(zone)
    }

    async fn wait_until_up(&mut self) -> Result<()> {
        wait::until("unbound answers", PATIENCE, async || {
            self.process.check_running()?;
            let connected = TcpStream::connect(self.address).await;
            Ok(Look::from(connected.map(drop).map_err(Into::into)))
        })
        .await
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has the host in it, at these addresses.
    pub(crate) async fn has(&mut self, host: &str, addresses: &[IpAddr]) -> Result<()> {
        let text = sign(&self.folder, &self.key, &lines(host, addresses)).await?;
        self.serve(&text).await
    }

    /// The same, but somebody has signed it while the host was elsewhere, and not again.
    pub(crate) async fn has_unsigned(&mut self, host: &str, addresses: &[IpAddr]) -> Result<()> {
        let elsewhere = IpAddr::from([192, 0, 2, 1]);
        let before = sign(&self.folder, &self.key, &lines(host, &[elsewhere])).await?;
        let (was, is) =
            (format!("A\t{elsewhere}\n"), addresses.iter().map(|at| format!("A\t{at}\n")));
        let (head, tail) = before.split_once(&was).context("the host is not in the signed zone")?;
        let owner = head.rsplit('\n').next().unwrap_or_default();
        let records: Vec<_> = is.collect();
        self.serve(&format!("{head}{}{tail}", records.join(owner))).await
    }

    /// Begins anew with this zone, and with nothing remembered of the one before.
    async fn serve(&mut self, text: &str) -> Result<()> {
        files::write(&self.folder.join("served"), text)?;
        self.process.kill();
        self.process = run(&self.unbound, &self.folder)?;
        self.wait_until_up().await
    }
}

fn run(unbound: &Path, folder: &Path) -> Result<Process> {
    let mut command = process::isolated(unbound);
    command.arg("-d").arg("-c").arg(folder.join("unbound.conf"));
    Process::start("unbound", command, &folder.join("unbound.log"))
}

fn lines(host: &str, addresses: &[IpAddr]) -> Vec<String> {
    addresses.iter().map(|address| format!("{host}. A {address}\n")).collect()
}

/// Gives the name that the files of the key begin with.
async fn make_key(folder: &Path) -> Result<String> {
    let mut command = process::isolated(&tools::ldns("ldns-keygen").await?);
    command.args(["-a", "ECDSAP256SHA256", "-k", "example"]).current_dir(folder);
    let name = String::from_utf8(process::output(command, PATIENCE).await?)?;
    Ok(name.trim().to_owned())
}

/// The zone with these lines, signed.
async fn sign(folder: &Path, key: &str, lines: &[String]) -> Result<String> {
    let apex = format!(
        "$TTL {TTL}\nexample. SOA ns.example. hostmaster.example. 1 3600 600 86400 {TTL}\nexample. NS ns.example.\nns.example. A 127.0.0.1\n"
    );
    files::write(&folder.join("unsigned"), apex + &lines.concat())?;
    let mut command = process::isolated(&tools::ldns("ldns-signzone").await?);
    command.args(["-o", "example", "-f", "signed", "unsigned", key]).current_dir(folder);
    process::output(command, PATIENCE).await?;
    files::read(&folder.join("signed"))
}

fn configuration(folder: &Path, key: &str, address: SocketAddr) -> String {
    let (folder, ip, port) = (folder.display(), address.ip(), address.port());
    format!(
        r#"server:
    directory: "{folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    logfile: ""
    do-daemonize: no
    num-threads: 1
    interface: {ip}@{port}
    access-control: 127.0.0.0/8 allow
    module-config: "validator iterator"
    trust-anchor-file: "{key}.ds"
remote-control:
    control-enable: no
auth-zone:
    name: "example"
    zonefile: "served"
    for-downstream: no
    for-upstream: yes
    fallback-enabled: no
"#
    )
}
