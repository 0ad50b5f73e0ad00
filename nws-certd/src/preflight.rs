//! Looking at the names of an order as a CA will, before it is asked.

use std::fmt;
use std::net::SocketAddr;

use async_trait::async_trait;
use nws_acme::AccountUrl;
use nws_challenge::Thumbprint;
use nws_expiry::{DnsName, DnsNames};

/// Looks at the names of an order as a CA will.
#[async_trait]
pub(crate) trait Onlooker: Send + Sync {
    /// Everything that is in the way; what cannot be found out is none of it.
    async fn look(&self, asked: &Asked) -> Findings;
}

/// What is looked at.
#[derive(Clone, Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "nobody looks before there is an onlooker"))]
pub(crate) struct Asked {
    /// The names of the order.
    pub(crate) names: DnsNames,
    /// The thumbprint of the account that it is for.
    pub(crate) thumbprint: Thumbprint,
    /// Who is to issue, as far as that is known without asking the CA.
    #[cfg_attr(test, expect(dead_code, reason = "nobody looks before there is an onlooker"))]
    pub(crate) issuer: Option<Issuer>,
}

/// A CA, as CAA records call it.
#[derive(Clone, Debug)]
#[expect(dead_code, reason = "nobody looks before there is an onlooker")]
pub(crate) struct Issuer {
    /// What it calls itself.
    pub(crate) identities: Vec<String>,
    /// Our account there.
    pub(crate) account: Option<AccountUrl>,
}

/// What was seen; nothing if all is well.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

/// One thing that is in the way.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// The name that it is about.
    pub(crate) name: DnsName,
    /// The address, if it is about one.
    pub(crate) address: Option<SocketAddr>,
    /// What the edge there calls itself.
    pub(crate) edge: Option<String>,
    /// How much it is in the way.
    pub(crate) weight: Weight,
    /// What it is, and what helps.
    pub(crate) fault: String,
}

/// How much something is in the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Weight {
    /// The CA would refuse.
    Refused,
    /// The CA may get by.
    Advisory,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(address) = self.address {
            write!(f, " at {address}")?;
        }
        if let Some(edge) = &self.edge {
            write!(f, " ({edge})")?;
        }
        write!(f, ": {}", self.fault)
    }
}
