//! Secrets that nobody wants, as operators see them.

use nws_gitops::{Fate, Known, RemovalStep, State, Unwanted, WantKey};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::instant;

/// A Secret of ours that no manifest wants.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UnwantedReport {
    /// The target.
    pub target: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub secret: String,
    /// Its file.
    pub path: String,
    /// The names of its certificate.
    pub names: Vec<String>,
    /// When its certificate ends; it is not renewed.
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
    /// Since when nobody wants it, as far as is known.
    #[serde(with = "time::serde::rfc3339::option")]
    pub since: Option<OffsetDateTime>,
    /// Whether the live Secret goes with the file.
    pub is_let_go: bool,
    /// A person said that its removal is meant.
    pub is_confirmed: bool,
    /// More are unwanted than are removed without a person, who has not said that this one is meant.
    pub is_stopped: bool,
    /// What comes next: `let-go` or `remove`; nothing while a person has to act, or deletion is not configured.
    pub next: Option<String>,
    /// When that comes at the earliest.
    #[serde(with = "time::serde::rfc3339::option")]
    pub at: Option<OffsetDateTime>,
    /// What it waits for, and what helps.
    pub waits_for: Option<String>,
}

impl UnwantedReport {
    /// `waits_for`: what keeps one that is due.
    pub(crate) fn of(
        now: OffsetDateTime,
        (one, fate): &(Unwanted, Fate),
        known: Option<&Known>,
        waits_for: Option<String>,
    ) -> Self {
        let Unwanted { key, path, names, not_after, state } = one;
        let names = names.iter().flat_map(|names| names.iter().map(ToString::to_string));
        let is_let_go = *state == State::LetGo;
        let coming = if is_let_go { RemovalStep::Remove } else { RemovalStep::LetGo };
        let (at, waits_for) = match fate {
            Fate::Grace { until } => (Some(*until), Some("its grace".into())),
            Fate::Applying { until } => (Some(*until), Some("the clusters to apply that".into())),
            Fate::Due(_) => (Some(now), waits_for),
            other => (None, standing(other)),
        };
        Self {
            target: key.target.to_string(),
            namespace: key.secret.namespace().into(),
            secret: key.secret.name().into(),
            path: path.to_string(),
            names: names.collect(),
            not_after: *not_after,
            since: known.map(|known| known.since),
            is_let_go,
            is_confirmed: known.is_some_and(|known| known.is_confirmed),
            is_stopped: matches!(fate, Fate::Stopped(_)),
            next: at.map(|_| coming.as_str().into()),
            at,
            waits_for,
        }
    }

    /// Which Secret; `None` for what another version writes and this one cannot read.
    pub(crate) fn key(&self) -> Option<WantKey> {
        let secret = nws_gitops::SecretRef::new(&self.namespace, &self.secret).ok()?;
        Some(WantKey { target: self.target.parse().ok()?, secret })
    }

    /// On one line.
    pub(crate) fn text(&self) -> String {
        let since = self.since.map_or_else(|| "just now".into(), instant);
        let mut text = format!("nobody wants {} since {since}", self.path);
        if self.is_let_go {
            text += "; its live Secret goes when the file does";
        }
        if let (Some(next), Some(at)) = (&self.next, self.at) {
            let next = if next == "remove" { "removed" } else { "let go" };
            text += &format!("; {next} at {} at the earliest", instant(at));
        }
        self.waits_for.iter().fold(text, |text, what| format!("{text}; waits for: {what}"))
    }
}

fn standing(fate: &Fate) -> Option<String> {
    match fate {
        Fate::Reported => {
            Some("a person, as nothing is removed where deletion.grace is not set".into())
        }
        Fate::Left(left) => Some(format!("a person: {left}")),
        Fate::Hidden { fault } => {
            Some(format!("a fault that may hide who wants it to be mended: {fault}"))
        }
        Fate::Stopped(too_many) => Some(format!("a person: {too_many}")),
        Fate::Grace { .. } | Fate::Applying { .. } | Fate::Due(_) => None,
    }
}
