//! Settings that have a shape of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::num::{NonZeroU16, NonZeroUsize};
use std::str::FromStr;

use nws_gitops::{
    Author, CaName, CertManager, Discover, InvalidCaName, InvalidIssuerName, IssuerName, Issuers,
    NamePattern, Opting, SealGroup, SharedHosts,
};
use serde::{Deserialize, Deserializer, de};

use super::read::Reader;
use super::roles::Role;
use super::targets::targets;

/// Orders that run at a time: enough to keep a CA's round trips overlapped, far below its request limits.
pub(super) const EIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);

/// The port of `https` (RFC 9110 §4.2.2).
pub(super) const HTTPS: NonZeroU16 = NonZeroU16::MIN.saturating_add(442);

/// `terms_agreed = true`, and nothing else.
pub(super) struct TermsAgreed;

impl<'de> Deserialize<'de> for TermsAgreed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if bool::deserialize(deserializer)? {
            return Ok(Self);
        }
        Err(de::Error::custom(
            "is false; no CA issues before its terms of service are agreed to: read them, then write true",
        ))
    }
}

/// One of several values, by its word; the first where nothing is said.
pub(super) fn choice<T, const N: usize>(
    from: &mut Reader,
    key: &str,
    all: [(&str, T); N],
) -> Option<T> {
    let words = all.each_ref().map(|(word, _)| format!("{word:?}"));
    let none_of = |said: &str| match &words[..] {
        [one, other] => format!("{said} is neither {one} nor {other}"),
        words => format!("{said} is none of {}", words.join(", ")),
    };
    let said = from.optional_word(key, none_of)?;
    let chosen = all.into_iter().find(|(word, _)| said.as_deref().is_none_or(|said| said == *word));
    if let (None, Some(said)) = (&chosen, said) {
        from.fault(key, none_of(&format!("{said:?}")));
    }
    chosen.map(|(_, value)| value)
}

/// `cas` are the names of those that are configured, `groups` those that the files of each repository are told apart for; `None` if that
/// is not known.
pub(super) fn discover(
    from: &mut Reader,
    cas: Option<BTreeSet<CaName>>,
    roles: Option<&[Role]>,
    groups: Option<Vec<Vec<SealGroup>>>,
) -> Option<Discover> {
    let include = from.texts("discover.include");
    let exclude = from.texts("discover.exclude");
    let cert_managers = [("skip", CertManager::Skip), ("adopt", CertManager::Adopt)];
    let cert_manager = choice(from, "discover.cert_manager", cert_managers);
    let modes = [("all", Opting::All), ("opted-in", Opting::OptedIn)];
    let mode = choice(from, "discover.mode", modes);
    let issuers = issuers(from, cas.as_ref());
    let allow: Option<Vec<NamePattern>> = from.texts("names.allow");
    let shared = [("refuse", SharedHosts::Refuse), ("allow", SharedHosts::Allow)];
    let shared_hosts = choice(from, "names.shared", shared);
    let targets = targets(from, roles, groups);
    let silent = roles?.iter().filter(|role| !role.wants).map(|role| role.name.clone());
    Some(Discover {
        cas: cas.unwrap_or_default(),
        mode: mode?,
        issuers: issuers?,
        include: include?,
        exclude: exclude?,
        cert_manager: cert_manager?,
        allow: allow?.into_iter().collect(),
        shared_hosts: shared_hosts?,
        targets: targets?,
        nothing_wanted_in: silent.collect(),
    })
}

/// Which of the configured CAs stands for which issuer of cert-manager's.
fn issuers(from: &mut Reader, cas: Option<&BTreeSet<CaName>>) -> Option<Issuers> {
    const KEY: &str = "discover.issuers";
    let written = from.optional::<BTreeMap<String, String>>(KEY)?.unwrap_or_default();
    // Every one is looked at, so that every fault is kept.
    let all: Vec<_> = written
        .iter()
        .map(|(issuer, ca)| {
            one_issuer(issuer, ca, cas).map_err(|reason| from.fault(KEY, reason)).ok()
        })
        .collect();
    all.into_iter().collect()
}

fn one_issuer(
    issuer_text: &str,
    ca: &str,
    cas: Option<&BTreeSet<CaName>>,
) -> Result<(IssuerName, CaName), String> {
    let issuer: IssuerName =
        issuer_text.parse().map_err(|error: InvalidIssuerName| error.to_string())?;
    let ca: CaName = ca.parse().map_err(|error: InvalidCaName| error.to_string())?;
    if cas.is_some_and(|cas| !cas.contains(&ca)) {
        return Err(format!(
            "gives {issuer_text:?} to the CA {ca}, which no [ca] is called; write ca.name = \"{ca}\" at the one that is meant"
        ));
    }
    Ok((issuer, ca))
}

/// An address as it is written in a list.
struct Address(SocketAddr);

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no address with a port; write for instance \"192.0.2.1:53\" or \"[::]:8089\"")]
struct NoAddress(String);

impl FromStr for Address {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        text.parse().map(Self).map_err(|_| NoAddress(text.into()))
    }
}

/// `Some(None)`: the key is absent.
pub(super) fn addresses(from: &mut Reader, key: &str) -> Option<Option<Vec<SocketAddr>>> {
    let addresses = from.optional_texts(key)?;
    Some(addresses.map(|all| all.into_iter().map(|Address(address)| address).collect()))
}

/// The address of an edge.
pub(super) struct EdgeAddress(pub(super) IpAddr);

impl FromStr for EdgeAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || {
            format!(
                "{text:?} is no IP address; write for instance \"203.0.113.1\" or \"2001:db8::1\""
            )
        };
        text.parse().map(Self).map_err(|_| invalid())
    }
}

/// Addresses to listen on; a table that is there but listens nowhere is a mistake.
pub(super) fn not_empty(
    from: &mut Reader,
    key: &str,
    listen: Vec<SocketAddr>,
) -> Option<Vec<SocketAddr>> {
    if listen.is_empty() {
        from.fault(key, "is empty; write at least one address, for instance [\"[::]:8089\"]");
        return None;
    }
    Some(listen)
}

/// `Name <address>`, as git writes it.
pub(super) fn author(from: &mut Reader, key: &str) -> Option<Author> {
    let text: String = from.or(key, "nws-certd <nws-certd@localhost>".into())?;
    let parts = text.strip_suffix('>').and_then(|text| text.split_once(" <"));
    let author = match parts {
        None => Err(format!("{text:?} is no author; write \"Name <address>\"")),
        Some((name, address)) => Author::new(name, address).map_err(|error| error.to_string()),
    };
    author.map_err(|reason| from.fault(key, reason)).ok()
}
