use crate::{InvalidCreationRules, RepoPath, UnfitRule};

/// Why a Secret cannot be sealed; each says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotSealable {
    /// Its repository has no such group of recipients.
    #[error("nothing says who is to open it; name its recipients")]
    NoRecipients,
    /// What its recipients are to be known by is not to be had, or not fit.
    #[error("{why}")]
    Recipients {
        /// What, and why, in the words of who has looked for it.
        why: String,
    },
    /// A `.sops.yaml` that lies above it cannot be read as one.
    #[error("{file} {why}")]
    Rules {
        /// The file.
        file: RepoPath,
        /// Why.
        why: InvalidCreationRules,
    },
    /// A creation rule that is for it, or stands before one that is, asks for what we cannot do.
    #[error("{file}: {why}")]
    Rule {
        /// The file that has the rule.
        file: RepoPath,
        /// Which, and why.
        why: UnfitRule,
    },
    /// Nobody was named.
    #[error(
        "no rule of a .sops.yaml is for its file, and no age recipients are configured; add one of the two"
    )]
    NoRule,
    /// It was tried.
    #[error("{why}")]
    Failed {
        /// What went wrong.
        why: String,
    },
}
