//! When a CA wants a certificate renewed (RFC 9773 §4.2).

use time::OffsetDateTime;

use crate::Spread;

/// A CA's suggested window for the renewal of one certificate. It never is empty: it ends after it starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    start: OffsetDateTime,
    end: OffsetDateTime,
}

impl Window {
    /// The window from `start` to before `end`; `None` if there is nothing between them, which counts as no suggestion (RFC 9773
    /// §4.2).
    pub fn new(start: OffsetDateTime, end: OffsetDateTime) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// Its first instant.
    pub fn start(&self) -> OffsetDateTime {
        self.start
    }

    /// The first instant after it.
    pub fn end(&self) -> OffsetDateTime {
        self.end
    }

    /// The instant in it at this fraction: always the same one for one certificate, and moved along when the CA moves the window.
    pub fn at(&self, spread: Spread) -> OffsetDateTime {
        self.start + spread.part_of(self.end - self.start)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::{DnsName, DnsNames};

    const START: OffsetDateTime = datetime!(2026-03-02 0:00 UTC);

    #[test]
    fn a_window_ends_after_it_starts() {
        let cases = [("a second", 1, true), ("nothing", 0, false), ("turned around", -60, false)];
        for (case, seconds, want) in cases {
            let window = Window::new(START, START + Duration::seconds(seconds));
            assert_eq!(window.is_some(), want, "{case}");
        }
    }

    proptest! {
        #[test]
        fn every_fraction_is_inside(host in "[a-z]{1,9}", seconds in 1i64..10_000_000) {
            let names = DnsNames::from(format!("{host}.example").parse::<DnsName>().unwrap());
            let window = Window::new(START, START + Duration::seconds(seconds)).unwrap();
            let at = window.at(Spread::of("here", &names));
            prop_assert!(window.start() <= at && at < window.end());
        }
    }
}
