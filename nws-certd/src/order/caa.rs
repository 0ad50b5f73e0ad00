//! What the owners of names say of who may issue for them, looked at before a CA is asked (RFC 8659).
//!
//! The CA decides; this only keeps us from asking one that will refuse, and from counting that as the name's failure. So what cannot
//! be looked up in time is no verdict.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::CAA;
use hickory_resolver::proto::rr::{RData, RecordType};
use nws_acme::AccountUrl;
use nws_acme::caa::{CaaObstacle, CaaRecord, CaaVerdict, permits};
use nws_expiry::{DnsName, DnsNames};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::debug;

use super::obstacles::domains;
use crate::failure::Causes;
use crate::resolver::Resolver;

/// For all names of an order, whatever resolvers and tries there are: a CA that knows more decides anyway.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who knows CAA records.
#[async_trait]
pub(crate) trait CaaZone: Send + Sync {
    /// The records at this very name, aliases followed; none if it has none, or does not exist.
    async fn records(&self, name: &str) -> Result<Vec<CaaRecord>, CaaFault>;
}

/// Why CAA records are not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaaFault {
    /// They are not signed as their zone says that they are.
    #[error("they fail DNSSEC")]
    Bogus,
    /// Name servers fail.
    #[error("name servers fail")]
    Servers,
    /// Nobody says, which may be so from here alone.
    #[error("DNS cannot be asked")]
    Unasked(#[source] NetError),
}

#[async_trait]
impl CaaZone for Resolver {
    async fn records(&self, name: &str) -> Result<Vec<CaaRecord>, CaaFault> {
        match self.lookup(name, RecordType::CAA).await {
            Ok(found) => Ok(found.answers().iter().filter_map(|one| record(&one.data)).collect()),
            Err(NetError::Dns(DnsError::NoRecordsFound(none)))
                if matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
            {
                Ok(Vec::new())
            }
            Err(error) if self.is_bogus(name, RecordType::CAA, &error).await => {
                Err(CaaFault::Bogus)
            }
            Err(NetError::Dns(DnsError::NoRecordsFound(_) | DnsError::ResponseCode(_))) => {
                Err(CaaFault::Servers)
            }
            Err(error) => Err(CaaFault::Unasked(error)),
        }
    }
}

fn record(data: &RData) -> Option<CaaRecord> {
    let RData::CAA(CAA { issuer_critical, reserved_flags, tag, value, .. }) = data else {
        return None; // the alias on the way to it
    };
    Some(CaaRecord {
        critical: *issuer_critical || reserved_flags & 1 == 1,
        tag: tag.clone(),
        value: String::from_utf8_lossy(value).into_owned(),
    })
}

/// That owners of names do not let the CA issue.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub(crate) struct Forbidden {
    refusals: Vec<Refusal>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Refusal {
    name: DnsName,
    /// Where the records are.
    owner: String,
    obstacle: CaaObstacle,
    /// What would let the CA issue.
    remedy: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, owner, obstacle, remedy } = self;
        write!(f, "{name}: {obstacle} (at {owner}); {remedy}")
    }
}

/// Asks about every name at once.
///
/// # Errors
///
/// [`Forbidden`] if records were found that keep the CA from issuing for one of the names.
pub(super) async fn look(
    zone: &Arc<dyn CaaZone>,
    names: &DnsNames,
    identities: &[String],
    account: &AccountUrl,
) -> Result<(), Forbidden> {
    let mut asked = JoinSet::new();
    for name in names {
        let (zone, name) = (zone.clone(), name.clone());
        asked.spawn(async move { (relevant(&*zone, &name).await, name) });
    }
    let mut refusals = Vec::new();
    let each = async {
        while let Some(found) = asked.join_next().await {
            if let Ok((Some((owner, records)), name)) = found
                && let CaaVerdict::Forbidden(obstacle) =
                    permits(&records, identities, Some(account))
            {
                let remedy = remedy(&obstacle, &owner, identities, Some(account));
                refusals.push(Refusal { name, owner, obstacle, remedy });
            }
        }
    };
    if timeout(PATIENCE, each).await.is_err() {
        debug!("not all CAA records were found in time; the CA decides");
    }
    // As they came is as chance had it, and the same refusal is told in the same words.
    refusals.sort_by(|one, other| one.name.cmp(&other.name));
    if refusals.is_empty() { Ok(()) } else { Err(Forbidden { refusals }) }
}

/// The first records on the way up from the name, and whose they are (RFC 8659 §3); or where they are not known, and why.
pub(crate) async fn climb(
    zone: &dyn CaaZone,
    name: &DnsName,
) -> Result<Option<(String, Vec<CaaRecord>)>, (String, CaaFault)> {
    for domain in domains(name.as_str()) {
        match zone.records(domain).await {
            Ok(records) if records.is_empty() => {}
            Ok(records) => return Ok(Some((domain.into(), records))),
            Err(error) => return Err((domain.into(), error)),
        }
    }
    Ok(None)
}

async fn relevant(zone: &dyn CaaZone, name: &DnsName) -> Option<(String, Vec<CaaRecord>)> {
    climb(zone, name).await.unwrap_or_else(|(at, error)| {
        debug!(%name, at, error = %Causes(&error), "CAA records are not known; the CA decides");
        None
    })
}

/// The record that lets a CA issue to our account alone; where that is not known, with `URL` in its place.
pub(crate) fn account_record(owner: &str, ca: &str, account: Option<&AccountUrl>) -> String {
    let account = account.map_or("URL", AccountUrl::as_str);
    format!("{owner}. CAA 0 issue \"{ca}; accounturi={account}\"")
}

/// The same, for who has to write it.
pub(crate) fn account_record_told(owner: &str, ca: &str, account: Option<&AccountUrl>) -> String {
    let where_it_is = match account {
        Some(_) => "",
        None => " (the account's URL is not known here; see nws-certd account show)",
    };
    account_record(owner, ca, account) + where_it_is
}

/// What lets a CA issue that records at `owner` keep from it, and nobody besides.
pub(crate) fn remedy(
    obstacle: &CaaObstacle,
    owner: &str,
    identities: &[String],
    account: Option<&AccountUrl>,
) -> String {
    let ca = identities.first().map_or("", String::as_str);
    match obstacle {
        CaaObstacle::Critical { .. } => "remove that record, or make it not critical".into(),
        CaaObstacle::Issuer { .. } => format!("add the record: {owner}. CAA 0 issue \"{ca}\""),
        CaaObstacle::Account { .. } => {
            format!("add the record: {}", account_record_told(owner, ca, account))
        }
        CaaObstacle::Method { .. } => {
            format!("add the record: {owner}. CAA 0 issue \"{ca}; validationmethods=http-01\"")
        }
    }
}

#[cfg(test)]
mod tests;
