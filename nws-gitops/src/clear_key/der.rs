//! Private keys in DER (X.690 §10), found by what every one of them begins with: a sequence of a version and the key.

use gix::bstr::ByteSlice;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// The integers behind the version in PKCS#1 (RFC 8017 §A.1.2), and in the form that OpenSSL has for DSA.
const INTEGERS: [usize; 2] = [8, 5];
/// No modulus in use is shorter.
const SHORTEST_MODULUS: usize = 64;
/// The private keys of curves, from 128 to 521 bits.
const SCALAR: std::ops::RangeInclusive<usize> = 16..=66;

/// What PKCS#8 keys are for, as the object identifier begins: RSA, curves by name, DSA, and X25519 to Ed448 (RFC 8410).
const ALGORITHMS: [&[u8]; 7] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x01",
    b"\x2a\x86\x48\xce\x3d\x02\x01",
    b"\x2a\x86\x48\xce\x38\x04\x01",
    b"\x2b\x65\x6e",
    b"\x2b\x65\x6f",
    b"\x2b\x65\x70",
    b"\x2b\x65\x71",
];

/// Those in these bytes, wherever they begin.
pub(super) fn keys(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.find_iter(b"\x02\x01").filter_map(|version| {
        // The header of the sequence takes two, three or four bytes, by its length.
        let starts = (2..=4).filter_map(|header| version.checked_sub(header));
        starts.map(|start| &bytes[start..]).find_map(key_at)
    })
}

/// The key that begins here.
fn key_at(bytes: &[u8]) -> Option<&[u8]> {
    let (fields, rest) = element(bytes, SEQUENCE)?;
    let (version, behind) = element(fields, INTEGER)?;
    let is_key = match version {
        [0] => is_pkcs8(behind) || is_integers(behind),
        [1] => is_pkcs8(behind) || is_sec1(behind),
        _ => false,
    };
    is_key.then(|| &bytes[..bytes.len() - rest.len()])
}

/// `privateKeyAlgorithm`, `privateKey`, and whatever else may follow (RFC 5958 §2).
fn is_pkcs8(fields: &[u8]) -> bool {
    let read = || {
        let (algorithm, behind) = element(fields, SEQUENCE)?;
        let (identifier, _) = element(algorithm, OBJECT_IDENTIFIER)?;
        let (key, _) = element(behind, OCTET_STRING)?;
        let is_known = ALGORITHMS.iter().any(|known| identifier.starts_with(known));
        Some(is_known && key.len() >= *SCALAR.start())
    };
    read().unwrap_or(false)
}

fn is_integers(fields: &[u8]) -> bool {
    let (mut rest, mut count, mut first) = (fields, 0, 0);
    while let Some((integer, behind)) = element(rest, INTEGER) {
        if count == 0 {
            first = integer.len();
        }
        (rest, count) = (behind, count + 1);
    }
    rest.is_empty() && INTEGERS.contains(&count) && first >= SHORTEST_MODULUS
}

/// `privateKey`, and the curve or the public key: those that have neither are of no use, and too like other things.
fn is_sec1(fields: &[u8]) -> bool {
    const CURVE: u8 = 0xa0;
    const PUBLIC_KEY: u8 = 0xa1;
    let read = || {
        let (key, behind) = element(fields, OCTET_STRING)?;
        let curve = element(behind, CURVE);
        let is_curve =
            curve.is_some_and(|(named, _)| element(named, OBJECT_IDENTIFIER).is_some_and(is_all));
        let public = element(curve.map_or(behind, |(_, behind)| behind), PUBLIC_KEY);
        let is_public =
            public.is_some_and(|(bits, _)| element(bits, BIT_STRING).is_some_and(is_all));
        Some(SCALAR.contains(&key.len()) && (is_curve || is_public))
    };
    read().unwrap_or(false)
}

/// Whether nothing is left behind an element.
fn is_all((_, rest): (&[u8], &[u8])) -> bool {
    rest.is_empty()
}

/// The contents of the element with this tag that begins here, and what is behind it. Of lengths there is one form each
/// (X.690 §10.1), and no key takes more than 64 KiB.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first != tag {
        return None;
    }
    let (length, contents) = match *rest {
        [0x81, length, ref contents @ ..] => {
            (Some(length).filter(|one| *one >= 0x80)?.into(), contents)
        }
        [0x82, high, low, ref contents @ ..] => {
            (Some(u16::from_be_bytes([high, low])).filter(|one| *one >= 0x100)?.into(), contents)
        }
        [length, ref contents @ ..] if length < 0x80 => (usize::from(length), contents),
        _ => return None,
    };
    contents.split_at_checked(length)
}
