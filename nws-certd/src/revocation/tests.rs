use rcgen::{CertificateParams, KeyPair};
use time::Duration;
use time::macros::datetime;

use super::*;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const CA: &str = "https://ca.example/d";

fn certificate(ca: Option<&str>, ended: bool, revoked: bool) -> Revocable {
    let mut params = CertificateParams::new(["shop.example".to_owned()]).unwrap();
    params.serial_number = Some(vec![0x0a, 0x0b].into());
    params.not_before = NOON - Duration::days(90);
    params.not_after = NOON + if ended { Duration::ZERO } else { Duration::DAY };
    let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    Revocable {
        leaf: Leaf::from_der(der.der()).unwrap(),
        der: der.der().to_vec().into(),
        ca: ca.map(Into::into),
        paths: vec![],
        unwanted: vec![],
        is_newest: true,
        serves: vec![],
        revoked_at: revoked.then_some(NOON),
    }
}

#[test]
fn who_is_asked_to_revoke_a_certificate_or_why_nobody_is() {
    const OLD: &str = "https://old.example/d";
    let cases = [
        (certificate(Some(CA), false, false), None, Ok(CA)),
        (certificate(None, false, false), Some(CA), Ok(CA)),
        (certificate(Some(OLD), false, false), Some(CA), Ok(CA)),
        (
            certificate(None, false, false),
            None,
            Err(
                "it is not known which CA issued serial 0a0b (CN=rcgen self signed cert); name its directory with --ca",
            ),
        ),
        (
            certificate(Some(OLD), false, false),
            None,
            Err(
                "serial 0a0b was issued by https://old.example/d, which is not configured; add a [[ca]] for it after the others, or name one of these with --ca: https://ca.example/d",
            ),
        ),
        (
            certificate(Some(CA), true, false),
            None,
            Err("serial 0a0b has ended at 2026-03-01 12:00:00Z, so it needs no revocation"),
        ),
        (
            certificate(Some(CA), false, true),
            Some(CA),
            Err("serial 0a0b is revoked since 2026-03-01 12:00:00Z"),
        ),
    ];
    for (one, named, want) in cases {
        let got = one.at_ca(named, &[CA.into()], NOON).map_err(|error| error.to_string());
        assert_eq!(got, want.map_err(str::to_owned), "{named:?}");
    }
}
