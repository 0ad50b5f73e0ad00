//! Looking at the names of an order as a CA will, before it is asked.
//!
//! A CA asks one address of a name from each of its vantage points, so one bad edge out of three fails most validations, and a few
//! failures lock a name. Here every address is asked, for a token that only this installation answers; it costs the CA nothing.

mod caa;
mod examiner;
mod inspector;
mod probe;
mod report;

use std::fmt;
use std::net::SocketAddr;

use async_trait::async_trait;
use nws_acme::AccountUrl;
use nws_acme::caa::CaaObstacle;
use nws_challenge::Thumbprint;
use nws_challenge::preflight::Fault;
pub(crate) use nws_challenge::preflight::Weight;
use nws_expiry::{DnsName, DnsNames};

pub(crate) use self::caa::guard;
pub(crate) use self::examiner::Examiner;
pub(crate) use self::inspector::Inspector;
pub(crate) use self::report::PreflightReport;

use crate::edges::LookupError;

/// Looks at the names of an order as a CA will.
#[async_trait]
pub(crate) trait Onlooker: Send + Sync {
    /// Everything that is in the way; what cannot be found out is none of it.
    async fn look(&self, asked: &Asked) -> Findings;
}

/// What is looked at.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The names of the order.
    pub(crate) names: DnsNames,
    /// The thumbprint of the account that it is for.
    pub(crate) thumbprint: Thumbprint,
    /// Who is to issue, where that is to be judged: an order does that itself, as it may go to another CA then.
    pub(crate) issuer: Option<Issuer>,
}

/// A CA, as CAA records call it.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    /// What it calls itself.
    pub(crate) identities: Vec<String>,
    /// Our account there.
    pub(crate) account: Option<AccountUrl>,
}

/// What was seen; nothing if all is well.
#[derive(Debug, Default)]
pub(crate) struct Findings(pub(crate) Vec<Finding>);

/// One thing that is in the way.
#[derive(Debug)]
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
    pub(crate) obstruction: Obstruction,
}

/// What is in the way.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Obstruction {
    /// Its addresses are not known.
    #[error(transparent)]
    Addresses(LookupError),
    /// Its CAA records are not known; a CA that finds no more refuses (RFC 8659 §3).
    #[error("the CAA records at {owner} {why}; check the zone's name servers")]
    Caa {
        /// Where they would be.
        owner: String,
        /// How that was told.
        why: CaaFailure,
    },
    /// They do not let the CA issue.
    #[error("{obstacle} (at {owner}); {remedy}")]
    Forbidden {
        /// Where they are.
        owner: String,
        /// What is in the way.
        obstacle: CaaObstacle,
        /// What would let it issue.
        remedy: String,
    },
    /// Nothing was seen of it, so that nothing is known to be well.
    #[error("was not looked at, as {why}; it is looked at again")]
    NotSeen {
        /// Why.
        why: &'static str,
    },
    /// An address does not answer as it should.
    #[error("{0}")]
    Edge(Fault),
}

/// How it was told that CAA records are not known.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum CaaFailure {
    /// Servers fail.
    #[error("are not to be had, as name servers fail")]
    Servers,
    /// What they have is not signed as it should be.
    #[error("fail DNSSEC")]
    Bogus,
    /// Nobody answered in time, which may be so from here alone.
    #[error("were not told in time")]
    TimedOut,
}

impl Obstruction {
    /// Where it is written that a CA refuses then.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::Addresses(LookupError::Bogus { .. })
            | Self::Caa { why: CaaFailure::Bogus, .. } => {
                "CA/Browser Forum Baseline Requirements 3.2.2.4, 3.2.2.8.1: DNSSEC is validated"
            }
            Self::Addresses(_) => "RFC 8555 section 8.3: the name is looked up in DNS",
            Self::Caa { .. } | Self::Forbidden { .. } => "RFC 8659 section 3: CAA",
            Self::Edge(fault) => fault.rule(),
            Self::NotSeen { .. } => "none: it has to be looked at",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, edge, obstruction, .. } = self;
        match (obstruction, self.address) {
            // Which name it is is a part of what it says.
            (Obstruction::Addresses(error), _) => error.fmt(f),
            (_, None) => write!(f, "{name}: {obstruction}"),
            (_, Some(address)) => {
                let edge = edge.as_ref().map_or_else(String::new, |edge| format!(" ({edge})"));
                write!(f, "{name} at {address}{edge} {obstruction}")
            }
        }
    }
}
