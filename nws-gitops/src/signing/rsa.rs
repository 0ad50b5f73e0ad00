//! Signing with RSA, which ssh-key 0.6 leaves to others: it takes one of the two primes for both.

use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha512;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use rsa::{BigUint, RsaPrivateKey};
use ssh_key::private::RsaKeypair;
use ssh_key::{Algorithm, Error, HashAlg, Mpint, Signature};

/// RSASSA-PKCS1-v1_5 with SHA-512 (`rsa-sha2-512`, RFC 8332).
///
/// The random numbers blind the computation, so that its time says nothing of the key; the signature is the same whatever they are.
pub(super) fn sign(key: &RsaKeypair, message: &[u8]) -> Result<Signature, Error> {
    let signing = SigningKey::<Sha512>::new(private(key)?);
    let made = signing.try_sign_with_rng(&mut OsRng, message).map_err(|_| Error::Crypto)?;
    Signature::new(Algorithm::Rsa { hash: Some(HashAlg::Sha512) }, made.to_vec())
}

fn private(key: &RsaKeypair) -> Result<RsaPrivateKey, Error> {
    let primes = vec![number(&key.private.p)?, number(&key.private.q)?];
    let (n, e) = (number(&key.public.n)?, number(&key.public.e)?);
    RsaPrivateKey::from_components(n, e, number(&key.private.d)?, primes).map_err(|_| Error::Crypto)
}

fn number(number: &Mpint) -> Result<BigUint, Error> {
    number.as_positive_bytes().map(BigUint::from_bytes_be).ok_or(Error::Crypto)
}
