//! Flux's way: `sops` decrypts what a cluster has an age identity for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use age::secrecy::ExposeSecret;
use age::x25519;
use anyhow::{Result, ensure};

use crate::files;
use crate::process;

/// Bounds one decryption.
const LIMIT: Duration = Duration::from_secs(20);

/// The age identity of a cluster, with the program that uses it.
pub(crate) struct Decryption {
    sops: PathBuf,
    identity: PathBuf,
    recipient: String,
}

impl Decryption {
    /// Makes an identity, which is kept in `folder`.
    pub(super) fn generate(sops: &Path, folder: &Path) -> Result<Self> {
        let (key, identity) = (x25519::Identity::generate(), folder.join("cluster.agekey"));
        files::write_with_mode(&identity, format!("{}\n", key.to_string().expose_secret()), 0o600)?;
        Ok(Self { sops: sops.to_owned(), identity, recipient: key.to_public().to_string() })
    }

    /// `age1...`
    pub(crate) fn recipient(&self) -> &str {
        &self.recipient
    }

    /// The text of a manifest, decrypted if `sops` encrypted it.
    ///
    /// # Errors
    ///
    /// If this cluster is no recipient, or the text was changed.
    pub(super) async fn open(&self, text: String) -> Result<String> {
        if !is_encrypted(&text) {
            return Ok(text);
        }
        let mut command = process::isolated(&self.sops);
        command.env("SOPS_AGE_KEY_FILE", &self.identity);
        command.args(["--decrypt", "--input-type", "yaml", "--output-type", "yaml", "/dev/stdin"]);
        let ended = process::fed(command, text.as_bytes(), LIMIT).await?;
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(ended.status.success(), "sops does not open it: {}", said.trim());
        Ok(String::from_utf8(ended.stdout)?)
    }
}

/// As Flux tells it: by the block that `sops` adds.
fn is_encrypted(text: &str) -> bool {
    text.lines().any(|line| line == "sops:" || line == "\"sops\":")
}
