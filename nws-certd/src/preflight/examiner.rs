//! What an operator wants to know of names, before anything is ordered for them or whether it ever is.

use std::collections::BTreeMap;
use std::sync::Arc;

use nws_acme::Clock;
use nws_expiry::{DnsName, DnsNames};

use super::report::NameReport;
use super::{Asked, Inspector, Issuer, PreflightReport};
use crate::authority::Authority;
use crate::config::StatelessAnswers;
use crate::report::Report;

/// Looks at names for whoever asks.
#[derive(Clone)]
pub(crate) struct Examiner {
    inspector: Inspector,
    authorities: Vec<Arc<Authority>>,
    stateless: StatelessAnswers,
    clock: Arc<dyn Clock>,
}

impl Examiner {
    pub(crate) fn new(
        inspector: Inspector,
        authorities: Vec<Arc<Authority>>,
        stateless: StatelessAnswers,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inspector, authorities, stateless, clock }
    }

    /// What would come of an order for these names: each from the CA that its next order goes to by the plan, as far as there is one,
    /// else from the first.
    pub(crate) async fn examine(
        &self,
        names: DnsNames,
        planned: Option<&Report>,
    ) -> Result<PreflightReport, String> {
        let mut by_ca: BTreeMap<usize, Vec<DnsName>> = BTreeMap::new();
        for name in &names {
            by_ca.entry(self.place_for(name, planned)).or_default().push(name.clone());
        }
        let mut reports = Vec::new();
        for (place, names) in by_ca {
            let authority = self.authorities.get(place).ok_or("no CA is configured")?;
            let names = DnsNames::new(names).map_err(|error| error.to_string())?;
            reports.extend(self.examine_at(authority, names).await);
        }
        if reports.is_empty() {
            return Err("nothing was looked at, as wildcards are not validated over HTTP; ask for host names".into());
        }
        reports.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(PreflightReport::new(reports))
    }

    /// What is seen of these names, with the eyes of this CA.
    async fn examine_at(&self, authority: &Authority, names: DnsNames) -> Vec<NameReport> {
        let thumbprint = authority.thumbprint();
        // What the CA calls itself is in its directory; where that is not to be had, CAA records are shown and not judged.
        let _ = authority.ca.read_directory(&*self.clock).await;
        let identities = authority.ca.caa_identities();
        let account = authority.account_url().and_then(|url| url.parse().ok());
        let issuer = Some(Issuer { identities, account });
        let asked = Asked { names, thumbprint, issuer };
        let mut reports = self.inspector.report(&asked, self.stateless).await;
        reports.iter_mut().for_each(|report| report.ca = authority.directory().into());
        reports
    }

    fn place_for(&self, name: &DnsName, planned: Option<&Report>) -> usize {
        let certificates = planned.iter().flat_map(|report| &report.certificates);
        let mut theirs = certificates.filter(|one| one.names.iter().any(|it| it == name.as_str()));
        let directory = theirs.find_map(|one| one.goes_to.as_deref());
        let at = |directory| self.authorities.iter().position(|one| one.directory() == directory);
        directory.and_then(at).unwrap_or(0)
    }
}
