//! What a limit is counted for.

use std::fmt;

use super::LimitKind;
use crate::{DnsName, DnsNames};

/// One of the things that a CA counts apart.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Bucket {
    /// New orders of our account.
    NewOrders,
    /// New certificates of this registered domain, by anybody.
    RegisteredDomain(Box<str>),
    /// Certificates for exactly these names, by anybody.
    ExactSet(DnsNames),
    /// Failed validations of this name by our account.
    FailedValidations(DnsName),
}

impl Bucket {
    /// Which limit it is of.
    pub fn kind(&self) -> LimitKind {
        match self {
            Self::NewOrders => LimitKind::NewOrders,
            Self::RegisteredDomain(_) => LimitKind::RegisteredDomain,
            Self::ExactSet(_) => LimitKind::ExactSet,
            Self::FailedValidations(_) => LimitKind::FailedValidations,
        }
    }

    /// What it is counted for: a domain, a name, or names with one space between them; nothing where there is only one.
    pub fn subject(&self) -> String {
        match self {
            Self::NewOrders => String::new(),
            Self::RegisteredDomain(domain) => domain.to_string(),
            Self::ExactSet(names) => {
                names.iter().map(DnsName::as_str).collect::<Vec<_>>().join(" ")
            }
            Self::FailedValidations(name) => name.to_string(),
        }
    }

    /// The bucket of this kind and subject, as [`Self::kind`] and [`Self::subject`] give them; `None` if it is no such subject.
    pub fn of(kind: LimitKind, subject: &str) -> Option<Self> {
        match kind {
            LimitKind::NewOrders => subject.is_empty().then_some(Self::NewOrders),
            LimitKind::RegisteredDomain => Some(Self::RegisteredDomain(subject.into())),
            LimitKind::ExactSet => {
                let names = subject.split(' ').map(str::parse).collect::<Result<Vec<_>, _>>();
                Some(Self::ExactSet(DnsNames::new(names.ok()?).ok()?))
            }
            LimitKind::FailedValidations => Some(Self::FailedValidations(subject.parse().ok()?)),
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NewOrders => self.kind().fmt(f),
            Self::RegisteredDomain(_) | Self::ExactSet(_) | Self::FailedValidations(_) => {
                write!(f, "{} ({})", self.kind(), self.subject())
            }
        }
    }
}

/// The domain that a name is registered as: one label more than a public suffix (<https://publicsuffix.org>), or the name itself where
/// it is one.
pub(super) fn registered_domain(name: &DnsName) -> &str {
    let host = name.as_str().strip_prefix("*.").unwrap_or(name.as_str());
    psl::domain_str(host).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registered_domain_is_one_label_more_than_a_public_suffix() {
        let cases = [
            ("shop.example.com", "example.com"),
            ("example.com", "example.com"),
            ("*.example.com", "example.com"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("me.github.io", "me.github.io"),
            ("www.me.github.io", "me.github.io"),
            ("github.io", "github.io"),
            ("a.shop.unknown-suffix", "shop.unknown-suffix"),
        ];
        for (name, domain) in cases {
            assert_eq!(registered_domain(&name.parse().unwrap()), domain, "{name}");
        }
    }

    #[test]
    fn a_bucket_is_found_again_by_kind_and_subject() {
        let names =
            DnsNames::new(["b.example", "a.example"].map(|name| name.parse().unwrap())).unwrap();
        let buckets = [
            (Bucket::NewOrders, ""),
            (Bucket::RegisteredDomain("shop.example".into()), "shop.example"),
            (Bucket::ExactSet(names), "a.example b.example"),
            (Bucket::FailedValidations("a.example".parse().unwrap()), "a.example"),
        ];
        for (bucket, subject) in buckets {
            assert_eq!(bucket.subject(), subject);
            assert_eq!(Bucket::of(bucket.kind(), subject), Some(bucket));
        }
        assert_eq!(Bucket::of(LimitKind::ExactSet, "a..b"), None);
        assert_eq!(Bucket::of(LimitKind::NewOrders, "whose?"), None);
    }
}
