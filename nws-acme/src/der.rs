//! A sequence of unsigned integers in DER (X.690), which is all that RSA keys are in PKCS#1 (RFC 8017 appendix A.1).

use zeroize::Zeroizing;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// The sequence, of numbers that are big-endian without leading zeros.
pub(crate) fn sequence(numbers: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    // a vector that grew would leave parts of a private key behind
    let room = |content: usize| Zeroizing::new(Vec::with_capacity(content + 4));
    let mut content = room(numbers.iter().map(|number| number.len() + 5).sum());
    for number in numbers {
        // a first bit that is set would be a sign
        let sign: &[u8] =
            if number.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] };
        content.push(INTEGER);
        content.extend(length(sign.len() + number.len()));
        content.extend(sign);
        content.extend(*number);
    }
    let mut whole = room(content.len());
    whole.push(SEQUENCE);
    whole.extend(length(content.len()));
    whole.extend(&*content);
    whole
}

/// The numbers of a sequence, without leading zeros.
pub(crate) fn numbers(der: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut content, []) = element(der, SEQUENCE)? else { return None };
    let mut numbers = Vec::new();
    while !content.is_empty() {
        let (number, rest) = element(content, INTEGER)?;
        numbers.push(number.strip_prefix(&[0]).unwrap_or(number));
        content = rest;
    }
    Some(numbers)
}

/// The content of the first element, and what comes after it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.strip_prefix(&[tag])?.split_first()?;
    let (length, rest) = match *first {
        short @ ..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), rest.get(2..)?),
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// Keys end long before 64 KiB.
fn length(bytes: usize) -> Vec<u8> {
    match bytes.to_be_bytes()[size_of::<usize>() - 2..] {
        [0, short @ ..=0x7f] => vec![short],
        [0, low] => vec![0x81, low],
        ref long => [&[0x82], long].concat(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Numbers = &'static [&'static [u8]];

    #[test]
    fn numbers_are_unsigned() {
        let cases: [(&str, Numbers, &[u8]); 4] = [
            ("none", &[], &[0x30, 0]),
            ("small ones", &[&[1], &[1, 0, 1]], &[0x30, 8, 2, 1, 1, 2, 3, 1, 0, 1]),
            ("a high bit", &[&[0x80]], &[0x30, 4, 2, 2, 0, 0x80]),
            ("zero", &[&[]], &[0x30, 3, 2, 1, 0]),
        ];
        for (case, numbers, want) in cases {
            assert_eq!(*sequence(numbers), want, "{case}");
        }
    }

    #[test]
    fn what_is_no_such_sequence_is_refused() {
        let cases: [(&str, &[u8]); 6] = [
            ("nothing", &[]),
            ("another type", &[0x31, 0]),
            ("cut off", &[0x30, 3, 2, 1]),
            ("more after it", &[0x30, 0, 0]),
            ("a text in it", &[0x30, 3, 0x0c, 1, b'x']),
            ("a length of lengths", &[0x30, 0x84, 0, 0, 0, 0]),
        ];
        for (case, der) in cases {
            assert_eq!(numbers(der), None, "{case}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(first in 1..=255u8, rest in prop::collection::vec(any::<u8>(), 0..600)) {
            let number = [&[first], &rest[..]].concat();
            let der = sequence(&[&number, &[3]]);
            prop_assert_eq!(numbers(&der), Some(vec![&number[..], &[3]]));
        }
    }
}
