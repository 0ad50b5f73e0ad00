use http::{Method, Uri};

use crate::directory::Directory;

/// What a request is for, as far as CAs bound it apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Endpoint {
    NewNonce,
    NewAccount,
    NewOrder,
    RevokeCert,
    RenewalInfo,
    Directory,
    /// An account, a key change, an order, an authorization, a challenge, a certificate.
    Other,
}

impl Endpoint {
    const MEMBERS: [(&str, Self); 3] = [
        ("newAccount", Self::NewAccount),
        ("newOrder", Self::NewOrder),
        ("revokeCert", Self::RevokeCert),
    ];

    /// Before there is a directory, nothing else is asked for.
    ///
    /// After that the method says most: HEAD is how a nonce is asked for (RFC 8555 §7.2), GET how renewal information is (RFC 9773
    /// §4.1), and all else is signed (RFC 8555 §6.3).
    pub(crate) fn of(method: &Method, uri: &Uri, directory: Option<&Directory>) -> Self {
        let Some(directory) = directory else { return Self::Directory };
        match *method {
            Method::HEAD => Self::NewNonce,
            Method::GET if is_renewal_info(uri, directory) => Self::RenewalInfo,
            _ => Self::of_signed(uri, directory),
        }
    }

    fn of_signed(uri: &Uri, directory: &Directory) -> Self {
        let is_at = |member| {
            directory.url(member).is_some_and(|url| url.parse().is_ok_and(|url: Uri| url == *uri))
        };
        let member = Self::MEMBERS.into_iter().find(|(member, _)| is_at(member));
        member.map_or(Self::Other, |(_, endpoint)| endpoint)
    }
}

fn is_renewal_info(uri: &Uri, directory: &Directory) -> bool {
    let base = directory.url("renewalInfo").map(|base| base.trim_end_matches('/'));
    base.is_some_and(|base| uri.to_string().starts_with(base))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// The paths are Boulder's.
    #[test]
    fn each_request_counts_at_the_endpoint_that_cas_count_it_at() {
        let url = "https://ca.example/directory".parse().unwrap();
        let body = r#"{"newNonce":"https://ca.example/acme/new-nonce","newAccount":"https://ca.example/acme/new-acct",
            "newOrder":"https://ca.example/acme/new-order","revokeCert":"https://ca.example/acme/revoke-cert",
            "keyChange":"https://ca.example/acme/key-change","renewalInfo":"https://ca.example/acme/renewal-info"}"#;
        let directory = Directory::parse(&url, Bytes::from(body)).unwrap();
        let (head, get, post) = (Method::HEAD, Method::GET, Method::POST);
        let cases = [
            ("a nonce", &head, "/acme/new-nonce", Endpoint::NewNonce),
            ("an account, new or found", &post, "/acme/new-acct", Endpoint::NewAccount),
            ("an order", &post, "/acme/new-order", Endpoint::NewOrder),
            ("a revocation", &post, "/acme/revoke-cert", Endpoint::RevokeCert),
            ("renewal information", &get, "/acme/renewal-info/aYhb.AIdl", Endpoint::RenewalInfo),
            ("another key", &post, "/acme/key-change", Endpoint::Other),
            ("an account's contacts", &post, "/acme/acct/7", Endpoint::Other),
            ("an order that is known", &post, "/acme/order/7/8", Endpoint::Other),
            ("an authorization", &post, "/acme/authz/7/9", Endpoint::Other),
            ("a challenge", &post, "/acme/chall/7/9/x", Endpoint::Other),
            ("a signing request", &post, "/acme/finalize/7/8", Endpoint::Other),
            ("a certificate", &post, "/acme/cert/ff", Endpoint::Other),
            ("an order that is called like a new one", &post, "/acme/new-order/1", Endpoint::Other),
            ("a page", &get, "/", Endpoint::Other),
        ];
        for (case, method, path, want) in cases {
            let uri = format!("https://ca.example{path}").parse().unwrap();
            assert_eq!(Endpoint::of(method, &uri, Some(&directory)), want, "{case}");
            assert_eq!(Endpoint::of(method, &uri, None), Endpoint::Directory, "{case}");
        }
    }

    #[test]
    fn a_host_is_the_same_in_capitals_and_a_slash_at_the_end_is_none_too_much() {
        let url = "https://ca.example/directory".parse().unwrap();
        let body = r#"{"newNonce":"https://ca.example/n","newAccount":"https://ca.example/a","newOrder":"https://ca.example/o",
            "renewalInfo":"https://ca.example/ari/"}"#;
        let directory = Directory::parse(&url, Bytes::from(body)).unwrap();
        let of = |method, url: &str| Endpoint::of(&method, &url.parse().unwrap(), Some(&directory));
        assert_eq!(of(Method::POST, "https://CA.example/o"), Endpoint::NewOrder);
        assert_eq!(of(Method::GET, "https://ca.example/ari/aYhb.AIdl"), Endpoint::RenewalInfo);
        assert_eq!(of(Method::POST, "https://ca.example/revoke"), Endpoint::Other, "not offered");
    }
}
