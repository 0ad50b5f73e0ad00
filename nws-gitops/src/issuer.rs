//! cert-manager's issuers, and which CA stands for each.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::CaName;

/// The issuer that an object names.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IssuerRef {
    /// As in `cert-manager.io`; others are served by programs of their own.
    pub group: String,
    /// As in `ClusterIssuer`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl IssuerRef {
    /// The group of cert-manager's own issuers.
    pub const GROUP: &str = "cert-manager.io";
    /// The kind of an issuer for one namespace, which is meant where none is stated.
    pub const ISSUER: &str = "Issuer";
    /// The kind of an issuer for all namespaces.
    pub const CLUSTER_ISSUER: &str = "ClusterIssuer";

    /// Whether cert-manager itself serves it.
    pub(crate) fn is_cert_managers(&self) -> bool {
        self.group == Self::GROUP && [Self::ISSUER, Self::CLUSTER_ISSUER].contains(&&*self.kind)
    }
}

impl fmt::Display for IssuerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)?;
        if self.group == Self::GROUP { Ok(()) } else { write!(f, " of {}", self.group) }
    }
}

/// An issuer as the operator names it: `ClusterIssuer/letsencrypt`, `Issuer/letsencrypt` (in whatever namespace), or `letsencrypt`
/// for both.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct IssuerName {
    kind: Option<&'static str>,
    name: Box<str>,
}

impl FromStr for IssuerName {
    type Err = InvalidIssuerName;

    fn from_str(text: &str) -> Result<Self, InvalidIssuerName> {
        let invalid = || InvalidIssuerName { found: text.into() };
        let (kind, name) = match text.split_once('/') {
            None => (None, text),
            Some((IssuerRef::ISSUER, name)) => (Some(IssuerRef::ISSUER), name),
            Some((IssuerRef::CLUSTER_ISSUER, name)) => (Some(IssuerRef::CLUSTER_ISSUER), name),
            Some(_) => return Err(invalid()),
        };
        let is_inner = |b: u8| b"-.".contains(&b) || b.is_ascii_lowercase() || b.is_ascii_digit();
        let is_name = !name.is_empty() && name.bytes().all(is_inner);
        is_name.then(|| Self { kind, name: name.into() }).ok_or_else(invalid)
    }
}

/// A text that names no issuer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} names no issuer; write for instance \"ClusterIssuer/letsencrypt\", \"Issuer/letsencrypt\", or \"letsencrypt\" for both"
)]
pub struct InvalidIssuerName {
    /// As written.
    pub found: String,
}

/// Which CA stands for which issuer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Issuers(BTreeMap<IssuerName, CaName>);

impl Issuers {
    /// The CA that stands for an issuer; what names its kind goes before what does not.
    pub fn ca(&self, issuer: &IssuerRef) -> Option<&CaName> {
        if !issuer.is_cert_managers() {
            return None;
        }
        let is_named = |named: &IssuerName| {
            *named.name == *issuer.name && named.kind.is_none_or(|k| k == issuer.kind)
        };
        let named = self.0.iter().filter(|(named, _)| is_named(named));
        named.max_by_key(|(named, _)| named.kind).map(|(_, ca)| ca)
    }

    /// The CAs that stand for one.
    pub fn cas(&self) -> impl Iterator<Item = (&IssuerName, &CaName)> {
        self.0.iter()
    }
}

impl FromIterator<(IssuerName, CaName)> for Issuers {
    fn from_iter<I: IntoIterator<Item = (IssuerName, CaName)>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(group: &str, kind: &str, name: &str) -> IssuerRef {
        IssuerRef { group: group.into(), kind: kind.into(), name: name.into() }
    }

    #[test]
    fn what_names_an_issuer() {
        for text in ["le", "Issuer/le.prod", "ClusterIssuer/le-1"] {
            assert!(text.parse::<IssuerName>().is_ok(), "{text}");
        }
        for text in ["", "Issuer/", "/le", "AWSPCAIssuer/le", "Issuer/shop/le", "LE", "l e"] {
            assert_eq!(text.parse::<IssuerName>(), Err(InvalidIssuerName { found: text.into() }));
        }
    }

    #[test]
    fn which_ca_stands_for_an_issuer() {
        let issuers: Issuers =
            [("le", "any"), ("ClusterIssuer/le", "cluster"), ("Issuer/own", "own")]
                .into_iter()
                .map(|(issuer, ca)| (issuer.parse().unwrap(), ca.parse().unwrap()))
                .collect();
        let cases = [
            (issuer(IssuerRef::GROUP, "ClusterIssuer", "le"), Some("cluster")),
            (issuer(IssuerRef::GROUP, "Issuer", "le"), Some("any")),
            (issuer(IssuerRef::GROUP, "Issuer", "own"), Some("own")),
            (issuer(IssuerRef::GROUP, "ClusterIssuer", "own"), None),
            (issuer(IssuerRef::GROUP, "Issuer", "other"), None),
            (issuer("awspca.cert-manager.io", "ClusterIssuer", "le"), None),
            (issuer(IssuerRef::GROUP, "Other", "le"), None),
        ];
        for (issuer, want) in cases {
            assert_eq!(issuers.ca(&issuer).map(CaName::as_str), want, "{issuer}");
        }
    }
}
