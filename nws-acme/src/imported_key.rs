mod jwk;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use zeroize::Zeroizing;

use crate::{AccountKey, InvalidAccountKey, RsaAccountKey};

/// An account key from a file of another client.
#[derive(Clone, Debug)]
pub enum ImportedKey {
    /// One to go on with as it is.
    P256(AccountKey),
    /// One whose account is to get a P-256 key.
    Rsa(RsaAccountKey),
}

impl ImportedKey {
    /// Reads a PEM text (PKCS#8, or `EC PRIVATE KEY` and `RSA PRIVATE KEY` as lego writes them), or certbot's `private_key.json`
    /// (a JWK, RFC 7518 §6.2.2 and §6.3.2).
    ///
    /// # Errors
    ///
    /// [`InvalidAccountKey`], which names the kind of key where it is one that is not supported.
    pub fn from_file_text(text: &str) -> Result<Self, InvalidAccountKey> {
        if text.trim_start().starts_with('{') { jwk::read(text) } else { from_pem(text) }
    }
}

fn from_pem(text: &str) -> Result<ImportedKey, InvalidAccountKey> {
    if !text.contains("-----BEGIN ") {
        return Err(InvalidAccountKey::Absent);
    }
    // a block of its own kind, or a header inside the block of the older form
    if text.contains("ENCRYPTED") {
        return Err(InvalidAccountKey::Encrypted);
    }
    let read = PrivateKeyDer::from_pem_slice(text.as_bytes()).map(Zeroizing::new);
    match read.as_deref() {
        Ok(PrivateKeyDer::Pkcs1(der)) => {
            RsaAccountKey::from_pkcs1_der(der.secret_pkcs1_der()).map(ImportedKey::Rsa)
        }
        Ok(PrivateKeyDer::Sec1(der)) => from_ecdsa(der.secret_sec1_der()),
        Ok(PrivateKeyDer::Pkcs8(der)) => from_pkcs8(der.secret_pkcs8_der()),
        Ok(_) => Err(InvalidAccountKey::Absent),
        Err(rustls_pki_types::pem::Error::NoItemsFound) => Err(other_block(text)),
        Err(_) => Err(InvalidAccountKey::Damaged { form: "PEM" }),
    }
}

/// What a PEM text holds that has no block of a key we could read.
fn other_block(text: &str) -> InvalidAccountKey {
    let kinds = [
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "a key of SSH"),
        ("-----BEGIN DSA PRIVATE KEY-----", "DSA"),
    ];
    let found = kinds.into_iter().find(|(block, _)| text.contains(block));
    found.map_or(InvalidAccountKey::Absent, |(_, found)| InvalidAccountKey::Kind { found })
}

fn from_pkcs8(der: &[u8]) -> Result<ImportedKey, InvalidAccountKey> {
    if Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).is_ok() {
        return Err(InvalidAccountKey::Kind { found: "Ed25519" });
    }
    match RsaAccountKey::from_pkcs8_der(der) {
        Ok(key) => Ok(ImportedKey::Rsa(key)),
        Err(InvalidAccountKey::Damaged { .. }) => from_ecdsa(der),
        Err(refused) => Err(refused),
    }
}

/// A key of an elliptic curve, in SEC 1 (RFC 5915) or PKCS#8.
fn from_ecdsa(der: &[u8]) -> Result<ImportedKey, InvalidAccountKey> {
    if let Ok(pair) = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
        return from_pair(&pair);
    }
    let others: [(&'static EcdsaSigningAlgorithm, &str); 3] = [
        (&ECDSA_P384_SHA384_FIXED_SIGNING, "ECDSA P-384"),
        (&ECDSA_P521_SHA512_FIXED_SIGNING, "ECDSA P-521"),
        (&ECDSA_P256K1_SHA256_FIXED_SIGNING, "ECDSA secp256k1"),
    ];
    let is_of = |curve| EcdsaKeyPair::from_private_key_der(curve, der).is_ok();
    let found = others.into_iter().find(|(curve, _)| is_of(curve));
    Err(found.map_or(
        InvalidAccountKey::Damaged { form: "a private key of a kind we know" },
        |(_, found)| InvalidAccountKey::Kind { found },
    ))
}

fn from_pair(pair: &EcdsaKeyPair) -> Result<ImportedKey, InvalidAccountKey> {
    let damaged = |_| InvalidAccountKey::Damaged { form: "an ECDSA P-256 key" };
    let der = pair.to_pkcs8v1().map_err(damaged)?;
    AccountKey::from_pkcs8_der(der.as_ref()).map(ImportedKey::P256)
}

#[cfg(test)]
mod tests;
