//! What sealing anew comes to, as operators see it.

use std::collections::BTreeSet;

use nws_gitops::SealedTo;
use serde::{Deserialize, Serialize};

/// What is sealed to others than it would be now, and what is done about it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct ResealReport {
    /// Whether nothing is done.
    pub(crate) dry_run: bool,
    /// What is sealed anew, with the certificate it has.
    pub(crate) reseal: Vec<ResealedReport>,
    /// What can only be issued anew, as its key is not held.
    pub(crate) key_not_held: Vec<ResealedReport>,
    /// Who could open what there is and is sealed to no more, and how many certificates' keys they must be considered to know.
    pub(crate) removed: Vec<RemovedReport>,
    /// How many certificates others are ordered for in their place.
    pub(crate) reissued: usize,
}

/// One Secret's file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct ResealedReport {
    /// The Secret.
    pub(crate) secret: String,
    /// Its file.
    pub(crate) path: String,
}

/// Somebody who is sealed to no more.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct RemovedReport {
    /// Their recipient, or the id of their sealing key.
    pub(crate) recipient: String,
    /// How many certificates they could open.
    pub(crate) certificates: usize,
}

/// Those who could open it.
pub(crate) fn openers(had: &SealedTo) -> BTreeSet<String> {
    match had {
        SealedTo::SealedSecrets { key_id, .. } => BTreeSet::from([format!("sealing key {key_id}")]),
        SealedTo::Age { recipients } => recipients.clone(),
    }
}

impl ResealReport {
    /// For people.
    pub(crate) fn text(&self) -> String {
        if self.reseal.is_empty() && self.key_not_held.is_empty() {
            return "everything is sealed to whom it should be\n".into();
        }
        let anew = if self.dry_run { "would be sealed anew" } else { "is sealed anew" };
        let line =
            |one: &ResealedReport, what: &str| format!("{}: {what} ({})\n", one.secret, one.path);
        let anew = self.reseal.iter().map(|one| line(one, anew));
        let not_held = self.key_not_held.iter().map(|one| line(one, "reissue: key not held"));
        let removed = self.removed.iter().map(|one| {
            format!(
                "{} is sealed to no more, and must be considered to know the keys of {} for as long as they are used\n",
                one.recipient,
                crate::report::count(one.certificates)
            )
        });
        let all: String = anew.chain(not_held).chain(removed).collect();
        format!("{all}{}", self.advice())
    }

    fn advice(&self) -> String {
        let needs_reissue = !self.key_not_held.is_empty() || !self.removed.is_empty();
        match self.reissued {
            0 if needs_reissue => {
                "others are ordered in place of these with: nws-certd reseal --reissue\n".into()
            }
            0 => String::new(),
            count if self.dry_run => {
                format!("{} would be ordered anew\n", crate::report::count(count))
            }
            count => format!(
                "{} ordered anew; nws-certd status shows how they get on\n",
                crate::report::count(count)
            ),
        }
    }
}
