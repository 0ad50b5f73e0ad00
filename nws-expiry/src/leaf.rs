//! What a certificate says of itself.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::digest::{SHA256, digest};
use time::{Duration, OffsetDateTime};
use x509_cert::certificate::{CertificateInner, Raw, TbsCertificateInner};
use x509_cert::der::{self, Decode, Encode};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectAltName};
use x509_cert::name::Name;
use x509_cert::spki::ObjectIdentifier;

use crate::{DnsName, DnsNames, KeyType, NoNames, Validity};

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// The facts of one end-entity certificate, read from its DER and believed over any note beside it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leaf {
    names: Option<DnsNames>,
    foreign_names: usize,
    validity: Validity,
    serial: Serial,
    /// Its DER: few ask for the text, which takes longer to write than all the rest to read.
    issuer: Box<[u8]>,
    authority_key_id: Option<Box<[u8]>>,
    fingerprint: Fingerprint,
    public_key: Box<[u8]>,
    key_type: Option<KeyType>,
}

impl Leaf {
    /// Reads a DER certificate (RFC 5280), whoever issued it.
    ///
    /// # Errors
    ///
    /// [`InvalidCertificate`] if the bytes are no certificate, or its dates end before they begin.
    pub fn from_der(der: &[u8]) -> Result<Self, InvalidCertificate> {
        let certificate = CertificateInner::from_der(der).map_err(InvalidCertificate::Der)?;
        Self::of(&certificate, der)
    }

    /// The same of a certificate that is read already.
    pub(crate) fn of(
        certificate: &CertificateInner<Raw>,
        der: &[u8],
    ) -> Result<Self, InvalidCertificate> {
        let tbs = certificate.tbs_certificate();
        let (names, foreign_names) = names(tbs)?;
        let validity = validity(tbs)?;
        Ok(Self {
            names,
            foreign_names,
            validity,
            serial: Serial(tbs.serial_number().as_bytes().into()),
            issuer: tbs.issuer().to_der().map_err(InvalidCertificate::Der)?.into(),
            authority_key_id: authority_key_id(tbs),
            fingerprint: Fingerprint::of(der),
            public_key: tbs
                .subject_public_key_info()
                .to_der()
                .map_err(InvalidCertificate::Der)?
                .into(),
            key_type: key_type(tbs),
        })
    }

    /// The DNS names of the subject alternative name; `None` where a foreign certificate has none that is a [`DnsName`].
    pub fn names(&self) -> Option<&DnsNames> {
        self.names.as_ref()
    }

    /// How many other entries the subject alternative name has: addresses, e-mail, names in another spelling.
    pub fn foreign_names(&self) -> usize {
        self.foreign_names
    }

    /// From when to when it is valid.
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The first instant it is valid at.
    pub fn not_before(&self) -> OffsetDateTime {
        self.validity.not_before()
    }

    /// The last instant it is valid at (RFC 5280 §4.1.2.5: inclusive).
    pub fn not_after(&self) -> OffsetDateTime {
        self.validity.not_after()
    }

    /// From [`Self::not_before`] to [`Self::not_after`].
    pub fn lifetime(&self) -> Duration {
        self.validity.lifetime()
    }

    /// The CA's serial number.
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// The issuer's distinguished name (RFC 4514).
    pub fn issuer(&self) -> String {
        Name::from_der(&self.issuer).map(|name| name.to_string()).unwrap_or_default()
    }

    /// The key of its issuer, as the authority key identifier names it (RFC 5280 §4.2.1.1); `None` where a foreign certificate
    /// does not say, or says it unreadably.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.authority_key_id.as_deref()
    }

    /// SHA-256 of the DER.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The public key, as DER SubjectPublicKeyInfo.
    pub fn public_key(&self) -> &[u8] {
        &self.public_key
    }

    /// The kind of its key; `None` for kinds that nws-certd never asks for.
    pub fn key_type(&self) -> Option<KeyType> {
        self.key_type
    }

    /// Whether it names exactly these hosts and nothing else.
    pub fn is_for(&self, names: &DnsNames) -> bool {
        self.foreign_names == 0 && self.names.as_ref() == Some(names)
    }

    /// Whether a client that asks for `name` would find it among its names; a wildcard stands for one label in front (RFC 6125
    /// §6.4.3).
    pub fn covers(&self, name: &DnsName) -> bool {
        self.names.as_ref().is_some_and(|names| cover(names, name))
    }
}

fn cover(names: &DnsNames, name: &DnsName) -> bool {
    let parent = name.as_str().split_once('.').map_or("", |(_, parent)| parent);
    names.contains(name) || names.iter().any(|one| one.as_str().strip_prefix("*.") == Some(parent))
}

fn names(tbs: &TbsCertificateInner<Raw>) -> Result<(Option<DnsNames>, usize), InvalidCertificate> {
    let found = tbs.get_extension::<SubjectAltName>().map_err(InvalidCertificate::Der)?;
    let entries = found.map(|(_, SubjectAltName(entries))| entries).unwrap_or_default();
    let names: Vec<DnsName> = entries.iter().filter_map(dns_name).collect();
    let foreign = entries.len() - names.len();
    match DnsNames::new(names) {
        Ok(names) => Ok((Some(names), foreign)),
        Err(NoNames) => Ok((None, foreign)),
    }
}

fn dns_name(entry: &GeneralName) -> Option<DnsName> {
    match entry {
        GeneralName::DnsName(name) => name.as_str().parse().ok(),
        _ => None,
    }
}

fn authority_key_id(tbs: &TbsCertificateInner<Raw>) -> Option<Box<[u8]>> {
    let (_, found) = tbs.get_extension::<AuthorityKeyIdentifier>().ok().flatten()?;
    Some(found.key_identifier?.as_bytes().into())
}

fn validity(tbs: &TbsCertificateInner<Raw>) -> Result<Validity, InvalidCertificate> {
    let validity = tbs.validity();
    let not_before = OffsetDateTime::from(validity.not_before.to_system_time());
    let not_after = OffsetDateTime::from(validity.not_after.to_system_time());
    Validity::new(not_before, not_after).ok_or(InvalidCertificate::Dates { not_before, not_after })
}

fn key_type(tbs: &TbsCertificateInner<Raw>) -> Option<KeyType> {
    let spki = tbs.subject_public_key_info();
    match spki.algorithm.oid {
        EC_PUBLIC_KEY => {
            match spki.algorithm.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok()? {
                SECP256R1 => Some(KeyType::EcdsaP256),
                SECP384R1 => Some(KeyType::EcdsaP384),
                _ => None,
            }
        }
        // A DER RSAPublicKey is the modulus and a few bytes of framing and exponent.
        RSA_ENCRYPTION => match spki.subject_public_key.raw_bytes().len() {
            260..=280 => Some(KeyType::Rsa2048),
            390..=410 => Some(KeyType::Rsa3072),
            516..=540 => Some(KeyType::Rsa4096),
            _ => None,
        },
        _ => None,
    }
}

/// The serial number of a certificate (RFC 5280 §4.1.2.2), unique for its issuer.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Serial(Box<[u8]>);

impl Serial {
    /// The content bytes of the DER integer, with the leading zero where there is one.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

/// SHA-256 of a certificate's DER.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of these bytes.
    pub fn of(der: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, der).as_ref());
        Self(bytes)
    }

    /// The digest itself.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(InvalidFingerprint { found: text.into() });
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16)
                .map_err(|_| InvalidFingerprint { found: text.into() })?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// A text that is no [`Fingerprint`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no SHA-256 fingerprint; it has 64 lower-case hexadecimal digits")]
pub struct InvalidFingerprint {
    /// As written.
    pub found: String,
}

/// Why bytes are no [`Leaf`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidCertificate {
    /// The encoding.
    #[error("the bytes are no DER certificate")]
    Der(#[source] der::Error),
    /// A validity that is none.
    #[error("the certificate ends ({not_after}) before it begins ({not_before})")]
    Dates {
        /// Its notBefore.
        not_before: OffsetDateTime,
        /// Its notAfter.
        not_after: OffsetDateTime,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_names_a_certificate_covers() {
        let cases = [
            ("shop.example", "shop.example", true),
            ("*.shop.example", "www.shop.example", true),
            ("*.shop.example", "a.www.shop.example", false),
            ("*.shop.example", "shop.example", false),
            ("blog.example", "shop.example", false),
        ];
        for (carries, asked, want) in cases {
            let names = DnsNames::from(carries.parse::<DnsName>().unwrap());
            assert_eq!(cover(&names, &asked.parse().unwrap()), want, "{carries}, {asked}");
        }
    }
}
