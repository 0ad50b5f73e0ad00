//! The stable fraction that keeps certificates from being renewed together.

use aws_lc_rs::digest::{Context, SHA256};
use time::Duration;

use crate::DnsNames;

/// A fraction r in [0, 1), fixed for one certificate of one installation.
///
/// It is a hash, so it needs no memory and survives the loss of all state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spread(u32);

impl Spread {
    /// No spreading: r = 0.
    pub const NONE: Self = Self(0);

    /// The fraction of the certificate with these names in the installation with this id.
    pub fn of(installation: &str, names: &DnsNames) -> Self {
        let mut hash = Context::new(&SHA256);
        hash.update(installation.as_bytes());
        for name in names {
            hash.update(b"\0");
            hash.update(name.as_str().as_bytes());
        }
        let hash = hash.finish();
        let mut first = [0; 4];
        first.copy_from_slice(&hash.as_ref()[..4]);
        Self(u32::from_be_bytes(first))
    }

    /// r times `whole`, in whole seconds.
    pub fn part_of(self, whole: Duration) -> Duration {
        let seconds = (i128::from(whole.whole_seconds()) * i128::from(self.0)) >> 32;
        Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(host: &str) -> DnsNames {
        DnsNames::from(host.parse::<crate::DnsName>().unwrap())
    }

    proptest! {
        #[test]
        fn a_part_is_never_the_whole(host in "[a-z]{1,9}", seconds in 1i64..10_000_000_000) {
            let whole = Duration::seconds(seconds);
            let part = Spread::of("here", &names(&format!("{host}.example"))).part_of(whole);
            prop_assert!(Duration::ZERO <= part && part < whole);
        }
    }

    #[test]
    fn installations_and_names_differ() {
        let here = Spread::of("here", &names("a.example"));
        assert_eq!(here, Spread::of("here", &names("a.example")));
        assert_ne!(here, Spread::of("there", &names("a.example")));
        assert_ne!(here, Spread::of("here", &names("b.example")));
    }

    #[test]
    fn a_thousand_names_fill_the_range_evenly() {
        let mut tenths = [0; 10];
        for host in 0..1000 {
            let part = Spread::of("here", &names(&format!("h{host}.example")))
                .part_of(Duration::seconds(10));
            tenths[usize::try_from(part.whole_seconds()).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|count| (60..=140).contains(count)), "{tenths:?}");
    }
}
