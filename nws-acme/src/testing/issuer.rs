use nws_expiry::DnsNames;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer,
    DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PublicKeyData as _, SanType, SerialNumber,
};
use rustls_pki_types::CertificateSigningRequestDer;
use time::{Duration, OffsetDateTime};

/// A root and an intermediate, made anew for each fake CA.
pub(super) struct Issuer {
    root_pem: String,
    intermediate: CertifiedIssuer<'static, KeyPair>,
    /// The intermediate as other roots certify it.
    crossed: Vec<String>,
}

impl Issuer {
    pub(super) fn new(now: OffsetDateTime) -> Result<Self, rcgen::Error> {
        let root =
            CertifiedIssuer::self_signed(authority("nws fake root", now), KeyPair::generate()?)?;
        let params = authority("nws fake intermediate", now);
        let key = KeyPair::generate()?;
        let crossed = (1..=3).map(|other| {
            let other = authority(&format!("nws fake root {other}"), now);
            let other = CertifiedIssuer::self_signed(other, KeyPair::generate()?)?;
            Ok(params.signed_by(&key, &other)?.pem())
        });
        let crossed = crossed.collect::<Result<_, rcgen::Error>>()?;
        let intermediate = CertifiedIssuer::signed_by(params, key, &root)?;
        Ok(Self { root_pem: root.pem(), intermediate, crossed })
    }

    pub(super) fn root_pem(&self) -> &str {
        &self.root_pem
    }

    /// A chain that was issued, or what it is with another root; the CA's own is 0.
    pub(super) fn with_chain(&self, pem: &str, place: usize) -> Option<String> {
        let Some(other) = place.checked_sub(1) else { return Some(pem.into()) };
        Some(pem.replace(&self.intermediate.pem(), self.crossed.get(other)?))
    }

    /// The chain, leaf and intermediate, for a request that was read before.
    pub(super) fn issue(
        &self,
        request: &Request,
        serial: usize,
        validity: Validity,
    ) -> Result<String, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.not_before = validity.not_before;
        params.not_after = validity.not_before + validity.lifetime;
        params.serial_number = Some(SerialNumber::from(serial as u64 + 1));
        params.subject_alt_names = request.0.params.subject_alt_names.clone();
        params.distinguished_name = DistinguishedName::new();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&request.0.public_key, &self.intermediate)?;
        Ok(leaf.pem() + &self.intermediate.pem())
    }
}

/// From when, and for how long.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    pub(super) not_before: OffsetDateTime,
    pub(super) lifetime: Duration,
}

fn authority(name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = now - Duration::DAY;
    params.not_after = now + 3650 * Duration::DAY;
    params.distinguished_name = DistinguishedName::new();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A signing request whose own signature is good.
pub(super) struct Request(CertificateSigningRequestParams);

impl Request {
    pub(super) fn parse(der: Vec<u8>) -> Result<Self, rcgen::Error> {
        CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der))
            .map(Self)
    }

    /// Whether it is for these names and no others, and names nothing in its subject (RFC 8555 §7.4).
    pub(super) fn is_for(&self, names: &DnsNames) -> bool {
        let asked = self.0.params.subject_alt_names.iter().map(|name| match name {
            SanType::DnsName(name) => Some(name.as_str()),
            _ => None,
        });
        let mut asked: Vec<_> = asked.collect();
        asked.sort_unstable();
        let subject_is_empty = self.0.params.distinguished_name.iter().next().is_none();
        subject_is_empty && asked.into_iter().eq(names.iter().map(|name| Some(name.as_str())))
    }

    /// Whether it is made with the key of this point (RFC 8555 §11.1 forbids the account's).
    pub(super) fn has_key(&self, point: &[u8]) -> bool {
        self.0.public_key.der_bytes() == point
    }
}
