//! HAProxy or nginx, running with what it was told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use nws_challenge::{EdgeConfig, EdgeProgram};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::world::{PATIENCE, Peer, Response};

/// Where Debian has daemons, and people what they install themselves.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An address and a folder for one edge alone: no port on it is taken by anybody else meanwhile.
pub(super) struct Loopback {
    listen: SocketAddr,
    folder: tempfile::TempDir,
}

impl Loopback {
    pub(super) fn claim() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        // Clear of 127.0.0.1, and of the addresses that xtask's worlds take (127.16.0.0 and up).
        let second = u8::try_from(std::process::id() % 14).unwrap() + 2;
        let third = u8::try_from(std::process::id() / 14 % 256).unwrap();
        let address = Ipv4Addr::new(127, second, third, NEXT.fetch_add(1, Ordering::Relaxed));
        let listener = std::net::TcpListener::bind((address, 0)).unwrap();
        Self { listen: listener.local_addr().unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// Writes a file, and says where it is.
    pub(super) fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// It ends when this is dropped.
pub(super) struct Edge {
    address: SocketAddr,
    _running: Child,
}

impl Edge {
    /// Has the program check the text, which has to be without a warning, and runs it.
    pub(super) async fn start(program: EdgeProgram, edge: &EdgeConfig, at: &Loopback) -> Self {
        let (mut check, run) = match program {
            EdgeProgram::Haproxy => haproxy(&at.file("haproxy.cfg", &edge.text())),
            EdgeProgram::Nginx => nginx(at, &edge.text()),
        };
        let checked = check.output().await.unwrap_or_else(|error| missing(program, &error));
        let said = String::from_utf8_lossy(&checked.stderr);
        let is_clean = checked.status.success() && !said.contains("[warn]");
        assert!(is_clean, "{program:?}: {said}\n{}", edge.text());
        let mut running = started(run);
        answers(at.listen, &mut running).await;
        Self { address: at.listen, _running: running }
    }

    pub(super) async fn get(&self, path: &str) -> Response {
        self.get_of("edge.example", path).await
    }

    pub(super) async fn get_of(&self, host: &str, path: &str) -> Response {
        let mut peer = Peer::to(self.address).await;
        peer.send(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
            .await;
        peer.receive_all().await
    }
}

/// The text alone: it needs no `defaults`.
fn haproxy(file: &str) -> (Command, Command) {
    let (mut check, mut run) = (program("haproxy"), program("haproxy"));
    // -dW: a warning is an error.
    check.args(["-dW", "-c", "-f", file]);
    run.args(["-dW", "-db", "-f", file]);
    (check, run)
}

fn nginx(at: &Loopback, text: &str) -> (Command, Command) {
    let folder = at.path().to_str().unwrap();
    let snippet = at.file("snippet.conf", text);
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {folder}/{name};\n"))
        .concat();
    let around = format!(
        "daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{ worker_connections 64; }}\nhttp {{\n    access_log off;\n{temporary}    include {snippet};\n}}\n"
    );
    let file = at.file("nginx.conf", &around);
    let (mut check, mut run) = (program("nginx"), program("nginx"));
    check.args(["-t", "-p", folder, "-c", &file]);
    // One process, so that it is one that ends.
    run.args(["-p", folder, "-c", &file, "-g", "master_process off;"]);
    (check, run)
}

#[expect(clippy::disallowed_methods, reason = "the judge is the edge, not the code under test")]
fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("PATH", PATH).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn started(mut command: Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn missing(program: EdgeProgram, error: &std::io::Error) -> ! {
    panic!("cannot run {program:?} ({error}); run: cargo xtask tools")
}

async fn answers(address: SocketAddr, running: &mut Child) {
    let answered = async {
        while TcpStream::connect(address).await.is_err() {
            assert_eq!(running.try_wait().unwrap(), None, "it ended");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.unwrap();
}
