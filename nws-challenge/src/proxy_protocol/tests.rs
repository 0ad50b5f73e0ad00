use proptest::prelude::*;

use super::*;
use Malformed::{Addresses, Command, Family, Long, Protocol, Short, Signature, Unending, Version};

const LONGEST_LINE: &str = "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff \
    ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n";

/// proxy-protocol.txt, section 2.1.
#[test]
fn lines_of_version_1() {
    let six = "PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n";
    let unending = format!("PROXY UNKNOWN {}", "x".repeat(93));
    let cases = [
        ("IPv4", "PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\n", Ok(Some("192.0.2.1:56324"))),
        ("IPv6", six, Ok(Some("[2001:db8::1]:56324"))),
        ("a proxy for itself", "PROXY UNKNOWN\r\n", Ok(None)),
        ("as long as it gets", LONGEST_LINE, Ok(None)),
        ("the lowest port", "PROXY TCP4 192.0.2.1 198.51.100.2 0 80\r\n", Ok(Some("192.0.2.1:0"))),
        ("no end", &unending, Err(Unending)),
        ("bare line feed", "PROXY UNKNOWN\nGET / HTTP/1.1\r\n", Err(Protocol)),
        ("no kind", "PROXY \r\n", Err(Protocol)),
        ("another kind", "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n", Err(Protocol)),
        ("lower case", "PROXY tcp4 192.0.2.1 198.51.100.2 1 2\r\n", Err(Protocol)),
        ("two spaces", "PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n", Err(Addresses)),
        ("one address", "PROXY TCP4 192.0.2.1 1 2\r\n", Err(Addresses)),
        ("a word too many", "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 3\r\n", Err(Addresses)),
        ("IPv6 as IPv4", "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", Err(Addresses)),
        ("IPv4 as IPv6", "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n", Err(Addresses)),
        ("no destination", "PROXY TCP4 192.0.2.1 nowhere 1 2\r\n", Err(Addresses)),
        ("port beyond 16 bits", "PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n", Err(Addresses)),
        ("signed port", "PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n", Err(Addresses)),
        ("port with a zero", "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n", Err(Addresses)),
        ("not ASCII", "PROXY TCP4 192.0.2.1 198.51.100.2 1 ä\r\n", Err(Addresses)),
        ("HTTP", "GET / HTTP/1.1\r\n\r\n", Err(Signature)),
        ("another method", "PROXIED / HTTP/1.1\r\n\r\n", Err(Signature)),
        ("lower case signature", "proxy UNKNOWN\r\n", Err(Signature)),
    ];
    for (case, line, want) in cases {
        check(case, line.as_bytes(), want);
    }
}

/// proxy-protocol.txt, section 2.2.
#[test]
fn headers_of_version_2() {
    let four = [192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0, 80];
    let mut six = [0; 36];
    six[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
    six[15] = 1;
    six[32..34].copy_from_slice(&56324_u16.to_be_bytes());
    let with_extension = [&four[..], &[0x04, 0, 3, 1, 2, 3]].concat();
    let no_use = [7; 216];
    let cases = [
        ("IPv4", v2(0x21, 0x11, &four), Ok(Some("192.0.2.1:56324"))),
        ("IPv6", v2(0x21, 0x21, &six), Ok(Some("[2001:db8::1]:56324"))),
        ("with an extension", v2(0x21, 0x11, &with_extension), Ok(Some("192.0.2.1:56324"))),
        ("a health check", v2(0x20, 0x00, &[]), Ok(None)),
        ("a health check with addresses", v2(0x20, 0x11, &four), Ok(None)),
        ("a health check with fewer bytes", v2(0x20, 0x11, &[1, 2]), Ok(None)),
        ("unspecified", v2(0x21, 0x00, &[1, 2, 3]), Ok(None)),
        ("UDP over IPv4", v2(0x21, 0x12, &four), Ok(None)),
        ("a Unix socket", v2(0x21, 0x31, &no_use), Ok(None)),
        ("as long as it gets", v2(0x21, 0x00, &[0; 520]), Ok(None)),
        ("too long", v2(0x21, 0x00, &[0; 521]), Err(Long(537))),
        ("the longest there is", v2(0x21, 0x11, &[0; 0xffff]), Err(Long(0x1_000f))),
        ("IPv4 with a byte too few", v2(0x21, 0x11, &four[1..]), Err(Short(11))),
        ("IPv6 with a byte too few", v2(0x21, 0x21, &six[1..]), Err(Short(35))),
        ("version 1 in binary", v2(0x11, 0x11, &four), Err(Version(1))),
        ("version 3", v2(0x31, 0x11, &four), Err(Version(3))),
        ("unknown command", v2(0x22, 0x11, &four), Err(Command(2))),
        ("unknown family", v2(0x21, 0x41, &four), Err(Family(0x41))),
        ("another signature", b"\r\n\r\n\0\r\nQUIT\r\x21\x11".to_vec(), Err(Signature)),
    ];
    for (case, bytes, want) in cases {
        check(case, &bytes, want);
    }
}

#[test]
fn errors_name_the_fault_and_no_byte_of_the_peer() {
    let cases = [
        (Signature, "connection does not begin with a PROXY header; its listener requires one"),
        (Unending, "PROXY header of version 1 does not end within 107 bytes"),
        (Protocol, "PROXY header of version 1 for no known kind of connection"),
        (Addresses, "PROXY header of version 1 without two addresses and two ports"),
        (Version(3), "PROXY header of unknown version 3"),
        (Command(2), "PROXY header with unknown command 2"),
        (Family(0x41), "PROXY header for an unknown kind of connection, 0x41"),
        (Long(537), "PROXY header of 537 bytes, at most 536 are read"),
        (Short(11), "PROXY header of version 2 with 11 bytes, too few for its addresses"),
    ];
    for (error, want) in cases {
        assert_eq!(error.to_string(), want);
    }
}

/// However the bytes come in, the answer is the same, and it is there once enough of them are.
#[test]
fn every_split_gives_the_same_answer() {
    for whole in wholes() {
        let Preamble::Header { consumed, .. } = read(&whole) else { panic!("no header") };
        assert_eq!(consumed, whole.len());
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), Preamble::Incomplete, "{end} of {whole:?}");
        }
        let followed = [&whole[..], b"GET / HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(read(&followed), read(&whole));
    }
}

proptest! {
    /// What is decided does not change with more bytes, and is decided within the longest header.
    #[test]
    fn a_decision_is_final(bytes in beginnings(), more in prop::collection::vec(any::<u8>(), 0..64)) {
        let decided = read(&bytes);
        let longer = [bytes.as_slice(), &more].concat();
        match decided {
            Preamble::Incomplete => prop_assert!(bytes.len() < LONGEST),
            Preamble::Header { consumed, .. } => {
                prop_assert!(consumed <= bytes.len());
                prop_assert_eq!(read(&longer), decided);
            }
            Preamble::Malformed(_) => prop_assert_eq!(read(&longer), decided),
        }
    }
}

/// Any bytes, most of them behind one of the signatures.
fn beginnings() -> impl Strategy<Value = Vec<u8>> {
    let begin = prop_oneof![
        Just(b"".to_vec()),
        Just(v1::SIGNATURE.to_vec()),
        Just(b"PROXY TCP4 192.0.2.1 ".to_vec()),
        Just(v2::SIGNATURE.to_vec()),
        Just([v2::SIGNATURE, &[0x21, 0x11, 0]].concat()),
    ];
    (begin, prop::collection::vec(any::<u8>(), 0..700))
        .prop_map(|(begin, rest)| [begin, rest].concat())
}

fn wholes() -> [Vec<u8>; 5] {
    [
        b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\n".to_vec(),
        b"PROXY UNKNOWN\r\n".to_vec(),
        LONGEST_LINE.into(),
        v2(0x20, 0x00, &[]),
        v2(0x21, 0x11, &[1; 30]),
    ]
}

fn v2(how: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).unwrap().to_be_bytes();
    [v2::SIGNATURE, &[how, family], &length, block].concat()
}

fn check(case: &str, bytes: &[u8], want: Result<Option<&str>, Malformed>) {
    let want = match want {
        Ok(source) => Preamble::Header {
            source: source.map(|source| source.parse().unwrap()),
            consumed: bytes.len(),
        },
        Err(malformed) => Preamble::Malformed(malformed),
    };
    assert_eq!(read(bytes), want, "{case}");
}
