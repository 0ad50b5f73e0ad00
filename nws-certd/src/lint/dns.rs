//! Whether CAA keeps other accounts of the CA from the names that are wanted: `--dns`.
//!
//! It is asked for apart, as what DNS says changes without a commit, and a hook or a CI job may have no network. What a CA is called in
//! records stands in its directory alone, so that is asked, too; our account's URL stands in the daemon's state, which is not here.

use std::collections::BTreeMap;
use std::sync::Arc;

use nws_acme::Clock;
use nws_expiry::DnsName;
use nws_gitops::CaName;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::report::{FindingReport, LintReport, SourceReport, WantedReport};
use crate::config::{Config, StatelessAnswers};
use crate::guard::Guard;
use crate::open::{OpenError, cas};
use crate::order::CaaZone;
use crate::preflight::{Issuer, guard};
use crate::resolver::Resolver;

/// Names that are asked about at a time: a resolver is to stay well while a large repository is looked at.
const AT_A_TIME: usize = 32;

/// A name, and where it is wanted first.
#[derive(Clone)]
struct Host {
    name: DnsName,
    source: SourceReport,
    /// Of several CAs the one that an order would go to first.
    issuer: Arc<Issuer>,
}

/// Adds what is missing to the findings; nothing unless `challenge.stateless` answers for names without an order.
///
/// # Errors
///
/// If CAs and DNS cannot be asked as they are configured. One that does not answer is a finding.
pub(crate) async fn ask_dns(
    report: &mut LintReport,
    config: &Config,
    clock: &dyn Clock,
) -> Result<(), OpenError> {
    match config.challenge.stateless {
        StatelessAnswers::Off => return Ok(()),
        StatelessAnswers::KnownHosts | StatelessAnswers::Any => {}
    }
    let issuers = issuers(config, clock).await?;
    let zone: Arc<dyn CaaZone> = Arc::new(Resolver::new(&config.edges.resolvers)?);
    let hosts = hosts(&report.wanted, |want| {
        let place = config.cas.iter().position(|ca| may_come_from(want, ca.name.as_ref()));
        issuers.get(place?).cloned()
    });
    report.warn(look(&zone, hosts).await);
    Ok(())
}

fn may_come_from(want: &WantedReport, ca: Option<&CaName>) -> bool {
    want.cas.is_empty() || ca.is_some_and(|ca| want.cas.contains(ca))
}

/// What CAA records call the CAs.
async fn issuers(config: &Config, clock: &dyn Clock) -> Result<Vec<Arc<Issuer>>, OpenError> {
    let mut issuers = Vec::new();
    for ca in cas(config)? {
        // Of one that is not to be had it is not known.
        let _ = ca.read_directory(clock).await;
        issuers.push(Arc::new(Issuer { identities: ca.caa_identities(), account: None }));
    }
    Ok(issuers)
}

/// Each name once. A wildcard is not validated over HTTP.
fn hosts(
    wanted: &[WantedReport],
    issuer: impl Fn(&WantedReport) -> Option<Arc<Issuer>>,
) -> Vec<Host> {
    let mut hosts: BTreeMap<DnsName, Host> = BTreeMap::new();
    for want in wanted {
        let (Some(source), Some(issuer)) = (want.wanted_by.first(), issuer(want)) else { continue };
        for name in want.names.iter().filter(|name| !name.is_wildcard()) {
            let (source, issuer) = (source.clone(), issuer.clone());
            let host = || Host { name: name.clone(), source, issuer };
            hosts.entry(name.clone()).or_insert_with(host);
        }
    }
    hosts.into_values().collect()
}

/// What is to be said of the names; what is the same for several is said of the first.
async fn look(zone: &Arc<dyn CaaZone>, hosts: Vec<Host>) -> Vec<FindingReport> {
    let (places, mut looks) = (Arc::new(Semaphore::new(AT_A_TIME)), JoinSet::new());
    for host in hosts {
        let (zone, places) = (zone.clone(), places.clone());
        looks.spawn(async move {
            // Never closed.
            let _place = places.acquire().await;
            let guard = guard(&zone, &host.name, &host.issuer).await;
            (host, guard)
        });
    }
    let mut looked = looks.join_all().await;
    looked.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let mut said: BTreeMap<String, FindingReport> = BTreeMap::new();
    for (host, guard) in looked {
        let Some(kind) = kind(&guard) else { continue };
        said.entry(guard.to_string()).or_insert_with(|| host.finding(kind, &guard));
    }
    said.into_values().collect()
}

fn kind(guard: &Guard) -> Option<&'static str> {
    match guard {
        Guard::Closed => None,
        Guard::Open(_) => Some("no-accounturi"),
        Guard::Unknown(_) => Some("accounturi-unknown"),
    }
}

impl Host {
    fn finding(&self, kind: &'static str, guard: &Guard) -> FindingReport {
        let SourceReport { path, document, field, .. } = &self.source;
        FindingReport {
            severity: "warning",
            kind,
            path: Some(path.clone()),
            document: Some(*document),
            field: Some(field.clone()),
            text: format!("{}: {guard}", self.name),
            location: format!("{path}, document {document}, {field}"),
        }
    }
}

#[cfg(test)]
mod tests;
