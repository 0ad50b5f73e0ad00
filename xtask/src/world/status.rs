//! What `nws-certd status --json` says, as far as scenarios ask.

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct Status {
    pub(crate) account: Account,
    pub(crate) certificates: Vec<Certificate>,
}

/// The account at the CA.
#[derive(Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Account {
    /// Not known before the daemon has spoken to the CA.
    pub(crate) url: Option<String>,
    /// The thumbprint of its key, which makes it the account it is.
    pub(crate) thumbprint: String,
}

#[derive(Deserialize)]
pub(crate) struct Certificate {
    pub(crate) names: Vec<String>,
    pub(crate) stage: Stage,
    pub(crate) serial: Option<String>,
    pub(crate) last_error: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Stage {
    Wanted,
    Ordering,
    Waiting,
    Issued,
    Pushed,
}

impl Status {
    pub(crate) fn certificate(&self, host: &str) -> Option<&Certificate> {
        self.certificates
            .iter()
            .find(|certificate| certificate.names.iter().any(|name| name == host))
    }
}

#[cfg(test)]
mod tests {
    use super::{Stage, Status};

    #[test]
    fn a_status_is_read_with_more_in_it_than_is_asked_for() {
        let text = r#"{
            "account": {"url": "https://localhost/my-account/1", "thumbprint": "abc"},
            "branch": {"name": "main", "tip": "0123"},
            "certificates": [{"names": ["a.example", "b.example"], "stage": "issued", "serial": "0a", "fingerprint": null,
                "not_before": null, "not_after": null, "issuer": null, "reason": "absent", "last_error": null,
                "next": {"at": "2026-01-01T00:00:00Z", "what": "renew"}, "deliveries": []}],
            "faults": []}"#;
        let status: Status = serde_json::from_str(text).unwrap();
        assert_eq!(status.account.url.as_deref(), Some("https://localhost/my-account/1"));
        assert_eq!(status.certificate("b.example").map(|found| found.stage), Some(Stage::Issued));
        assert!(status.certificate("c.example").is_none());
    }
}
