//! Every address of every name is asked for a token that only we answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration as StdDuration;

use async_trait::async_trait;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use nws_acme::Clock;
use nws_challenge::preflight::{Fault, Ipv6, Next, Rules, Visit, Weight, weigh};
use nws_challenge::{Answers, KeyAuthorization, Thumbprint, Token};
use nws_expiry::DnsName;
use time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::caa;
use super::probe::Probe;
use super::report::{AddressReport, NameReport};
use super::{Asked, Finding, Findings, Issuer, Obstruction, Onlooker};
use crate::config::{PreflightSettings, StatelessAnswers};
use crate::edges::{AddressZone, Addresses, LookupError};
use crate::order::CaaZone;
use crate::resolver::Resolver;

/// Addresses that are asked at a time, of all names that are looked at: descriptors are for validators first.
const AT_A_TIME: usize = 128;
/// The most addresses of a name that are asked; more than any DNS answer over UDP holds.
const MOST: usize = 32;
/// For a visit with all its redirects (Boulder gives its whole validation no longer).
const VISIT: StdDuration = StdDuration::from_secs(20);
/// For a look at all names, waiting for places included.
const LOOK: StdDuration = StdDuration::from_secs(30);
/// The token is answered for no longer, should the look be broken off: longer than any takes.
const ANSWERED: Duration = Duration::MINUTE;

/// Looks at names from here.
#[derive(Clone)]
pub(crate) struct Inspector {
    zone: Arc<dyn AddressZone>,
    caa: Arc<dyn CaaZone>,
    probe: Probe,
    answers: Answers,
    clock: Arc<dyn Clock>,
    rules: Rules,
    ipv6: Ipv6,
    /// A place for each address that is asked.
    places: Arc<Semaphore>,
}

/// What was seen of a name.
struct Seen {
    name: DnsName,
    /// Or why nothing was seen.
    sight: Result<Sight, &'static str>,
}

struct Sight {
    addresses: Result<Addresses, LookupError>,
    visits: Vec<Visited>,
    caa: caa::Seen,
}

impl Seen {
    fn nothing(name: &DnsName, why: &'static str) -> Self {
        Self { name: name.clone(), sight: Err(why) }
    }
}

/// What was seen at an address.
pub(super) struct Visited {
    pub(super) address: IpAddr,
    pub(super) edge: Option<String>,
    pub(super) verdict: Result<(), Fault>,
}

impl Inspector {
    /// # Errors
    ///
    /// If TLS cannot be set up.
    pub(crate) fn new(
        settings: &PreflightSettings,
        https_port: u16,
        dns: &Arc<Resolver>,
        (answers, clock): (&Answers, &Arc<dyn Clock>),
    ) -> Result<Self, rustls::Error> {
        let PreflightSettings { http_port, private_addresses, ipv6, .. } = *settings;
        Ok(Self {
            zone: dns.clone(),
            caa: dns.clone(),
            probe: Probe::new()?,
            answers: answers.clone(),
            clock: clock.clone(),
            rules: Rules { http_port, https_port, private_addresses },
            ipv6,
            places: Arc::new(Semaphore::new(AT_A_TIME)),
        })
    }

    /// What was seen of every name, in their order.
    pub(crate) async fn report(
        &self,
        asked: &Asked,
        stateless: StatelessAnswers,
    ) -> Vec<NameReport> {
        let guarded = match stateless {
            StatelessAnswers::Off => None,
            StatelessAnswers::KnownHosts | StatelessAnswers::Any => asked.issuer.as_ref(),
        };
        let seen = self.see(asked).await;
        seen.into_iter().map(|seen| self.report_of(seen, guarded)).collect()
    }

    /// With what CAA guards of it against other accounts, where that is asked for.
    fn report_of(&self, seen: Seen, guarded: Option<&Issuer>) -> NameReport {
        let mut report = NameReport { name: seen.name.to_string(), ..NameReport::default() };
        if let Ok(sight) = &seen.sight {
            let found = sight.addresses.as_ref();
            report.aliases = found.map(|found| found.aliases.clone()).unwrap_or_default();
            let visits = sight.visits.iter();
            report.addresses = visits.map(|one| AddressReport::of(self.port(), one)).collect();
            report.caa = sight.caa.records();
            let guard = guarded.map(|issuer| sight.caa.guard(&seen.name, issuer));
            report.account_guard = guard.as_ref().map(Into::into);
        }
        report.findings = self.findings(seen).iter().map(Into::into).collect();
        report
    }

    fn port(&self) -> u16 {
        self.rules.http_port
    }

    async fn see(&self, asked: &Asked) -> Vec<Seen> {
        let Some(question) = Question::put(self, &asked.thumbprint) else {
            let why = "more challenges are answered than there is room for";
            return asked.names.iter().map(|name| Seen::nothing(name, why)).collect();
        };
        let mut looks = JoinSet::new();
        for name in asked.names.iter().filter(|name| !name.is_wildcard()) {
            let (inspector, name) = (self.clone(), name.clone());
            let (issuer, expected) = (asked.issuer.clone(), question.0.clone());
            looks.spawn(async move {
                let both = async {
                    tokio::join!(
                        caa::look(&inspector.caa, &name, issuer.as_ref()),
                        inspector.visit_all(&name, &expected),
                    )
                };
                match timeout(LOOK, both).await {
                    Ok((caa, (addresses, visits))) => {
                        Seen { name, sight: Ok(Sight { addresses, visits, caa }) }
                    }
                    Err(_elapsed) => Seen::nothing(&name, "it took more than 30 s"),
                }
            });
        }
        let mut seen = looks.join_all().await;
        seen.sort_by(|one, other| one.name.cmp(&other.name));
        question.take_back(self);
        seen
    }

    async fn visit_all(
        &self,
        name: &DnsName,
        expected: &KeyAuthorization,
    ) -> (Result<Addresses, LookupError>, Vec<Visited>) {
        let addresses = self.zone.addresses(name).await;
        let mut visits = JoinSet::new();
        for &address in addresses.iter().flat_map(|found| &found.all).take(MOST) {
            let (inspector, expected, name) = (self.clone(), expected.clone(), name.clone());
            visits.spawn(async move { inspector.visit(&name, address, &expected).await });
        }
        let mut visits = visits.join_all().await;
        // As a CA goes about it: IPv6 first.
        visits.sort_by_key(|visited| (visited.address.is_ipv4(), visited.address));
        (addresses, visits)
    }

    async fn visit(&self, name: &DnsName, address: IpAddr, expected: &KeyAuthorization) -> Visited {
        // Never closed.
        let _place = self.places.acquire().await;
        let deadline = Instant::now() + VISIT;
        let mut edge = None;
        let mut next = Visit::begin(self.rules, name.as_str(), address, expected);
        loop {
            next = match next {
                Next::Done(verdict) => return Visited { address, edge, verdict },
                Next::Find(host, visit) => visit.found(&self.find(&host).await),
                Next::Ask(ask, visit) => {
                    let heeded = self.probe.ask(&ask, deadline).await;
                    edge = edge.or(heeded.edge);
                    visit.answered(heeded.answer)
                }
            };
        }
    }

    /// The addresses of a redirect's host; none where they are not known.
    async fn find(&self, host: &str) -> Vec<IpAddr> {
        let Ok(name) = host.parse::<DnsName>() else { return Vec::new() };
        self.zone.addresses(&name).await.map(|found| found.all).unwrap_or_default()
    }

    fn findings(&self, seen: Seen) -> Vec<Finding> {
        let Seen { name, sight } = seen;
        let of_name = |weight, obstruction| Finding {
            name: name.clone(),
            address: None,
            edge: None,
            weight,
            obstruction,
        };
        let Sight { addresses, visits, caa } = match sight {
            Ok(sight) => sight,
            Err(why) => return vec![of_name(Weight::Refused, Obstruction::NotSeen { why })],
        };
        let mut findings = Vec::new();
        if let Err(error) = addresses {
            findings.push(of_name(weight_of(&error), Obstruction::Addresses(error)));
        }
        findings.extend(caa.obstruction().map(|(weight, it)| of_name(weight, it)));
        findings.extend(self.at_addresses(&name, visits));
        findings
    }

    fn at_addresses(&self, name: &DnsName, visits: Vec<Visited>) -> Vec<Finding> {
        let verdicts: Vec<_> =
            visits.iter().map(|one| (one.address, one.verdict.clone())).collect();
        let weights = weigh(&verdicts, self.ipv6);
        let weight =
            |address| weights.iter().find(|(of, _)| *of == address).map(|(_, weight)| *weight);
        let finding = |one: Visited| {
            let fault = one.verdict.err()?;
            Some(Finding {
                name: name.clone(),
                address: Some((one.address, self.port()).into()),
                edge: one.edge,
                weight: weight(one.address)?,
                obstruction: Obstruction::Edge(fault),
            })
        };
        visits.into_iter().filter_map(finding).collect()
    }
}

/// A name that resolvers do not tell of may be known to others.
fn weight_of(error: &LookupError) -> Weight {
    match error {
        LookupError::NoAddresses { .. }
        | LookupError::NoSuchName { .. }
        | LookupError::ServerFailure { .. }
        | LookupError::Bogus { .. } => Weight::Refused,
        LookupError::Wildcard { .. }
        | LookupError::TimedOut { .. }
        | LookupError::Unasked { .. } => Weight::Advisory,
    }
}

/// A token that is answered while it is asked for.
struct Question(KeyAuthorization);

impl Question {
    /// `None` where there is no room for it.
    fn put(inspector: &Inspector, thumbprint: &Thumbprint) -> Option<Self> {
        let bytes: [u8; 32] = rand::random();
        let token: Token = BASE64_URL_SAFE_NO_PAD.encode(bytes).parse().ok()?;
        let authorization = KeyAuthorization::new(&token, thumbprint);
        let until = inspector.clock.now() + ANSWERED;
        inspector.answers.put(authorization.clone(), until).ok()?;
        Some(Self(authorization))
    }

    fn take_back(self, inspector: &Inspector) {
        inspector.answers.withdraw(self.0.token());
    }
}

#[async_trait]
impl Onlooker for Inspector {
    async fn look(&self, asked: &Asked) -> Findings {
        let seen = self.see(asked).await;
        Findings(seen.into_iter().flat_map(|seen| self.findings(seen)).collect())
    }
}

#[cfg(test)]
mod tests;
