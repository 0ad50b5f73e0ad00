//! What an operator wants to know of names, before anything is ordered for them or whether it ever is.

use std::sync::Arc;

use nws_acme::Clock;
use nws_expiry::DnsNames;

use super::{Asked, Inspector, Issuer, PreflightReport};
use crate::authority::Authority;

/// Looks at names for whoever asks.
#[derive(Clone)]
pub(crate) struct Examiner {
    inspector: Inspector,
    authorities: Vec<Arc<Authority>>,
    clock: Arc<dyn Clock>,
}

impl Examiner {
    pub(crate) fn new(
        inspector: Inspector,
        authorities: Vec<Arc<Authority>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { inspector, authorities, clock }
    }

    /// What would come of an order for these names from the first CA.
    pub(crate) async fn examine(&self, names: DnsNames) -> Result<PreflightReport, String> {
        let authority = self.authorities.first().ok_or("no CA is configured")?;
        let thumbprint = authority.thumbprint();
        // What the CA calls itself is in its directory; where that is not to be had, CAA records are shown and not judged.
        let _ = authority.ca.read_directory(&*self.clock).await;
        let identities = authority.ca.caa_identities();
        let account = authority.account_url().and_then(|url| url.parse().ok());
        let issuer = (!identities.is_empty()).then_some(Issuer { identities, account });
        let names = self.inspector.report(&Asked { names, thumbprint, issuer }).await;
        if names.is_empty() {
            return Err("nothing was looked at, as wildcards are not validated over HTTP; ask for host names".into());
        }
        Ok(PreflightReport::new(authority.directory().into(), names))
    }
}
