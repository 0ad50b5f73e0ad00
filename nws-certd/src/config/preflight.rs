use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};
use std::str::FromStr;

use nws_challenge::preflight::Ipv6;

use super::read::Reader;

/// The port of `http` (RFC 8555 §8.3).
const HTTP: NonZeroU16 = NonZeroU16::MIN.saturating_add(79);
/// With the pace of what costs the CA nothing, half a minute.
const THREE: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);

/// The `[preflight]` table: what is looked at before an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PreflightSettings {
    /// What follows where a CA would refuse: `policy`.
    pub policy: PreflightPolicy,
    /// After so many looks in a row that failed it is ordered all the same, where `policy` warns, or where a certificate is about to
    /// end: `tries`.
    pub tries: NonZeroU32,
    /// The port where edges answer HTTP-01, in place of 80: `http_port`.
    pub http_port: u16,
    /// Whether names may lead to private and loopback addresses, as a private CA's do: `private_addresses`.
    pub private_addresses: bool,
    /// What an IPv6 address means that does not answer, beside an IPv4 address that does: `ipv6`.
    pub ipv6: Ipv6,
}

/// What follows where a CA would refuse.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PreflightPolicy {
    /// `enforce`: nothing is ordered.
    #[default]
    Enforce,
    /// `warn`: it is ordered after a few tries.
    Warn,
    /// `off`: nothing is looked at.
    Off,
}

impl PreflightSettings {
    pub(super) fn take(from: &mut Reader) -> Option<Self> {
        let policy = from.text_or::<Word<PreflightPolicy>>("preflight.policy", "enforce");
        let tries = from.count_or("preflight.tries", THREE);
        let http_port = from.port_or("preflight.http_port", HTTP);
        let private_addresses = from.or("preflight.private_addresses", false);
        let ipv6 = from.text_or::<Word<Ipv6>>("preflight.ipv6", "warn");
        Some(Self {
            policy: policy?.0,
            tries: tries?,
            http_port: http_port?.get(),
            private_addresses: private_addresses?,
            ipv6: ipv6?.0,
        })
    }
}

/// A setting that is one of a few words.
struct Word<T>(T);

impl<T: Words> FromStr for Word<T> {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = T::ALL.iter().find(|(word, _)| *word == text);
        let unknown = || UnknownWord {
            text: text.into(),
            known: T::ALL.iter().map(|(word, _)| *word).collect(),
        };
        found.map(|(_, value)| Self(*value)).ok_or_else(unknown)
    }
}

trait Words: Copy + 'static {
    const ALL: &[(&str, Self)];
}

impl Words for PreflightPolicy {
    const ALL: &[(&str, Self)] =
        &[("enforce", Self::Enforce), ("warn", Self::Warn), ("off", Self::Off)];
}

impl Words for Ipv6 {
    const ALL: &[(&str, Self)] = &[("warn", Self::Warn), ("strict", Self::Strict)];
}

struct UnknownWord {
    text: String,
    known: Vec<&'static str>,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is none of {:?}", self.text, self.known)
    }
}
