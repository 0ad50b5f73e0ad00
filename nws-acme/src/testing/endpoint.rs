use serde_json::{Value, json};

use super::faults::Faults;
use super::state::HOST;

/// What a [`FakeCa`](crate::testing::FakeCa) is asked for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Endpoint {
    /// The directory.
    Directory,
    /// A nonce.
    NewNonce,
    /// A new account, or the one of a key.
    NewAccount,
    /// An account being changed.
    Account,
    /// Another key for an account.
    KeyChange,
    /// A new order.
    NewOrder,
    /// An order.
    Order,
    /// An authorization.
    Authorization,
    /// A challenge being offered.
    Challenge,
    /// A signing request.
    Finalize,
    /// A certificate.
    Certificate,
    /// The same with another chain.
    Alternate,
    /// Renewal information.
    RenewalInfo,
    /// A certificate being revoked.
    RevokeCert,
}

impl Endpoint {
    const ALL: [Self; 14] = [
        Self::Directory,
        Self::NewNonce,
        Self::NewAccount,
        Self::Account,
        Self::KeyChange,
        Self::NewOrder,
        Self::Order,
        Self::Authorization,
        Self::Challenge,
        Self::Finalize,
        Self::Certificate,
        Self::Alternate,
        Self::RenewalInfo,
        Self::RevokeCert,
    ];

    /// The path, before the id where it has one.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Directory => "/directory",
            Self::NewNonce => "/new-nonce",
            Self::NewAccount => "/new-account",
            Self::Account => "/account/",
            Self::KeyChange => "/key-change",
            Self::NewOrder => "/new-order",
            Self::Order => "/order/",
            Self::Authorization => "/authorization/",
            Self::Challenge => "/challenge/",
            Self::Finalize => "/finalize/",
            Self::Certificate => "/certificate/",
            Self::Alternate => "/alternate/",
            Self::RenewalInfo => "/renewal-info/",
            Self::RevokeCert => "/revoke-cert",
        }
    }

    /// Where it is, before the id where it has one.
    pub(super) fn url(self) -> String {
        format!("{HOST}{}", self.path())
    }

    /// The directory's document.
    pub(super) fn directory(faults: &Faults) -> Value {
        let identity = faults.caa_identity.as_deref().unwrap_or("ca.test");
        let mut document = json!({
            "newNonce": Self::NewNonce.url(),
            "newAccount": Self::NewAccount.url(),
            "newOrder": Self::NewOrder.url(),
            "revokeCert": Self::RevokeCert.url(),
            "keyChange": Self::KeyChange.url(),
            "meta": { "profiles": { "classic": "the only one" }, "caaIdentities": [identity] },
            "kFq3xT0": "a member that means nothing, as Let's Encrypt has",
        });
        if !faults.no_renewal_info {
            document["renewalInfo"] = Self::RenewalInfo.url().trim_end_matches('/').into();
        }
        document
    }

    /// The endpoint of a path, with the number in it; 0 where it has none.
    pub(super) fn of(path: &str) -> Option<(Self, usize)> {
        Self::ALL.into_iter().find_map(|endpoint| match path.strip_prefix(endpoint.path())? {
            "" => (!endpoint.path().ends_with('/')).then_some((endpoint, 0)),
            _ if endpoint == Self::RenewalInfo => Some((endpoint, 0)),
            id => Some((endpoint, id.parse().ok()?)),
        })
    }
}
