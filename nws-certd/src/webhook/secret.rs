//! What the git host signs with.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use zeroize::Zeroizing;

use crate::private_file::{Private, read_private};

/// The fewest bytes of a secret: 128 bits, if all of them are random.
const LEAST: usize = 16;

/// What GitLab's signing tokens begin with (Standard Webhooks); base64 of the key follows.
const SIGNING_TOKEN: &[u8] = b"whsec_";

/// The secret that the git host and the daemon share.
///
/// Its text is wiped once it is read; the keys made of it are wiped by aws-lc when they are dropped.
#[derive(Clone)]
pub(crate) struct WebhookSecret {
    key: hmac::Key,
    /// The tag of the secret itself, which the same secret sent in clear has too; of equal length whatever is sent.
    own: hmac::Tag,
    standard: Option<hmac::Key>,
}

impl WebhookSecret {
    /// Reads it from a file; one line end after it is no part of it.
    ///
    /// # Errors
    ///
    /// [`WebhookSecretError`] if the file cannot be read, others may read it, or it holds no secret that is worth the name.
    pub(crate) fn read(path: &Path) -> Result<Self, WebhookSecretError> {
        let file = PathBuf::from(path);
        let bytes = match read_private(path) {
            Ok(Private::Bytes(bytes)) => bytes,
            Ok(Private::Exposed { mode }) => {
                return Err(WebhookSecretError::Exposed { file, mode });
            }
            Err(source) => return Err(WebhookSecretError::Unusable { file, source }),
        };
        let line = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        Self::new(line.strip_suffix(b"\r").unwrap_or(line))
            .map_err(|source| WebhookSecretError::Unfit { file, source })
    }

    pub(super) fn new(secret: &[u8]) -> Result<Self, UnfitSecret> {
        if secret.len() < LEAST {
            return Err(UnfitSecret::TooShort { len: secret.len() });
        }
        if secret.iter().any(u8::is_ascii_control) {
            return Err(UnfitSecret::Lines);
        }
        let standard = match secret.strip_prefix(SIGNING_TOKEN) {
            None => None,
            Some(text) => {
                let key = BASE64_STANDARD.decode(text).map_err(|_| UnfitSecret::SigningToken)?;
                Some(hmac::Key::new(HMAC_SHA256, &Zeroizing::new(key)))
            }
        };
        let key = hmac::Key::new(HMAC_SHA256, secret);
        Ok(Self { own: hmac::sign(&key, secret), key, standard })
    }

    /// The HMAC-SHA256 of a body, as GitHub, Gitea, Forgejo and Gogs make it.
    pub(super) fn tag(&self, body: &[u8]) -> hmac::Tag {
        hmac::sign(&self.key, body)
    }

    /// Whether this is the secret itself; the time taken depends on the length of `token` alone.
    pub(super) fn is(&self, token: &[u8]) -> bool {
        verify_slices_are_equal(self.tag(token).as_ref(), self.own.as_ref()).is_ok()
    }

    /// The tag of Standard Webhooks over identity, time and body; `None` unless the secret is a signing token.
    pub(super) fn standard_tag(
        &self,
        id: &[u8],
        timestamp: &[u8],
        body: &[u8],
    ) -> Option<hmac::Tag> {
        let mut context = hmac::Context::with_key(self.standard.as_ref()?);
        for part in [id, b".", timestamp, b".", body] {
            context.update(part);
        }
        Some(context.sign())
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecret").finish_non_exhaustive()
    }
}

/// Why there is no webhook secret.
#[derive(Debug, thiserror::Error)]
pub enum WebhookSecretError {
    /// It cannot be read.
    #[error("cannot read the webhook secret {}; it must exist and be readable by the user nws-certd runs as", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner may read or write it.
    #[error("the webhook secret {0} is open to others (mode {mode:04o}); run: chmod 600 {0}", file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// What it holds.
    #[error("the webhook secret {} cannot be used", file.display())]
    Unfit {
        /// The file.
        file: PathBuf,
        /// Why.
        source: UnfitSecret,
    },
}

/// Why bytes are no webhook secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnfitSecret {
    /// It can be guessed.
    #[error("it has {len} bytes, fewer than {LEAST}; make one with: openssl rand -hex 32")]
    TooShort {
        /// Its bytes.
        len: usize,
    },
    /// No git host takes one like this.
    #[error("it has more than one line, or control characters; write the secret alone")]
    Lines,
    /// A signing token of GitLab that was cut off or mistyped.
    #[error(
        "it begins with whsec_ as GitLab's signing tokens do, but what follows is no base64; copy the token again"
    )]
    SigningToken,
}

#[cfg(test)]
mod tests;
