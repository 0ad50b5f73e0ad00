//! What keeps orders from a CA, as people read it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::instant;
use crate::store::{Obstacle, ObstacleKind, Stand};

/// Something that keeps orders from a CA.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ObstacleReport {
    /// What it is about: `ca`, `account`, `registered-domain`, `exact-set`, `identifier`, `caa` or `profile`.
    pub kind: String,
    /// Which one of the kind.
    pub subject: String,
    /// Whether a person has to act.
    pub held: bool,
    /// When it is over, or looked at again.
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    /// The CA's words.
    pub detail: String,
}

impl From<&Obstacle> for ObstacleReport {
    fn from(met: &Obstacle) -> Self {
        Self {
            kind: met.kind.as_str().into(),
            subject: met.subject.clone(),
            held: met.stand == Stand::Held,
            until: met.until,
            detail: met.detail.clone(),
        }
    }
}

impl ObstacleReport {
    /// What it is to the planner; `None` for a kind that another version knows.
    pub(crate) fn obstacle_at(&self, ca: &str) -> Option<Obstacle> {
        Some(Obstacle {
            ca: ca.into(),
            kind: self.kind()?,
            subject: self.subject.clone(),
            stand: if self.held { Stand::Held } else { Stand::Waits },
            until: self.until,
            detail: self.detail.clone(),
        })
    }

    /// A line that says what stands in the way of what, at which CA, and until when.
    pub(crate) fn line(&self, ca: &str) -> String {
        let (about, words, until) = (self.about(), &self.detail, instant(self.until));
        match self.kind() {
            _ if self.held => {
                format!("held: {ca}, {about}: {words}; looked at again at {until}")
            }
            Some(ObstacleKind::Caa) => {
                // The words name the names.
                format!("forbidden: {ca}: {words}; looked at again at {until}")
            }
            Some(ObstacleKind::Profile) => {
                format!("not offered: {ca}, {about}: {words}; looked at again at {until}")
            }
            Some(
                ObstacleKind::Ca
                | ObstacleKind::Account
                | ObstacleKind::RegisteredDomain
                | ObstacleKind::ExactSet
                | ObstacleKind::Identifier,
            )
            | None => format!("limited until {until}: {ca}, {about}: {words}"),
        }
    }

    /// Whether a certificate with this name, and with one of these profiles or the empty one for none, may have to wait for it.
    pub(crate) fn concerns(&self, host: &str, profiles: &[&str]) -> bool {
        let mut names = self.subject.split(' ');
        match self.kind() {
            Some(ObstacleKind::Ca | ObstacleKind::Account) => true,
            Some(ObstacleKind::RegisteredDomain) => {
                let below = host.strip_suffix(self.subject.as_str());
                below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
            Some(ObstacleKind::ExactSet | ObstacleKind::Identifier | ObstacleKind::Caa) => {
                names.any(|name| name == host)
            }
            Some(ObstacleKind::Profile) => profiles.contains(&self.subject.as_str()),
            None => false,
        }
    }

    /// A report of another version may have a word that this one does not know.
    fn kind(&self) -> Option<ObstacleKind> {
        self.kind.parse().ok()
    }

    fn about(&self) -> String {
        let subject = &self.subject;
        match self.kind() {
            Some(ObstacleKind::Ca) => "all orders".into(),
            Some(ObstacleKind::Account) => "new certificates of the account".into(),
            Some(ObstacleKind::RegisteredDomain) => format!("new certificates in {subject}"),
            Some(ObstacleKind::Profile) if subject.is_empty() => {
                "certificates that ask for no profile".into()
            }
            Some(ObstacleKind::Profile) => format!("profile {subject}"),
            Some(ObstacleKind::ExactSet | ObstacleKind::Identifier | ObstacleKind::Caa) | None => {
                subject.replace(' ', ", ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn obstacle(kind: &str, subject: &str) -> ObstacleReport {
        let (until, detail) = (datetime!(2026-03-01 13:00 UTC), "their words".into());
        ObstacleReport { kind: kind.into(), subject: subject.into(), held: false, until, detail }
    }

    #[test]
    fn an_obstacle_is_told_to_the_hosts_that_it_concerns() {
        let cases = [
            ("ca", "", true),
            ("account", "", true),
            ("registered-domain", "shop.example", true),
            ("registered-domain", "example", true),
            ("registered-domain", "op.example", false),
            ("exact-set", "a.shop.example www.shop.example", true),
            ("exact-set", "shop.example", false),
            ("identifier", "www.shop.example", true),
            ("caa", "www.shop.example", true),
            ("profile", "shortlived", true),
            ("profile", "classic", false),
            ("of-another-version", "www.shop.example", false),
        ];
        for (kind, subject, want) in cases {
            let got = obstacle(kind, subject).concerns("www.shop.example", &["shortlived"]);
            assert_eq!(got, want, "{kind} {subject}");
        }
    }
}
