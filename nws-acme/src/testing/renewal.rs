//! Renewal information, and which certificate has a successor (RFC 9773).

use nws_expiry::{Chain, DnsName, DnsNames, Leaf};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::FakeCa;
use super::faults::ReplacesRefusal;
use super::jws::malformed;
use super::reply::{Refusal, Reply};
use super::state::State;
use crate::{CertificateId, ProblemKind};

/// What a [`FakeCa`] says of the renewal of a certificate.
#[derive(Clone, Debug)]
pub struct Renewal {
    status: u16,
    body: String,
    retry_after: Option<String>,
}

impl Renewal {
    /// A window, whether it is one or not, to be asked for again after six hours.
    pub fn window(start: OffsetDateTime, end: OffsetDateTime) -> Self {
        let date = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
        Self::body(&json!({ "suggestedWindow": { "start": date(start), "end": date(end) } }))
    }

    /// Any document.
    pub fn body(document: &Value) -> Self {
        let retry_after = Some("21600".into());
        Self { status: 200, body: document.to_string(), retry_after }
    }

    /// A page that is no document.
    pub fn page() -> Self {
        let body = "<html>\nnews</html>".into();
        Self { status: 200, body, retry_after: Some("21600".into()) }
    }

    /// A problem of this status.
    pub fn refused(status: u16) -> Self {
        let refusal = Refusal::new(status, ProblemKind::Malformed, "no renewal information");
        Self { status, body: refusal.document().to_string(), retry_after: None }
    }

    /// With where a person reads why.
    pub fn explained(self, url: &str) -> Self {
        let mut document: Value = serde_json::from_str(&self.body).unwrap_or_default();
        document["explanationURL"] = url.into();
        Self { body: document.to_string(), ..self }
    }

    /// To be asked for again then, or whenever.
    pub fn retry_after(self, retry_after: Option<&str>) -> Self {
        Self { retry_after: retry_after.map(Into::into), ..self }
    }

    /// As Let's Encrypt: around two thirds of the lifetime, a hundredth of it to either side.
    fn usual(leaf: &Leaf) -> Self {
        let (centre, side) = (leaf.not_before() + leaf.lifetime() * 2 / 3, leaf.lifetime() / 100);
        Self::window(centre - side, centre + side)
    }

    fn reply(&self) -> Reply {
        Reply::text(self.status, self.body.clone()).with("retry-after", self.retry_after.clone())
    }
}

/// A certificate that was issued, for whom and for what.
pub(super) struct Certified {
    id: CertificateId,
    account: usize,
    names: DnsNames,
    renewal: Renewal,
}

impl Certified {
    /// `None` if it is not one that can be named, which no test CA issues.
    pub(super) fn of(
        pem: &str,
        account: usize,
        names: &DnsNames,
        said: Option<Renewal>,
    ) -> Option<Self> {
        let chain = Chain::from_pem(pem.as_bytes()).ok()?;
        let leaf = chain.leaf();
        let renewal = said.unwrap_or_else(|| Renewal::usual(leaf));
        Some(Self { id: CertificateId::of(leaf)?, account, names: names.clone(), renewal })
    }
}

impl FakeCa {
    /// Changes what it says of a certificate's renewal from now on.
    pub fn renewal(&self, certificate: &CertificateId, renewal: Renewal) {
        for certified in &mut self.state().certified {
            if certified.id == *certificate {
                certified.renewal = renewal.clone();
            }
        }
    }

    /// Whether an order that is not invalid says that it replaces the certificate; Let's Encrypt counts pending ones too.
    pub fn is_replaced(&self, certificate: &CertificateId) -> bool {
        self.state().is_replaced(certificate)
    }

    pub(super) fn renewal_info(&self, id: &str) -> Result<Reply, Refusal> {
        let id: CertificateId = id.parse().map_err(|_| malformed("no certificate identifier"))?;
        let state = self.state();
        state.certified(&id).map(|certified| certified.renewal.reply())
    }
}

impl State {
    fn certified(&self, id: &CertificateId) -> Result<&Certified, Refusal> {
        let found = self.certified.iter().find(|certified| certified.id == *id);
        found.ok_or_else(|| Refusal::new(404, ProblemKind::Malformed, "certificate not found"))
    }

    fn is_replaced(&self, id: &CertificateId) -> bool {
        let mut orders = self.orders.iter();
        orders
            .any(|(at, order)| order.replaces.as_ref() == Some(id) && self.status(*at) != "invalid")
    }

    /// What a newOrder says it replaces, refused as Let's Encrypt does.
    pub(super) fn replaces(
        &self,
        account: usize,
        names: &DnsNames,
        payload: &Value,
    ) -> Result<Option<CertificateId>, Refusal> {
        let Some(replaces) = payload.get("replaces") else { return Ok(None) };
        if let Some(refusal) = self.faults.refuse_replaces {
            return Err(refusal.refusal());
        }
        let id = replaces.as_str().and_then(|text| text.parse().ok());
        let id: CertificateId = id.ok_or_else(|| malformed("replaces is no identifier"))?;
        let certified = self.certified(&id)?;
        if certified.account != account {
            return Err(ReplacesRefusal::Forbidden.refusal());
        }
        let is_shared = |name: &DnsName| certified.names.contains(name);
        if !names.iter().any(is_shared) {
            return Err(malformed("the replaced certificate has none of the names"));
        }
        if self.is_replaced(&id) {
            return Err(ReplacesRefusal::AlreadyReplaced.refusal());
        }
        Ok(Some(id))
    }
}
