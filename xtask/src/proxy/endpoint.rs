//! Which ACME resource a path of Pebble's stands for.

/// An ACME resource (RFC 8555 section 7.1, RFC 9773).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Endpoint {
    Directory,
    Nonce,
    NewAccount,
    Account,
    NewOrder,
    Order,
    Orders,
    Authorization,
    Challenge,
    Finalize,
    Certificate,
    Revocation,
    KeyChange,
    RenewalInfo,
    Other,
}

impl Endpoint {
    /// Pebble's paths are fixed and odd on purpose, so that clients read the directory; a proxy need not.
    pub(crate) fn of(path: &str) -> Self {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        match first {
            "dir" => Self::Directory,
            "nonce-plz" => Self::Nonce,
            "sign-me-up" => Self::NewAccount,
            "my-account" => Self::Account,
            "order-plz" => Self::NewOrder,
            "my-order" => Self::Order,
            "list-orderz" => Self::Orders,
            "authZ" => Self::Authorization,
            "chalZ" => Self::Challenge,
            "finalize-order" => Self::Finalize,
            "certZ" => Self::Certificate,
            "revoke-cert" => Self::Revocation,
            "rollover-account-key" => Self::KeyChange,
            _ if path.contains("/renewalInfo") => Self::RenewalInfo,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn every_path_of_pebble_is_known() {
        let cases = [
            ("/dir", Endpoint::Directory),
            ("/nonce-plz", Endpoint::Nonce),
            ("/sign-me-up", Endpoint::NewAccount),
            ("/my-account/1a2b", Endpoint::Account),
            ("/order-plz", Endpoint::NewOrder),
            ("/my-order/q_8-x", Endpoint::Order),
            ("/list-orderz/1a2b", Endpoint::Orders),
            ("/authZ/dHh0", Endpoint::Authorization),
            ("/chalZ/dHh0", Endpoint::Challenge),
            ("/finalize-order/q_8-x", Endpoint::Finalize),
            ("/certZ/3f00", Endpoint::Certificate),
            ("/revoke-cert", Endpoint::Revocation),
            ("/rollover-account-key", Endpoint::KeyChange),
            (
                "/draft-ietf-acme-ari-03/renewalInfo/aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
                Endpoint::RenewalInfo,
            ),
            ("/", Endpoint::Other),
            ("/order-plz-not", Endpoint::Other),
        ];
        for (path, endpoint) in cases {
            assert_eq!(Endpoint::of(path), endpoint, "{path}");
        }
    }
}
