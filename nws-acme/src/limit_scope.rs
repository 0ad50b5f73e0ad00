use http::HeaderMap;

use crate::link::links;

/// What a rate limit counts, and so what has to wait when it is reached.
///
/// Read from the anchor in the limit's documentation that the CA links to, never from its prose, which changes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum LimitScope {
    /// The new orders of the account.
    Account,
    /// The certificates of a registered domain, whoever orders them.
    RegisteredDomain,
    /// The certificates for exactly this set of names, whoever orders them.
    ExactSet,
    /// The failed validations of a name for the account.
    Identifier,
    /// What comes from our address: new accounts, or requests of any kind.
    Client,
    /// The CA does not say, or in a way that is not known.
    Unknown,
}

impl LimitScope {
    /// Parts of Let's Encrypt's anchors, today's and older ones; the first that is found decides.
    const ANCHORS: [(&str, Self); 9] = [
        ("exact-set", Self::ExactSet),
        ("duplicate-certificate", Self::ExactSet),
        ("registered-domain", Self::RegisteredDomain),
        ("authorization-failures", Self::Identifier),
        ("failed-validation", Self::Identifier),
        ("registrations", Self::Client),
        ("per-ip", Self::Client),
        ("overall-requests", Self::Client),
        ("orders-per-account", Self::Account),
    ];

    /// By the help that the headers link to, or else by the URL in the CA's words.
    pub(crate) fn of(headers: &HeaderMap, detail: Option<&str>) -> Self {
        let told = detail.into_iter().flat_map(str::split_ascii_whitespace);
        let known = links(headers, "help")
            .chain(told)
            .filter_map(anchor)
            .find_map(|anchor| Self::ANCHORS.into_iter().find(|(part, _)| anchor.contains(part)));
        known.map_or(Self::Unknown, |(_, scope)| scope)
    }
}

fn anchor(url: &str) -> Option<&str> {
    let (page, anchor) = url.split_once('#')?;
    page.contains("://").then_some(anchor)
}

#[cfg(test)]
mod tests {
    use http::header::LINK;

    use super::*;

    #[test]
    fn the_anchor_says_what_is_limited() {
        let page = "https://letsencrypt.org/docs/rate-limits/";
        let cases = [
            ("new-orders-per-account", LimitScope::Account),
            ("new-certificates-per-registered-domain", LimitScope::RegisteredDomain),
            ("new-certificates-per-exact-set-of-identifiers", LimitScope::ExactSet),
            ("new-certificates-per-exact-set-of-hostnames", LimitScope::ExactSet),
            ("authorization-failures-per-identifier-per-account", LimitScope::Identifier),
            (
                "consecutive-authorization-failures-per-identifier-per-account",
                LimitScope::Identifier,
            ),
            ("new-registrations-per-ip-address", LimitScope::Client),
            ("new-registrations-per-ipv6-range", LimitScope::Client),
            ("overall-requests-limit", LimitScope::Client),
            ("something-new-per-moon", LimitScope::Unknown),
        ];
        for (anchor, want) in cases {
            let link = format!("<{page}#{anchor}>;rel=\"help\"").parse().unwrap();
            let headers = HeaderMap::from_iter([(LINK, link)]);
            assert_eq!(LimitScope::of(&headers, None), want, "{anchor}, in a header");
            let detail = format!("too many, retry after then: see {page}#{anchor}");
            assert_eq!(
                LimitScope::of(&HeaderMap::new(), Some(&detail)),
                want,
                "{anchor}, in words"
            );
        }
    }

    #[test]
    fn words_alone_say_nothing() {
        let headers = HeaderMap::from_iter([(
            LINK,
            "<https://letsencrypt.org/docs/rate-limits>;rel=\"help\"".parse().unwrap(),
        )]);
        for detail in ["too many new orders (300) from this account", "#orders-per-account", ""] {
            assert_eq!(LimitScope::of(&headers, Some(detail)), LimitScope::Unknown, "{detail}");
        }
        let both = "see https://ca.example/limits#exact-set";
        assert_eq!(LimitScope::of(&headers, Some(both)), LimitScope::ExactSet, "no anchor there");
    }
}
