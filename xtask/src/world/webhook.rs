//! What the git host tells of pushes, as GitHub does.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::json;

use crate::files;
use crate::http::Http;
use crate::world::PATIENCE;

/// Known to both sides of every world.
const SECRET: &str = "known to both sides of this world";

pub(crate) struct Webhook {
    /// The daemon's listener.
    address: SocketAddr,
    secret_file: PathBuf,
    http: Http,
}

/// How a delivery is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signature {
    Right,
    WithAnotherSecret,
    None,
}

impl Webhook {
    pub(super) fn new(folder: &Path, address: SocketAddr) -> Result<Self> {
        let http = Http::in_clear(PATIENCE);
        let secret_file = folder.join("webhook-secret");
        files::write_with_mode(&secret_file, format!("{SECRET}\n"), 0o600)?;
        Ok(Self { address, secret_file, http })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn secret_file(&self) -> &Path {
        &self.secret_file
    }

    /// Tells the daemon that `branch` was pushed to, and returns what it answers.
    pub(crate) async fn tell(&self, branch: &str, signature: Signature) -> Result<StatusCode> {
        let body = json!({"ref": format!("refs/heads/{branch}"), "deleted": false}).to_string();
        let mut request = Request::post(format!("http://{}/webhook", self.address))
            .header("Content-Type", "application/json")
            .header("X-GitHub-Event", "push");
        if let Some(secret) = signature.secret() {
            request = request.header("X-Hub-Signature-256", signed(secret, &body));
        }
        Ok(self.http.send(request.body(Full::new(Bytes::from(body)))?).await?.status())
    }
}

impl Signature {
    fn secret(self) -> Option<&'static str> {
        match self {
            Self::Right => Some(SECRET),
            Self::WithAnotherSecret => Some("known to one side only, not both"),
            Self::None => None,
        }
    }
}

fn signed(secret: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

#[cfg(test)]
mod tests {
    use super::signed;

    #[test]
    fn bodies_are_signed_as_github_documents_it() {
        assert_eq!(
            signed("It's a Secret to Everybody", "Hello, World!"),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
    }
}
