use nws_expiry::{Chain, DnsNames, Fingerprint, KeyType, Leaf};
use rcgen::{CertificateParams, KeyPair};
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::edges::Shown;
use crate::store::CertificateKey;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

/// For one name, from so many days before noon to so many after.
fn leaf(name: &str, days: (i64, i64)) -> Leaf {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = NOON - Duration::days(days.0);
    params.not_after = NOON + Duration::days(days.1);
    let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    Chain::from_pem(made.pem().as_bytes()).unwrap().leaf().clone()
}

#[test]
fn what_an_address_shows_is_told_apart() {
    let name: DnsName = "shop.example".parse().unwrap();
    let (pushed, intermediate) = (leaf("shop.example", (1, 89)), Fingerprint::of(b"intermediate"));
    let key = CertificateKey {
        names: DnsNames::from(name.clone()),
        key_type: KeyType::EcdsaP256,
        profile: None,
    };
    let expected = Expected {
        key,
        leaf: pushed.fingerprint(),
        intermediates: vec![intermediate],
        served_at: None,
    };
    let shown = |leaf: &Leaf, others: &[Fingerprint]| {
        Ok(Shown { leaf: leaf.clone(), others: others.to_vec() })
    };
    let unreachable = || ProbeError::Unreachable { source: std::io::Error::other("no route") };
    let cases = [
        ("the right one", shown(&pushed, &[intermediate]), "current"),
        (
            "with more than it needs",
            shown(&pushed, &[Fingerprint::of(b"root"), intermediate]),
            "current",
        ),
        ("alone", shown(&pushed, &[]), "wrong-chain"),
        ("the one before", shown(&leaf("shop.example", (61, 29)), &[]), "another"),
        ("about to end", shown(&leaf("shop.example", (85, 5)), &[]), "ends-soon"),
        ("ended", shown(&leaf("shop.example", (91, -1)), &[]), "ended"),
        ("the default one", shown(&leaf("other.example", (1, 89)), &[]), "wrong-name"),
        ("none", Err(ProbeError::NoCertificate), "nothing"),
        ("closed", Err(ProbeError::Refused), "nothing"),
        ("no way there", Err(unreachable()), "out-of-reach"),
    ];
    for (case, served, want) in cases {
        let edge = Edge { address: "192.0.2.1:443".parse().unwrap(), served };
        let sight = Sight::of(NOON, &name, &edge, &expected);
        assert_eq!(sight.as_str(), want, "{case}");
        assert_eq!(sight.is_wrong(), !matches!(want, "current" | "out-of-reach"), "{case}");
    }
}
