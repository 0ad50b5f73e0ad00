//! What certificates say, and what belongs together.

use nws_expiry::{Chain, Fingerprint, InvalidChain, Issued, KeyType, Leaf, Mismatch};
use rcgen::{CertificateParams, DistinguishedName, Issuer, KeyIdMethod, KeyPair};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::made::{address, ca, key, names, params, self_signed, signed};

const FROM: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);
const TO: OffsetDateTime = datetime!(2026-04-01 0:00 UTC);

#[test]
fn a_leaf_says_what_its_certificate_says() {
    let issuer = ca("Issuing CA");
    let (pair, key) = key();
    let wanted = names("www.shop.example shop.example");
    let der = signed(&params(&wanted, FROM, TO), &pair, &issuer);
    let leaf = Leaf::from_der(&der).unwrap();
    assert_eq!(leaf.names(), Some(&wanted));
    assert!(leaf.is_for(&wanted));
    assert_eq!((leaf.not_before(), leaf.not_after()), (FROM, TO));
    assert_eq!(leaf.lifetime(), Duration::days(90));
    assert_eq!(leaf.issuer(), "CN=Issuing CA");
    assert_eq!(leaf.key_type(), Some(KeyType::EcdsaP256));
    assert_eq!(leaf.public_key(), key.public_key());
    assert_eq!(leaf.serial().to_string().len(), 2 * leaf.serial().as_bytes().len());
    assert_eq!(leaf.fingerprint().to_string().parse(), Ok(leaf.fingerprint()));
    assert!("00".parse::<Fingerprint>().is_err() && "+".repeat(64).parse::<Fingerprint>().is_err());
}

#[test]
fn foreign_certificates_are_read_too() {
    let mut only_address = params(&names("a.example"), FROM, TO);
    only_address.subject_alt_names = vec![address()];
    let mut no_name = only_address.clone();
    no_name.subject_alt_names.clear();
    let mut mixed = params(&names("a.example b.example"), FROM, TO);
    mixed.subject_alt_names.push(address());
    let mut long_serial = params(&names("a.example"), FROM, TO);
    long_serial.serial_number = Some(vec![0x7f; 30].into());
    let cases = [
        ("an address alone", only_address, None, 1),
        ("no name at all", no_name, None, 0),
        ("names and an address", mixed, Some(names("a.example b.example")), 1),
        ("a serial number of 30 octets", long_serial, Some(names("a.example")), 0),
    ];
    for (case, params, want, foreign) in cases {
        let leaf = Leaf::from_der(&self_signed(&params)).unwrap();
        assert_eq!((leaf.names(), leaf.foreign_names()), (want.as_ref(), foreign), "{case}");
    }
}

#[test]
fn one_that_ends_before_it_begins_is_refused() {
    let said = Leaf::from_der(&self_signed(&params(&names("a.example"), TO, FROM))).unwrap_err();
    assert_eq!(
        said.to_string(),
        "the certificate ends (2026-01-01 0:00:00.0 +00:00:00) before it begins (2026-04-01 0:00:00.0 +00:00:00)"
    );
}

#[test]
fn a_chain_keeps_what_the_ca_sent() {
    let issuer = ca("Issuing CA");
    let leaf = signed(&params(&names("a.example"), FROM, TO), &key().0, &issuer);
    let chain = Chain::from_der(vec![leaf.clone(), issuer.der().as_ref().into()]).unwrap();
    assert_eq!(chain.certificates().len(), 2);
    let text = chain.to_pem();
    assert!(
        text.starts_with("-----BEGIN CERTIFICATE-----\n")
            && text.ends_with("-----END CERTIFICATE-----\n")
    );
    assert!(!text.contains('\r'));
    assert_eq!(Chain::from_pem(text.as_bytes()).unwrap(), chain);
}

#[test]
fn a_chain_names_the_root_it_ends_at() {
    let issuer = ca("Issuing CA");
    let leaf = signed(&params(&names("a.example"), FROM, TO), &key().0, &issuer);
    let root: Box<[u8]> = issuer.der().as_ref().into();
    for certificates in [vec![leaf.clone()], vec![leaf, root]] {
        let chain = Chain::from_der(certificates).unwrap();
        assert_eq!(chain.root_name(), Some("Issuing CA"), "sent along or not");
    }
    let mut nameless = params(&names("a.example"), FROM, TO);
    nameless.distinguished_name = DistinguishedName::new();
    assert_eq!(Chain::from_der(vec![self_signed(&nameless)]).unwrap().root_name(), None);
}

#[test]
fn what_is_no_chain_is_refused() {
    let issuer = ca("Issuing CA");
    let leaf = signed(&params(&names("a.example"), FROM, TO), &key().0, &issuer);
    let alone = Chain::from_der(vec![leaf.clone()]).unwrap().to_pem();
    let with_key = format!("{alone}{}", &*key().1.to_pem());
    let said = |text: &str| Chain::from_pem(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(said(""), "the chain has no certificate");
    assert_eq!(
        said(&with_key),
        "the chain has a PEM block \"PRIVATE KEY\"; only CERTIFICATE is accepted (RFC 8555 section 11.4)"
    );
    let stranger: Box<[u8]> = ca("Another CA").der().as_ref().into();
    assert!(matches!(Chain::from_der(vec![leaf, stranger]), Err(InvalidChain::Unlinked { at: 1 })));
    let root: Box<[u8]> = issuer.der().as_ref().into();
    assert!(Chain::from_der(vec![root.clone(); 100]).is_ok());
    assert!(matches!(Chain::from_der(vec![root; 101]), Err(InvalidChain::TooLong { found: 101 })));
}

#[test]
fn only_what_belongs_together_is_issued() {
    let (pair, right_key) = key();
    let wanted = names("a.example b.example");
    let chain =
        Chain::from_der(vec![signed(&params(&wanted, FROM, TO), &pair, &ca("CA"))]).unwrap();
    let check = |key, names, now| {
        Issued::check(chain.clone(), key, names, now).map(|issued| issued.names().clone())
    };
    let one = names("a.example");
    assert_eq!(check(right_key.clone(), &wanted, FROM - Duration::HOUR), Ok(wanted.clone()));
    assert_eq!(check(key().1, &wanted, FROM), Err(Mismatch::Key));
    assert_eq!(
        check(right_key.clone(), &one, FROM),
        Err(Mismatch::Names { want: one.clone(), have: Some(wanted.clone()) })
    );
    assert_eq!(check(right_key, &wanted, TO), Err(Mismatch::Expired { not_after: TO, now: TO }));
}

#[test]
fn a_leaf_names_its_issuers_key_if_it_does() {
    let mut issuing = CertificateParams::default();
    issuing.key_identifier_method = KeyIdMethod::PreSpecified(vec![0x69, 0x88, 0xd4]);
    let issuer = Issuer::new(issuing, KeyPair::generate().unwrap());
    let (pair, _) = key();
    for (case, told) in [("told", true), ("not told", false)] {
        let mut params = params(&names("a.example"), FROM, TO);
        params.use_authority_key_identifier_extension = told;
        let leaf = Leaf::from_der(&signed(&params, &pair, &issuer)).unwrap();
        assert_eq!(leaf.authority_key_id(), told.then_some(&[0x69, 0x88, 0xd4][..]), "{case}");
    }
}

/// As in the DER, where a number whose first bit is set has a zero in front, or it would be negative (X.690 §8.3).
#[test]
fn a_serial_number_keeps_the_zero_that_makes_it_positive() {
    let cases: [(&[u8], &[u8]); 5] = [
        (&[0x7f], &[0x7f]),
        (&[0x80], &[0, 0x80]),
        (&[0x87, 0x65, 0x43, 0x21], &[0, 0x87, 0x65, 0x43, 0x21]),
        (&[0, 0x87], &[0, 0x87]),
        (&[0, 0x01], &[0x01]),
    ];
    for (number, want) in cases {
        let mut params = params(&names("a.example"), FROM, TO);
        params.serial_number = Some(number.to_vec().into());
        let leaf = Leaf::from_der(&self_signed(&params)).unwrap();
        assert_eq!(leaf.serial().as_bytes(), want, "{number:x?}");
    }
}
