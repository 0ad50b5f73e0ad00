//! The addresses of a name, as DNS has them now.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::CNAME;
use hickory_resolver::proto::rr::{RData, Record, RecordType};
use nws_expiry::DnsName;
use tokio::time::timeout;
use tracing::warn;

use crate::resolver::Resolver;

/// For a name, whatever resolvers, transports and tries there are.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is known of the addresses of a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Addresses {
    /// Sorted, IPv4 first; at least one.
    pub(crate) all: Vec<IpAddr>,
    /// Whether these are all there are: those of one family may not be to be had.
    pub(crate) is_whole: bool,
    /// The names that it leads to them by, in this order.
    pub(crate) aliases: Vec<String>,
}

/// Who knows the addresses of names.
#[async_trait]
pub(crate) trait AddressZone: Send + Sync {
    /// The addresses of a name.
    ///
    /// Those of one family are worth having where the other's are not to be had, as they are to a CA.
    async fn addresses(&self, name: &DnsName) -> Result<Addresses, LookupError>;
}

#[async_trait]
impl AddressZone for Resolver {
    async fn addresses(&self, name: &DnsName) -> Result<Addresses, LookupError> {
        if name.is_wildcard() {
            return Err(LookupError::Wildcard { name: name.clone() });
        }
        let ask = async |kind| match self.lookup(name.as_str(), kind).await {
            Err(error) if self.is_bogus(name.as_str(), kind, &error).await => {
                Err(LookupError::Bogus { name: name.clone() })
            }
            answer => answer.map_err(|error| LookupError::of(name, error)),
        };
        let both = async { tokio::join!(ask(RecordType::A), ask(RecordType::AAAA)) };
        let Ok((v4, v6)) = timeout(PATIENCE, both).await else {
            return Err(LookupError::TimedOut { name: name.clone() });
        };
        let (mut found, mut aliases, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        for answer in [v4, v6] {
            match answer {
                Ok(lookup) => {
                    let all = lookup.answers().iter();
                    found.extend(all.clone().filter_map(|record| record.data.ip_addr()));
                    aliases = all.filter_map(alias).collect();
                }
                Err(error) => faults.push(error),
            }
        }
        Ok(Addresses { aliases, ..weigh(name, found, faults)? })
    }
}

/// What a name is another one for, without the last dot.
fn alias(record: &Record) -> Option<String> {
    let RData::CNAME(CNAME(canonical)) = &record.data else { return None };
    Some(canonical.to_ascii().trim_end_matches('.').to_owned())
}

fn weigh(
    name: &DnsName,
    mut all: Vec<IpAddr>,
    faults: Vec<LookupError>,
) -> Result<Addresses, LookupError> {
    all.sort_unstable();
    all.dedup();
    let worst = faults.into_iter().max_by_key(LookupError::weight);
    match worst {
        None if all.is_empty() => Err(LookupError::NoAddresses { name: name.clone() }),
        None => Ok(Addresses { all, is_whole: true, aliases: Vec::new() }),
        Some(error) if all.is_empty() => Err(error),
        Some(error) if error.is_answer() => {
            Ok(Addresses { all, is_whole: true, aliases: Vec::new() })
        }
        Some(error) => {
            warn!(%name, %error, "the addresses of one family are not known");
            Ok(Addresses { all, is_whole: false, aliases: Vec::new() })
        }
    }
}

/// Why no address of a name is known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookupError {
    /// A wildcard stands for many names and has no address itself.
    #[error("{name} is a wildcard, which has no edges of its own; ask for a host name below it")]
    Wildcard {
        /// The name.
        name: DnsName,
    },
    /// It has other records, or names below it.
    #[error("{name} has no address; create A or AAAA records that point at the edges")]
    NoAddresses {
        /// The name.
        name: DnsName,
    },
    /// NXDOMAIN (RFC 8020), of it or of what it is an alias of.
    #[error("{name} does not exist in DNS; create A or AAAA records that point at the edges")]
    NoSuchName {
        /// The name.
        name: DnsName,
    },
    /// Nobody answered.
    #[error("no answer from DNS for {name}; check edges.resolvers, and the zone's name servers")]
    TimedOut {
        /// The name.
        name: DnsName,
    },
    /// The resolvers answered that they cannot, or will not, say.
    #[error(
        "DNS fails for {name} ({code}); check the zone's name servers and its DNSSEC, and edges.resolvers"
    )]
    ServerFailure {
        /// The name.
        name: DnsName,
        /// How it said so.
        code: ResponseCode,
    },
    /// Resolvers have an answer, and it is not signed as its zone says that it is.
    #[error(
        "{name} fails DNSSEC, so that no CA takes its records; have the zone signed anew, or its DS records corrected at the registrar"
    )]
    Bogus {
        /// The name.
        name: DnsName,
    },
    /// The question could not be asked, or the answer not be understood.
    #[error("cannot ask DNS for {name}; check edges.resolvers, and this host's network")]
    Unasked {
        /// The name.
        name: DnsName,
        /// Why.
        source: NetError,
    },
}

impl LookupError {
    fn of(name: &DnsName, error: NetError) -> Self {
        let name = name.clone();
        match error {
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => Self::NoSuchName { name },
                ResponseCode::NoError => Self::NoAddresses { name },
                code => Self::ServerFailure { name, code },
            },
            NetError::Dns(DnsError::ResponseCode(code)) => Self::ServerFailure { name, code },
            NetError::Timeout => Self::TimedOut { name },
            source => Self::Unasked { name, source },
        }
    }

    /// Whether DNS says that there is none, and not that it does not say.
    pub(crate) fn is_answer(&self) -> bool {
        match self {
            Self::NoAddresses { .. } | Self::NoSuchName { .. } => true,
            Self::Wildcard { .. }
            | Self::TimedOut { .. }
            | Self::ServerFailure { .. }
            | Self::Bogus { .. }
            | Self::Unasked { .. } => false,
        }
    }

    /// Which of two is told: that a name does not exist holds for both families, and a failure says more than an empty answer.
    fn weight(&self) -> u8 {
        match self {
            Self::NoAddresses { .. } => 0,
            Self::Unasked { .. } => 1,
            Self::TimedOut { .. } => 2,
            Self::ServerFailure { .. } => 3,
            Self::NoSuchName { .. } => 4,
            Self::Bogus { .. } => 5,
            Self::Wildcard { .. } => 6,
        }
    }
}
