use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm,
};
use nws_expiry::{InvalidPrivateKey, KeyType, PrivateKey};

/// Makes the key of a certificate. An RSA key of 4096 bits takes seconds of CPU.
///
/// # Errors
///
/// [`KeyGenerationError`] if the machine has no randomness to give.
pub fn generate_key(kind: KeyType) -> Result<PrivateKey, KeyGenerationError> {
    let made = match kind {
        KeyType::EcdsaP256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyType::EcdsaP384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
        KeyType::Rsa2048 => rsa(KeySize::Rsa2048),
        KeyType::Rsa3072 => rsa(KeySize::Rsa3072),
        KeyType::Rsa4096 => rsa(KeySize::Rsa4096),
    };
    made.map_err(|Unspecified| KeyGenerationError::Randomness { kind })?
        .map_err(|source| KeyGenerationError::Unreadable { kind, source })
}

type Made = Result<Result<PrivateKey, InvalidPrivateKey>, Unspecified>;

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> Made {
    let document = EcdsaKeyPair::generate(algorithm)?.to_pkcs8v1()?;
    Ok(PrivateKey::from_pkcs8_der(document.as_ref()))
}

fn rsa(size: KeySize) -> Made {
    let document: Pkcs8V1Der<'_> = RsaKeyPair::generate(size)?.as_der()?;
    Ok(PrivateKey::from_pkcs8_der(document.as_ref()))
}

/// Why no key was made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyGenerationError {
    /// The machine gave none.
    #[error("no {kind} key could be made: the machine gave no randomness")]
    Randomness {
        /// What was asked for.
        kind: KeyType,
    },
    /// The library made something that it cannot read.
    #[error("the {kind} key just made cannot be read")]
    Unreadable {
        /// What was asked for.
        kind: KeyType,
        /// Why.
        source: InvalidPrivateKey,
    },
}
