use std::convert::Infallible;
use std::fmt;

use aws_lc_rs::hmac::{self, HMAC_SHA256};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::Engine as _;
use base64::{DecodeError, alphabet};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::jws::{Jwk, flattened};

/// An account that the CA knows from elsewhere, to which ours is bound (RFC 8555 §7.3.4).
///
/// The key is wiped when the value goes; `Debug` does not show it.
#[derive(Clone)]
pub struct ExternalAccount {
    kid: Box<str>,
    key: Zeroizing<Vec<u8>>,
}

impl ExternalAccount {
    /// Takes the key id and the HMAC key as the CA shows them, the key in base64url with or without padding.
    ///
    /// # Errors
    ///
    /// [`InvalidExternalAccount`], which shows nothing of the key.
    pub fn new(kid: &str, key: &str) -> Result<Self, InvalidExternalAccount> {
        if kid.is_empty() {
            return Err(InvalidExternalAccount::NoKid);
        }
        if key.is_empty() {
            return Err(InvalidExternalAccount::NoKey { kid: kid.into() });
        }
        match BASE64_URL.decode(key) {
            Ok(key) => Ok(Self { kid: kid.into(), key: Zeroizing::new(key) }),
            Err(DecodeError::InvalidByte(at, _)) => {
                Err(InvalidExternalAccount::Character { kid: kid.into(), at })
            }
            Err(
                DecodeError::InvalidLength(_)
                | DecodeError::InvalidLastSymbol(..)
                | DecodeError::InvalidPadding,
            ) => Err(InvalidExternalAccount::Incomplete { kid: kid.into() }),
        }
    }

    /// The id of the key, which the CA chose.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What binds an account key, in a request to `url` (newAccount).
    pub(crate) fn bind(&self, url: &str, account_key: &Jwk) -> Value {
        let header = json!({ "alg": "HS256", "kid": self.kid, "url": url });
        let key = hmac::Key::new(HMAC_SHA256, &self.key);
        let Ok(jws) = flattened(&header, account_key.as_str(), |input| {
            Ok::<_, Infallible>(hmac::sign(&key, input).as_ref().to_vec())
        });
        jws
    }
}

const BASE64_URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl fmt::Debug for ExternalAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalAccount").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// Why there is no [`ExternalAccount`]. Says nothing of the key.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidExternalAccount {
    /// An empty key id.
    #[error("the key id of the external account is empty; copy it from the CA")]
    NoKid,
    /// An empty key.
    #[error("the HMAC key of external account {kid:?} is empty; copy it from the CA")]
    NoKey {
        /// The key id.
        kid: Box<str>,
    },
    /// Not the alphabet: plain base64 or hex with a prefix, a space, a line break.
    #[error(
        "the HMAC key of external account {kid:?} is not base64url, see its character {}; copy it from the CA again (letters, digits, - and _)",
        at + 1
    )]
    Character {
        /// The key id.
        kid: Box<str>,
        /// The position of the first such byte; the first is 0.
        at: usize,
    },
    /// The end is missing.
    #[error(
        "the HMAC key of external account {kid:?} is not whole base64url; copy it from the CA again"
    )]
    Incomplete {
        /// The key id.
        kid: Box<str>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_base64url() {
        let kid = || "kid-1".into();
        let cases = [
            (
                "as shown",
                "kid-1",
                "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W",
                Ok(()),
            ),
            ("padded", "kid-1", "c2VjcmV0LXNlY3JldA==", Ok(())),
            ("without padding", "kid-1", "c2VjcmV0LXNlY3JldA", Ok(())),
            ("no key id", "", "c2VjcmV0", Err(InvalidExternalAccount::NoKid)),
            ("no key", "kid-1", "", Err(InvalidExternalAccount::NoKey { kid: kid() })),
            (
                "plain base64",
                "kid-1",
                "ab+/",
                Err(InvalidExternalAccount::Character { kid: kid(), at: 2 }),
            ),
            (
                "a line break",
                "kid-1",
                "c2VjcmV0\n",
                Err(InvalidExternalAccount::Character { kid: kid(), at: 8 }),
            ),
            (
                "cut off",
                "kid-1",
                "c2VjcmV0L",
                Err(InvalidExternalAccount::Incomplete { kid: kid() }),
            ),
        ];
        for (case, kid, key, want) in cases {
            assert_eq!(ExternalAccount::new(kid, key).map(drop), want, "{case}");
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        let account = ExternalAccount::new("kid-1", "c2VjcmV0").unwrap();
        assert_eq!(format!("{account:?}"), r#"ExternalAccount { kid: "kid-1", .. }"#);
        let said = ExternalAccount::new("kid-1", "sec ret").unwrap_err().to_string();
        assert_eq!(
            said,
            r#"the HMAC key of external account "kid-1" is not base64url, see its character 4; copy it from the CA again (letters, digits, - and _)"#
        );
    }
}
