//! Certificates made for the tests.

use nws_expiry::{DnsNames, PrivateKey};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, Issuer, KeyPair, SanType,
};
use time::OffsetDateTime;

pub(crate) fn names(hosts: &str) -> DnsNames {
    DnsNames::new(hosts.split(' ').map(|host| host.parse().unwrap())).unwrap()
}

pub(crate) fn params(
    names: &DnsNames,
    from: OffsetDateTime,
    to: OffsetDateTime,
) -> CertificateParams {
    let mut params =
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    (params.not_before, params.not_after) = (from, to);
    params
}

pub(crate) fn key() -> (KeyPair, PrivateKey) {
    let pair = KeyPair::generate().unwrap();
    let key = PrivateKey::from_pkcs8_der(pair.serialized_der()).unwrap();
    (pair, key)
}

pub(crate) fn ca(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

pub(crate) fn signed(
    params: &CertificateParams,
    pair: &KeyPair,
    by: &Issuer<'_, KeyPair>,
) -> Box<[u8]> {
    params.signed_by(pair, by).unwrap().der().as_ref().into()
}

pub(crate) fn self_signed(params: &CertificateParams) -> Box<[u8]> {
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().as_ref().into()
}

pub(crate) fn address() -> SanType {
    SanType::IpAddress([127, 0, 0, 1].into())
}
