//! What `nws-certd status --json` says, as far as scenarios ask.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Status {
    /// The CAs in the order in which they are asked.
    cas: Vec<CaStatus>,
    pub(crate) branch: Branch,
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) troubles: Vec<Trouble>,
    #[serde(default)]
    pub(crate) revocations: Vec<Revocation>,
    #[serde(default)]
    pub(crate) unwanted: Vec<Unwanted>,
}

/// A Secret of the daemon's that nobody wants.
#[derive(Debug, Deserialize)]
pub(crate) struct Unwanted {
    pub(crate) secret: String,
    pub(crate) is_let_go: bool,
    pub(crate) waits_for: Option<String>,
}

/// What is to be revoked, or was.
#[derive(Debug, Deserialize)]
pub(crate) struct Revocation {
    pub(crate) serial: String,
    pub(crate) revoked_at: Option<String>,
    pub(crate) awaits: Vec<String>,
}

/// Something in the repository that is not served as it is written.
#[derive(Debug, Deserialize)]
pub(crate) struct Fault {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Something that keeps the daemon from going on.
#[derive(Debug, Deserialize)]
pub(crate) struct Trouble {
    pub(crate) with: TroubleWith,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TroubleWith {
    Fetch,
    Push,
    Ca,
    State,
    Sealing,
    Deletion,
    Daemon,
}

/// One CA, with our account there.
#[derive(Deserialize)]
struct CaStatus {
    #[serde(flatten)]
    account: Account,
    obstacles: Vec<Obstacle>,
}

/// The account at the CA.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Account {
    /// Not known before the daemon has spoken to the CA.
    #[serde(rename = "account")]
    pub(crate) url: Option<String>,
    /// The thumbprint of its key, which makes it the account it is.
    pub(crate) thumbprint: String,
}

/// Something that keeps orders from a CA.
#[derive(Debug, Deserialize)]
pub(crate) struct Obstacle {
    pub(crate) kind: String,
    /// Whether a person has to act.
    pub(crate) held: bool,
    pub(crate) detail: String,
}

#[derive(Deserialize)]
pub(crate) struct Branch {
    /// The commit it was last seen at.
    pub(crate) tip: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Certificate {
    pub(crate) names: Vec<String>,
    pub(crate) stage: Stage,
    pub(crate) serial: Option<String>,
    pub(crate) fingerprint: Option<String>,
    /// RFC 3339, in UTC.
    pub(crate) not_after: Option<String>,
    /// The directory of the CA that it came from.
    pub(crate) ca: Option<String>,
    pub(crate) last_error: Option<String>,
    /// Once the daemon has looked.
    pub(crate) served: Option<Served>,
}

/// What the daemon has seen of a certificate at the edges.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Served {
    pub(crate) is_late: bool,
    pub(crate) wrong: Vec<Wrong>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Wrong {
    pub(crate) address: Option<String>,
    pub(crate) what: String,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    Held,
    #[serde(rename = "pre-flight")]
    Preflight,
    Wanted,
    Ordering,
    Waiting,
    Issued,
    Parked,
    Pushed,
    Served,
}

impl Stage {
    /// Whether what stands there stands at `other`, too: what is served is pushed.
    pub(crate) fn is(self, other: Self) -> bool {
        self == other || (self, other) == (Self::Served, Self::Pushed)
    }
}

impl Status {
    /// The account at the first CA.
    pub(crate) fn account(&self) -> Result<&Account> {
        self.cas.first().map(|ca| &ca.account).context("no CA is configured")
    }

    /// What keeps orders from CAs.
    pub(crate) fn obstacles(&self) -> impl Iterator<Item = &Obstacle> {
        self.cas.iter().flat_map(|ca| &ca.obstacles)
    }

    pub(crate) fn certificate(&self, host: &str) -> Option<&Certificate> {
        self.certificates
            .iter()
            .find(|certificate| certificate.names.iter().any(|name| name == host))
    }

    /// # Errors
    ///
    /// If the certificate for `host` is not known, or stands elsewhere.
    pub(crate) fn expect(&self, host: &str, stage: Stage) -> Result<&Certificate> {
        let certificate = self.certificate(host).with_context(|| format!("{host} is not known"))?;
        let (found, error) = (certificate.stage, &certificate.last_error);
        ensure!(found.is(stage), "{host} is {found:?}, not {stage:?}; its last error: {error:?}");
        Ok(certificate)
    }

    /// What the daemon says about its trouble with something, if it has any.
    pub(crate) fn trouble(&self, with: TroubleWith) -> Option<&str> {
        let trouble = self.troubles.iter().find(|trouble| trouble.with == with);
        trouble.map(|trouble| trouble.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Stage, Status, TroubleWith};

    #[test]
    fn a_status_is_read_with_more_in_it_than_is_asked_for() {
        let text = r#"{
            "cas": [{"directory": "https://localhost/dir", "account": "https://localhost/my-account/1", "thumbprint": "abc", "obstacles": [{"kind": "ca", "subject": "", "held": true, "until": "2026-01-01T00:00:00Z", "detail": "who are you"}]}],
            "branch": {"name": "main", "tip": "0123"},
            "certificates": [{"names": ["a.example", "b.example"], "stage": "issued", "serial": "0a", "fingerprint": null,
                "not_before": null, "not_after": null, "issuer": null, "ca": null, "reason": "absent", "last_error": null,
                "next": {"at": "2026-01-01T00:00:00Z", "what": "renew"}, "deliveries": []}],
            "faults": [{"path": "apps/a/ingress.yaml", "text": "apps/a/ingress.yaml: is broken"}],
            "troubles": [{"with": "push", "text": "frozen"}]}"#;
        let status: Status = serde_json::from_str(text).unwrap();
        assert_eq!(
            status.account().unwrap().url.as_deref(),
            Some("https://localhost/my-account/1")
        );
        assert_eq!(status.certificate("b.example").map(|found| found.stage), Some(Stage::Issued));
        assert!(status.certificate("c.example").is_none());
        assert_eq!(status.trouble(TroubleWith::Push), Some("frozen"));
        assert_eq!(status.trouble(TroubleWith::Ca), None);
        let met: Vec<_> = status.obstacles().map(|met| (met.kind.as_str(), met.held)).collect();
        assert_eq!(met, [("ca", true)]);
    }
}
