//! HAProxy's runtime socket: certificates are loaded and replaced without a reload.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::files;
use crate::tls::Identity;

/// Bounds one command.
const LIMIT: Duration = Duration::from_secs(5);

pub(crate) struct Runtime {
    edge: String,
    socket: SocketAddr,
    list: PathBuf,
    folder: PathBuf,
    loaded: BTreeSet<PathBuf>,
}

impl Runtime {
    pub(super) fn new(edge: &str, socket: SocketAddr, list: PathBuf, folder: PathBuf) -> Self {
        Self { edge: edge.to_owned(), socket, list, folder, loaded: BTreeSet::new() }
    }

    /// Serves a certificate from now on, under all its names, in place of what was loaded as `name` before.
    pub(crate) async fn load(&mut self, name: &str, identity: &Identity) -> Result<()> {
        let file = self.folder.join(format!("{name}.pem"));
        files::write(&file, bundle(identity))?;
        // Also those that are replaced later, for the search for keys.
        files::append(&self.folder.join("keys-of-all.pem"), identity.key.as_bytes())?;
        let path = file.display();
        let known = self.loaded.contains(&file);
        if !known {
            // It is already there if an earlier attempt got no further.
            self.expect(
                &format!("new ssl cert {path}\n"),
                &["New empty certificate", "already exists"],
            )
            .await?;
        }
        self.expect(&format!("set ssl cert {path} <<\n{}\n", bundle(identity)), &["ransaction"])
            .await?;
        if let Err(error) = self.expect(&format!("commit ssl cert {path}\n"), &["Success"]).await {
            // There is one transaction for all certificates, and the next is not to find it open.
            self.command(&format!("abort ssl cert {path}\n")).await?;
            return Err(error);
        }
        if !known {
            self.expect(
                &format!("add ssl crt-list {} {path}\n", self.list.display()),
                &["Success"],
            )
            .await?;
            self.loaded.insert(file);
        }
        Ok(())
    }

    /// Serves the certificate that was loaded as `name` no more.
    pub(crate) async fn unload(&mut self, name: &str) -> Result<()> {
        let file = self.folder.join(format!("{name}.pem"));
        if self.loaded.remove(&file) {
            let (list, path) = (self.list.display(), file.display());
            self.expect(&format!("del ssl crt-list {list} {path}\n"), &["deleted"]).await?;
            self.expect(&format!("del ssl cert {path}\n"), &["deleted"]).await?;
        }
        Ok(())
    }

    async fn expect(&self, command: &str, successes: &[&str]) -> Result<()> {
        let said = self.command(command).await?;
        let first = command.lines().next().unwrap_or_default();
        ensure!(
            successes.iter().any(|success| said.contains(success)),
            "{} refused `{first}`: {}",
            self.edge,
            said.trim()
        );
        Ok(())
    }

    async fn command(&self, command: &str) -> Result<String> {
        let exchange = async {
            let mut socket = TcpStream::connect(self.socket).await?;
            socket.write_all(command.as_bytes()).await?;
            let mut said = String::new();
            socket.read_to_string(&mut said).await?;
            std::io::Result::Ok(said)
        };
        let said = tokio::time::timeout(LIMIT, exchange)
            .await
            .context("the runtime socket does not answer")?;
        said.with_context(|| format!("cannot talk to {}'s runtime socket", self.edge))
    }
}

/// Key and chain as HAProxy reads them; no empty lines, since one would end a command's payload.
pub(super) fn bundle(identity: &Identity) -> String {
    let lines = identity
        .key
        .lines()
        .chain(identity.certificate.lines())
        .filter(|line| !line.trim().is_empty());
    lines.fold(String::new(), |text, line| text + line + "\n")
}

#[cfg(test)]
mod tests {
    use super::bundle;
    use crate::tls::Identity;

    #[test]
    fn a_bundle_is_key_and_chain_without_empty_lines() {
        let identity = Identity { certificate: "leaf\n\nissuer\n".into(), key: "key\n\n".into() };
        assert_eq!(bundle(&identity), "key\nleaf\nissuer\n");
    }
}
