//! What is sealed: a certificate as CAs issue it, with an intermediate and a P-256 key.

use nws_expiry::{Chain, DnsNames, Issued, PrivateKey};
use nws_gitops::{SecretRef, Target, WantKey};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use time::OffsetDateTime;
use time::macros::datetime;

use super::Outcome;

const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const HOST: &str = "shop.example";

pub(crate) fn issued() -> Outcome<Issued> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Test Intermediate");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let pair = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec![HOST.to_owned()])?;
    params.not_before = NOW;
    params.not_after = datetime!(2026-05-30 12:00 UTC);
    let leaf = params.signed_by(&pair, &ca)?;
    let chain = Chain::from_pem((leaf.pem() + &ca.pem()).as_bytes())?;
    let key = PrivateKey::from_pkcs8_der(&pair.serialize_der())?;
    let names = DnsNames::new([HOST.parse()?])?;
    Issued::check(chain, key, &names, NOW).map_err(Into::into)
}

/// One Secret each.
pub(crate) fn keys(count: usize) -> Outcome<Vec<WantKey>> {
    let key = |at| {
        let secret = SecretRef::new("shop", &format!("shop-{at}-tls"))?;
        Ok(WantKey { target: Target::default(), secret })
    };
    (0..count).map(key).collect()
}
