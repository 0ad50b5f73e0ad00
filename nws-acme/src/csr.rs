use nws_expiry::{DnsNames, PrivateKey};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, SanType};
use rustls_pki_types::PrivatePkcs8KeyDer;
use zeroize::Zeroize as _;

/// A signing request (PKCS#10 DER) for exactly these names and an empty subject, which RFC 8555 §7.4 wants.
pub(crate) fn signing_request(key: &PrivateKey, names: &DnsNames) -> Result<Vec<u8>, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for name in names {
        params.subject_alt_names.push(SanType::DnsName(name.as_str().try_into()?));
    }
    let mut pair = KeyPair::try_from(&PrivatePkcs8KeyDer::from(key.pkcs8_der()))?;
    let request = params.serialize_request(&pair).map(|request| request.der().to_vec());
    pair.zeroize();
    request
}
