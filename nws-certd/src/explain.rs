//! The whole story of one host name: from the file that wants it to each edge that serves it.

mod edge;
mod text;

use std::sync::Arc;

use nws_expiry::{DnsName, DnsNames};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use edge::{EdgeReport, Serves};
pub(crate) use text::story_text;

use crate::edges::Edges;
use crate::failure::Causes;
use crate::report::{BranchReport, CertificateReport, FaultReport, Report, Trouble};
use crate::store::{AttemptFacts, CertificateKey, History, PushFacts, Store, StoreError};

/// Everything there is to say about one host name at one instant.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Story {
    /// The name.
    pub host: String,
    /// When it was told.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The branch as last fetched.
    pub branch: BranchReport,
    /// The certificates that carry the name, most urgent first.
    pub certificates: Vec<Chapter>,
    /// What the repository says of the name that cannot be served as it is written.
    pub faults: Vec<FaultReport>,
    /// What keeps the daemon from going on, if anything does.
    pub troubles: Vec<Trouble>,
    /// What each address of the name serves.
    pub edges: Vec<EdgeReport>,
    /// Why the addresses are not known.
    pub lookup_error: Option<String>,
}

/// One certificate: where it stands, and what was done for it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Chapter {
    /// Where it stands.
    #[serde(flatten)]
    pub certificate: CertificateReport,
    /// The newest attempts, oldest first.
    pub attempts: Vec<AttemptReport>,
    /// The last push of each Secret.
    pub pushes: Vec<PushReport>,
}

/// An attempt, or several in a row that ended alike.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AttemptReport {
    /// When the first of them began.
    #[serde(with = "time::serde::rfc3339")]
    pub began_at: OffsetDateTime,
    /// When the last of them ended.
    #[serde(with = "time::serde::rfc3339")]
    pub ended_at: OffsetDateTime,
    /// How many there were.
    pub times: u32,
    /// How each ended: `issued`, `waits` (its order goes on) or `failed`.
    pub outcome: String,
    /// Why there was no certificate, in the CA's words where it said any.
    pub error: Option<String>,
    /// The order's URL, once known.
    pub order: Option<String>,
}

/// The last push of a certificate into one file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PushReport {
    /// The file.
    pub path: String,
    /// The SHA-256 of the certificate, in lower-case hexadecimal.
    pub fingerprint: String,
    /// The commit.
    pub commit: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// Who can tell stories.
#[derive(Clone, Debug)]
pub(crate) struct Narrator {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) edges: Arc<Edges>,
}

impl Narrator {
    /// Tells the story of `host`, which need not be a name that can be served, as of `report`. Its edges are asked now.
    pub(crate) async fn tell(&self, host: &str, report: &Report) -> Result<Story, StoreError> {
        let carries = |one: &&CertificateReport| one.names.iter().any(|name| name == host);
        let mut certificates = Vec::new();
        for certificate in report.certificates.iter().filter(carries) {
            let history = self.history(certificate).await?;
            certificates.push(Chapter::of(certificate.clone(), history));
        }
        let (edges, lookup_error) = self.look(host, &certificates).await;
        let mentions = |fault: &&FaultReport| fault.mentions(host);
        Ok(Story {
            host: host.into(),
            at: report.at,
            branch: report.branch.clone(),
            certificates,
            faults: report.faults.iter().filter(mentions).cloned().collect(),
            troubles: report.troubles.clone(),
            edges,
            lookup_error,
        })
    }

    async fn history(&self, certificate: &CertificateReport) -> Result<History, StoreError> {
        match key(certificate) {
            Some(key) => self.store.history(&key).await,
            None => Ok(History::default()),
        }
    }

    async fn look(&self, host: &str, wanted: &[Chapter]) -> (Vec<EdgeReport>, Option<String>) {
        let Ok(name) = host.parse::<DnsName>() else {
            return (Vec::new(), None);
        };
        let expected =
            wanted.first().and_then(|chapter| chapter.certificate.fingerprint.as_deref());
        match self.edges.look(&name).await {
            Ok(edges) => {
                (edges.iter().map(|edge| EdgeReport::of(edge, &name, expected)).collect(), None)
            }
            Err(error) => (Vec::new(), Some(Causes(&error).to_string())),
        }
    }
}

/// A report of another version may have what this one cannot read.
fn key(certificate: &CertificateReport) -> Option<CertificateKey> {
    let names = certificate.names.iter().map(|name| name.parse()).collect::<Result<Vec<_>, _>>();
    let names = DnsNames::new(names.ok()?).ok()?;
    Some(CertificateKey { names, key_type: certificate.key_type.parse().ok()? })
}

impl Chapter {
    fn of(certificate: CertificateReport, history: History) -> Self {
        Self {
            certificate,
            attempts: history.attempts.into_iter().map(AttemptReport::of).collect(),
            pushes: history.pushes.into_iter().map(PushReport::of).collect(),
        }
    }
}

impl AttemptReport {
    fn of(facts: AttemptFacts) -> Self {
        Self {
            began_at: facts.span.began,
            ended_at: facts.span.ended,
            times: facts.times,
            outcome: facts.outcome.as_str().into(),
            error: facts.error,
            order: facts.url.map(|url| url.to_string()),
        }
    }
}

impl PushReport {
    fn of(facts: PushFacts) -> Self {
        Self {
            path: facts.path.to_string(),
            fingerprint: facts.fingerprint.to_string(),
            commit: facts.commit.to_string(),
            at: facts.at,
        }
    }
}
