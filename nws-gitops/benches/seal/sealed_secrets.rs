//! For a controller of sealed-secrets.

use std::num::NonZeroUsize;

use nws_gitops::{Provenance, Scope, SealingCertificate, SecretForm, sealed_secret};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};

use super::{Outcome, certificate, measure};

pub(crate) fn run(bits: &str, secrets: NonZeroUsize, cores: NonZeroUsize) -> Outcome<String> {
    let (issued, with) = (certificate::issued()?, sealing_certificate(bits)?);
    let (by, form) = (Provenance::default(), SecretForm::default());
    measure(secrets, cores, |key| sealed_secret(key, &issued, &by, &form, &with, Scope::Strict))
}

fn sealing_certificate(bits: &str) -> Outcome<SealingCertificate> {
    let size = match bits {
        "2048" => RsaKeySize::_2048,
        "3072" => RsaKeySize::_3072,
        "4096" => RsaKeySize::_4096,
        _ => return Err(format!("no RSA key of {bits} bits is measured").into()),
    };
    let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?;
    let certificate = CertificateParams::default().self_signed(&pair)?;
    Ok(SealingCertificate::from_pem(certificate.pem().as_bytes())?)
}
