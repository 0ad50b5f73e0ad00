//! Signing commits with an ssh key, as `git verify-commit` checks it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ssh_key::private::KeypairData;
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding, PrivateKey, SshSig};

use crate::files::{self, FileError};

mod rsa;

/// What a signature is for (`namespace` of PROTOCOL.sshsig): git checks for this one.
const NAMESPACE: &str = "git";

/// The private ssh key that commits are signed with: ed25519, ecdsa over P-256 or P-384, or rsa, without a passphrase.
///
/// Whatever its kind, the same commit gets the same signature: ed25519 and RSA's PKCS#1 v1.5 leave nothing to chance, and for
/// ECDSA the nonce is derived from key and message (RFC 6979). It is read once, stays in memory, and is wiped on drop.
#[derive(Clone)]
pub struct SigningKey(Arc<PrivateKey>);

impl SigningKey {
    /// Reads a key as ssh-keygen writes it.
    ///
    /// # Errors
    ///
    /// [`SigningKeyError`] names the file, what is wrong with it, and what helps.
    pub fn read(file: &Path) -> Result<Self, SigningKeyError> {
        const MAX_BYTES: u64 = 64 << 10;
        // Before its mode is looked at: the public half may lie open, and is the likelier mistake.
        if is_public(&files::read(files::open(file)?, file, MAX_BYTES)?) {
            return Err(SigningKeyError::Public { file: file.into() });
        }
        let text = files::read(files::open_secret(file)?, file, MAX_BYTES)?;
        let key = Self(Arc::new(parse(&text).map_err(|why| why.of(file))?));
        // What cannot sign is better known now than when there is a certificate to deliver.
        key.signature(&[]).map_err(|error| Unfit::Damaged(error).of(file))?;
        Ok(key)
    }

    /// The SHA-256 fingerprint, as `ssh-keygen -l` and git hosts show it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The signature of a commit (PROTOCOL.sshsig, armored), as it stands in its `gpgsig` header.
    pub(crate) fn sign(&self, commit: &[u8]) -> Result<String, SignError> {
        let signature = self.signature(commit)?;
        Ok(signature.to_pem(LineEnding::LF)?.trim_end().to_owned())
    }

    fn signature(&self, message: &[u8]) -> Result<SshSig, ssh_key::Error> {
        const HASH: HashAlg = HashAlg::Sha512;
        match self.0.key_data() {
            KeypairData::Rsa(key) => {
                let signature = rsa::sign(key, &SshSig::signed_data(NAMESPACE, HASH, message)?)?;
                SshSig::new(self.0.public_key().key_data().clone(), NAMESPACE, HASH, signature)
            }
            _ => self.0.sign(NAMESPACE, HASH, message),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.fingerprint()).finish()
    }
}

fn is_public(text: &[u8]) -> bool {
    const KINDS: [&[u8]; 4] = [b"ssh-", b"ecdsa-", b"sk-", b"---- BEGIN SSH2 PUBLIC KEY"];
    KINDS.iter().any(|kind| text.starts_with(kind))
}

fn parse(text: &[u8]) -> Result<PrivateKey, Unfit> {
    let holds = |words: &[u8]| text.windows(words.len()).any(|window| window == words);
    if !holds(b"PRIVATE KEY-----") {
        return Err(Unfit::NoKey);
    }
    if !holds(b"BEGIN OPENSSH PRIVATE KEY") {
        return Err(Unfit::Format);
    }
    let key = PrivateKey::from_openssh(text).map_err(Unfit::Damaged)?;
    match key.algorithm() {
        _ if key.is_encrypted() => Err(Unfit::Passphrase),
        Algorithm::Ed25519
        | Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 | EcdsaCurve::NistP384 }
        | Algorithm::Rsa { .. } => Ok(key),
        other => Err(Unfit::Kind(other.to_string())),
    }
}

/// What is wrong with the content of a file.
enum Unfit {
    NoKey,
    Format,
    Damaged(ssh_key::Error),
    Passphrase,
    Kind(String),
}

impl Unfit {
    fn of(self, file: &Path) -> SigningKeyError {
        let file = file.to_owned();
        match self {
            Self::NoKey => SigningKeyError::NoKey { file },
            Self::Format => SigningKeyError::Format { file },
            Self::Damaged(source) => SigningKeyError::Damaged { file, source },
            Self::Passphrase => SigningKeyError::Passphrase { file },
            Self::Kind(kind) => SigningKeyError::Kind { file, kind },
        }
    }
}

/// Why commits cannot be signed with what is in a file.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file cannot be used at all.
    #[error(transparent)]
    File(#[from] FileError),
    /// The other half of a key.
    #[error("{} is a public key; name the file of the private one, mostly the same without .pub", file.display())]
    Public {
        /// The file.
        file: PathBuf,
    },
    /// Something else.
    #[error("{0} holds no private key; make one with: ssh-keygen -t ed25519 -N \"\" -f {0}", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// A key as openssl writes it.
    #[error(
        "{0} holds a private key, but not as OpenSSH writes it; turn it into one with: ssh-keygen -p -N \"\" -f {0}",
        file.display()
    )]
    Format {
        /// The file.
        file: PathBuf,
    },
    /// Cut off, or mistyped.
    #[error("the private key in {} is damaged; copy it again", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What cannot be read.
        source: ssh_key::Error,
    },
    /// Nobody is there to type it.
    #[error("the private key in {0} has a passphrase; take it away with: ssh-keygen -p -N \"\" -f {0}", file.display())]
    Passphrase {
        /// The file.
        file: PathBuf,
    },
    /// DSA, P-521 (whose signatures would differ each time), or in a security token that has to be touched.
    #[error("the private key in {} is of the kind {kind}; use ed25519, ecdsa (256 or 384 bits) or rsa", file.display())]
    Kind {
        /// The file.
        file: PathBuf,
        /// Its algorithm.
        kind: String,
    },
}

/// The key signs nothing.
#[derive(Debug, thiserror::Error)]
#[error("the signing key cannot sign")]
pub struct SignError(#[from] ssh_key::Error);

#[cfg(test)]
mod tests;
