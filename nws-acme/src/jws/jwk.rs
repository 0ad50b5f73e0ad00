use aws_lc_rs::digest::{SHA256, digest};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use nws_challenge::Thumbprint;
use serde_json::Value;

/// The public half of a key (RFC 7517), in the form whose digest is its thumbprint: the required members alone, in lexical order,
/// without white space (RFC 7638 §3.2 and §3.3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Jwk(Box<str>);

impl Jwk {
    /// Of an uncompressed point of P-256 (65 bytes).
    pub(crate) fn p256(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
        if y.len() != 32 {
            return None;
        }
        let [x, y] = [x, y].map(|half| BASE64_URL_SAFE_NO_PAD.encode(half));
        Some(Self(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).into()))
    }

    /// Of modulus and exponent, big-endian without leading zeros (RFC 7518 §6.3.1).
    pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Self {
        let [n, e] = [modulus, exponent].map(|number| BASE64_URL_SAFE_NO_PAD.encode(number));
        Self(format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#).into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn to_json(&self) -> Value {
        let Ok(value) = serde_json::from_str(&self.0) else {
            unreachable!("base64url between quotes")
        };
        value
    }

    pub(crate) fn thumbprint(&self) -> Thumbprint {
        let text = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, self.0.as_bytes()));
        let Ok(thumbprint) = text.parse() else { unreachable!("32 bytes in base64url") };
        thumbprint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    /// The P-256 point of RFC 7517 appendix A.1.
    #[test]
    fn the_thumbprint_of_a_point_is_that_of_rfc_7638() {
        let x = decoded("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4");
        let y = decoded("4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
        let point = [&[4][..], &x, &y].concat();
        let jwk = Jwk::p256(&point).unwrap();
        assert_eq!(jwk.thumbprint().as_str(), "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s");
        for (case, bytes) in [("short", &point[..64]), ("compressed", &point[1..])] {
            assert_eq!(Jwk::p256(bytes), None, "{case}");
        }
        assert_eq!(Jwk::p256(&[&point[..], &[0]].concat()), None, "long");
    }

    /// RFC 7638 §3.1.
    #[test]
    fn the_thumbprint_of_an_rsa_key_is_that_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
            tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9\
            1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let jwk = Jwk::rsa(&decoded(n), &decoded("AQAB"));
        assert_eq!(jwk.to_json()["n"], n);
        assert_eq!(jwk.thumbprint().as_str(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }
}
