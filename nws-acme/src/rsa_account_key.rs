use std::fmt;
use std::sync::Arc;

use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use nws_challenge::Thumbprint;

use crate::InvalidAccountKey;
use crate::der::numbers;
use crate::jws::{Jwk, SigningKey};

/// The RSA key of an account that another client made; good only for giving the account a P-256 key
/// ([`Ca::take_over`](crate::Ca::take_over)).
#[derive(Clone)]
pub struct RsaAccountKey {
    pair: Arc<KeyPair>,
    jwk: Jwk,
    thumbprint: Thumbprint,
}

impl RsaAccountKey {
    pub(crate) fn from_pkcs8_der(der: &[u8]) -> Result<Self, InvalidAccountKey> {
        Self::new(KeyPair::from_pkcs8(der), "an RSA key in PKCS#8")
    }

    pub(crate) fn from_pkcs1_der(der: &[u8]) -> Result<Self, InvalidAccountKey> {
        Self::new(KeyPair::from_der(der), "an RSA key in PKCS#1")
    }

    fn new(
        pair: Result<KeyPair, KeyRejected>,
        form: &'static str,
    ) -> Result<Self, InvalidAccountKey> {
        let pair = pair.map_err(|rejected| match rejected.to_string().as_str() {
            "TooSmall" => InvalidAccountKey::Kind { found: "RSA of fewer than 2048 bits" },
            "TooLarge" => InvalidAccountKey::Kind { found: "RSA of more than 8192 bits" },
            _ => InvalidAccountKey::Damaged { form },
        })?;
        let public = numbers(pair.public_key().as_ref());
        let Some([modulus, exponent]) = public.as_deref() else {
            return Err(InvalidAccountKey::Damaged { form });
        };
        let jwk = Jwk::rsa(modulus, exponent);
        let thumbprint = jwk.thumbprint();
        Ok(Self { pair: Arc::new(pair), jwk, thumbprint })
    }

    /// The SHA-256 thumbprint of its public half (RFC 7638).
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }
}

impl SigningKey for RsaAccountKey {
    fn algorithm(&self) -> &'static str {
        "RS256"
    }

    fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input, &mut signature)?;
        Ok(signature)
    }
}

impl fmt::Debug for RsaAccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaAccountKey")
            .field("thumbprint", &self.thumbprint)
            .finish_non_exhaustive()
    }
}
