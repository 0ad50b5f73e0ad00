//! The whole story of one host name: from the file that wants it to each edge that serves it.

mod arrival;
mod edge;
mod text;

use std::sync::Arc;

use nws_expiry::DnsName;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use arrival::ArrivalReport;
pub use edge::{EdgeReport, Serves};
pub(crate) use text::story_text;

use crate::control::Identity;
use crate::edges::Edges;
use crate::failure::Causes;
use crate::report::{
    BranchReport, CertificateReport, FaultReport, ObstacleReport, Report, RevocationReport,
    Trouble, UnwantedReport,
};
use crate::store::{AttemptFacts, History, PushFacts, Store, StoreError};

/// Everything there is to say about one host name at one instant.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Story {
    /// The name.
    pub host: String,
    /// When it was told.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The branch as last fetched; of several repositories, that of the first.
    pub branch: BranchReport,
    /// Of several repositories, each one's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub branches: Vec<BranchReport>,
    /// The certificates that carry the name, most urgent first.
    pub certificates: Vec<Chapter>,
    /// What the repository says of the name that cannot be served as it is written.
    pub faults: Vec<FaultReport>,
    /// What is to be revoked of its certificates, and what was.
    #[serde(default)]
    pub revocations: Vec<RevocationReport>,
    /// The Secrets with the name that nobody wants.
    #[serde(default)]
    pub unwanted: Vec<UnwantedReport>,
    /// What keeps the daemon from going on, if anything does.
    pub troubles: Vec<Trouble>,
    /// What keeps orders for the name from CAs.
    pub obstacles: Vec<Hindrance>,
    /// What each address of the name serves.
    pub edges: Vec<EdgeReport>,
    /// Why the addresses are not known.
    pub lookup_error: Option<String>,
}

/// Something that keeps orders from one CA.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Hindrance {
    /// The CA's directory.
    pub ca: String,
    /// What it is.
    #[serde(flatten)]
    pub obstacle: ObstacleReport,
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
    /// Since when each address serves what, in the order in which they came.
    #[serde(default)]
    pub arrivals: Vec<ArrivalReport>,
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
        Ok(self.look_at_edges(self.recall(host, report).await?).await)
    }

    /// The story as far as it is known without asking anybody.
    pub(crate) async fn recall(&self, host: &str, report: &Report) -> Result<Story, StoreError> {
        let carries = |one: &&CertificateReport| one.names.iter().any(|name| name == host);
        let mut certificates: Vec<Chapter> = Vec::new();
        for certificate in report.certificates.iter().filter(carries) {
            let history = self.history(certificate).await?;
            certificates.push(Chapter::of(certificate.clone(), history));
        }
        let profiles: Vec<_> = certificates
            .iter()
            .map(|one| one.certificate.profile.as_deref().unwrap_or(""))
            .collect();
        let met = report.obstacles().into_iter().filter(|(_, met)| met.concerns(host, &profiles));
        let obstacles =
            met.map(|(ca, met)| Hindrance { ca: ca.into(), obstacle: met.clone() }).collect();
        let revokes = |one: &&RevocationReport| one.names.iter().any(|name| name == host);
        let carried = |one: &&UnwantedReport| one.names.iter().any(|name| name == host);
        let mentions = |fault: &&FaultReport| fault.mentions(host);
        Ok(Story {
            host: host.into(),
            at: report.at,
            branch: report.branch.clone(),
            branches: report.branches.clone(),
            certificates,
            faults: report.faults.iter().filter(mentions).cloned().collect(),
            revocations: report.revocations.iter().filter(revokes).cloned().collect(),
            unwanted: report.unwanted.iter().filter(carried).cloned().collect(),
            troubles: report.troubles.clone(),
            obstacles,
            edges: Vec::new(),
            lookup_error: None,
        })
    }

    /// Adds what each address of the name serves now.
    pub(crate) async fn look_at_edges(&self, mut story: Story) -> Story {
        let Ok(name) = story.host.parse::<DnsName>() else {
            return story;
        };
        match self.edges.look(&name).await {
            Ok(edges) => {
                let report = |edge| EdgeReport::of(edge, &name, &story.certificates);
                story.edges = edges.iter().map(report).collect();
            }
            Err(error) => story.lookup_error = Some(Causes(&error).to_string()),
        }
        story
    }

    async fn history(&self, certificate: &CertificateReport) -> Result<History, StoreError> {
        // A report of another version may have what this one cannot read.
        match Identity::from(certificate).key() {
            Some(key) => self.store.history(&key).await,
            None => Ok(History::default()),
        }
    }
}

impl Chapter {
    fn of(certificate: CertificateReport, history: History) -> Self {
        // The Secret's last push may have been of a certificate for other names, or of the one before.
        let current = certificate.fingerprint.clone();
        let is_of_this = |push: &PushReport| current.as_ref() == Some(&push.fingerprint);
        let pushes = history.pushes.into_iter().map(PushReport::of).filter(is_of_this);
        let pushes: Vec<_> = pushes.collect();
        let pushed_at = pushes.iter().map(|push| push.at).max();
        let arrivals = history.served.into_iter().map(|one| ArrivalReport::of(one, pushed_at));
        Self {
            arrivals: arrivals.filter(|one| current.as_ref() == Some(&one.fingerprint)).collect(),
            certificate,
            attempts: history.attempts.into_iter().map(AttemptReport::of).collect(),
            pushes,
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
