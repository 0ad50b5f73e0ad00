//! An edge: HAProxy on an address of its own, passing challenges on and terminating TLS.

mod runtime;

pub(crate) use runtime::Runtime;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process::{self, Process};
use crate::wait::{self, Look};
use crate::world::{Net, PATIENCE};
use crate::{files, tls};

pub(crate) struct Edge {
    name: String,
    address: IpAddr,
    log: PathBuf,
    _process: Process,
}

impl Edge {
    /// Starts an edge that serves nothing yet, and returns with it the socket to change that at run time.
    pub(super) async fn start(
        haproxy: &Path,
        folder: &Path,
        name: &str,
        net: &Net,
        address: IpAddr,
    ) -> Result<(Self, Runtime)> {
        let folder = folder.join(name);
        let socket = net.network.free_address(address)?;
        let (placeholder, list) = (folder.join("placeholder.pem"), folder.join("crt-list.txt"));
        files::write(&placeholder, runtime::bundle(&tls::placeholder()?))?;
        files::write(&list, format!("{}\n", placeholder.display()))?;
        let config = folder.join("haproxy.cfg");
        files::write(&config, configuration(name, &list, net, address, socket))?;

        let mut command = process::isolated(haproxy);
        command.arg("-db").arg("-f").arg(&config);
        let log = folder.join("haproxy.log");
        let mut process = Process::start(name, command, &log)?;
        let runtime = Runtime::new(name, socket, list, folder);
        wait::until(&format!("{name} answers"), PATIENCE, async || {
            process.check_running()?;
            Ok(Look::from(runtime.check().await))
        })
        .await?;
        Ok((Self { name: name.to_owned(), address, log, _process: process }, runtime))
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// How many challenge requests came in here.
    pub(crate) fn challenges(&self) -> Result<usize> {
        let log = files::read(&self.log)?;
        Ok(log.lines().filter(|line| line.contains("/.well-known/acme-challenge/")).count())
    }
}

fn configuration(
    name: &str,
    list: &Path,
    net: &Net,
    address: IpAddr,
    socket: SocketAddr,
) -> String {
    let Net { challenge, http, https, .. } = net;
    let list = list.display();
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

frontend http
    bind {address}:{http}
    acl acme path_beg /.well-known/acme-challenge/
    http-request redirect scheme https code 301 unless acme
    use_backend nws_certd if acme

frontend https
    bind {address}:{https} ssl crt-list {list}
    http-request return status 200 content-type text/plain lf-string "%[ssl_fc_sni] from {name}\n"

backend nws_certd
    server nws_certd {challenge}
"#
    )
}
