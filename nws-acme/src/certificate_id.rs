use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use instant_acme::CertificateIdentifier;
use nws_expiry::Leaf;

/// How a certificate is named to its CA (RFC 9773 §4.1): its issuer's key and its serial number.
///
/// Always two parts of base64url text and a dot, so it can stand in a URL path or a log line as it is.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CertificateId {
    issuer: Box<str>,
    serial: Box<str>,
}

impl CertificateId {
    /// Far more than any key identifier or serial number has.
    const LONGEST_PART: usize = 128;

    /// The name of a certificate; `None` if it does not say which key signed it.
    pub fn of(leaf: &Leaf) -> Option<Self> {
        Self::new(leaf.authority_key_id()?, leaf.serial().as_bytes())
    }

    fn new(issuer: &[u8], serial: &[u8]) -> Option<Self> {
        let part = |bytes| checked(BASE64_URL_SAFE_NO_PAD.encode(bytes));
        Some(Self { issuer: part(issuer)?, serial: part(serial)? })
    }

    /// As instant-acme has it in an order.
    pub(crate) fn as_identifier(&self) -> CertificateIdentifier<'_> {
        CertificateIdentifier {
            authority_key_identifier: (&*self.issuer).into(),
            serial: (&*self.serial).into(),
        }
    }
}

/// A part that is base64url text in its one spelling.
fn checked(part: String) -> Option<Box<str>> {
    let fits = (1..=CertificateId::LONGEST_PART).contains(&part.len());
    (fits && BASE64_URL_SAFE_NO_PAD.decode(&part).is_ok()).then(|| part.into())
}

impl FromStr for CertificateId {
    type Err = InvalidCertificateId;

    fn from_str(text: &str) -> Result<Self, InvalidCertificateId> {
        let parts = text.split_once('.');
        parts
            .and_then(|(issuer, serial)| {
                Some(Self { issuer: checked(issuer.into())?, serial: checked(serial.into())? })
            })
            .ok_or_else(|| InvalidCertificateId { found: text.into() })
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.issuer, self.serial)
    }
}

/// A text that names no certificate.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} names no certificate; that is base64url of its issuer's key identifier, a dot, and base64url of its serial number"
)]
pub struct InvalidCertificateId {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, Issuer, KeyIdMethod, KeyPair};

    use super::*;

    /// The example of RFC 9773, appendix A.
    const EXAMPLE: &str = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
    const ISSUER: [u8; 20] = [
        0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40, 0x41, 0xe1, 0xb3, 0x7b, 0x84, 0x7b, 0xa0, 0xae,
        0x2c, 0xde, 0x01, 0xc8, 0xd4,
    ];

    /// A certificate of an issuer with this key identifier.
    fn leaf(issuer: &[u8], serial: &[u8], told: bool) -> Leaf {
        let mut issuing = CertificateParams::default();
        issuing.key_identifier_method = KeyIdMethod::PreSpecified(issuer.into());
        let issuing = Issuer::new(issuing, KeyPair::generate().unwrap());
        let mut params = CertificateParams::new(["a.example".into()]).unwrap();
        params.serial_number = Some(serial.to_vec().into());
        params.use_authority_key_identifier_extension = told;
        let key = KeyPair::generate().unwrap();
        Leaf::from_der(params.signed_by(&key, &issuing).unwrap().der()).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc() {
        let id = CertificateId::of(&leaf(&ISSUER, &[0x87, 0x65, 0x43, 0x21], true)).unwrap();
        assert_eq!(id.to_string(), EXAMPLE);
        assert_eq!(EXAMPLE.parse(), Ok(id));
    }

    #[test]
    fn a_certificate_without_its_issuers_key_has_no_name() {
        assert_eq!(CertificateId::of(&leaf(&ISSUER, &[1], false)), None);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let cases = [
            ("nothing", ""),
            ("one part", "aYhba4dGQEHhs3uEe6CuLN4ByNQ"),
            ("three parts", "aYhb.AIdl.AIdl"),
            ("an empty part", "aYhb."),
            ("padding", "aYg=.AIdl"),
            ("another alphabet", "a+hb.AIdl"),
            ("a path", "../x.AIdl"),
            ("bits that mean nothing", "aYh.AIdl"),
            ("too long", &format!("{}.AIdl", "aYhb".repeat(33))),
        ];
        for (case, text) in cases {
            assert!(text.parse::<CertificateId>().is_err(), "{case}");
        }
        assert_eq!(
            "x".parse::<CertificateId>().unwrap_err().to_string(),
            "\"x\" names no certificate; that is base64url of its issuer's key identifier, a dot, and base64url of its serial number"
        );
    }

    /// The content of the shortest DER integer that is this unsigned number (X.690 §8.3.2).
    fn content(number: &[u8]) -> Vec<u8> {
        let rest: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        match rest.first() {
            Some(0x80..) | None => [vec![0], rest].concat(),
            Some(_) => rest,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_serial_number_is_named_as_its_der_has_it(
            first in prop_oneof![Just(0u8), Just(0x7f), Just(0x80), Just(0xff), any::<u8>()],
            rest in prop::collection::vec(any::<u8>(), 1..19),
            issuer in prop::collection::vec(any::<u8>(), 1..33),
        ) {
            let number = [vec![first], rest].concat();
            let id = CertificateId::of(&leaf(&issuer, &number, true)).unwrap();
            let text = id.to_string();
            let (key, serial) = text.split_once('.').unwrap();
            prop_assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(key).unwrap(), issuer);
            prop_assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(serial).unwrap(), content(&number));
            prop_assert_eq!(text.parse(), Ok(id));
        }
    }
}
