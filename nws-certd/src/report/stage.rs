use serde::{Deserialize, Serialize};

/// Where a certificate stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// A person has to act before it can be ordered, or before the branch can have it.
    Held,
    /// A CA would refuse, so nothing is ordered; it is looked at again soon.
    #[serde(rename = "pre-flight")]
    Preflight,
    /// It failed, and waits for its next attempt.
    Waiting,
    /// It is to be ordered.
    Wanted,
    /// An order is under way.
    Ordering,
    /// It is stored, and not yet in every file it is for.
    Issued,
    /// Nothing is ordered, as one of its names has left; that is looked at daily.
    Parked,
    /// The branch has it.
    Pushed,
    /// Every address of its names was seen to serve it.
    Served,
}

impl Stage {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Preflight => "pre-flight",
            Self::Waiting => "waiting",
            Self::Wanted => "wanted",
            Self::Ordering => "ordering",
            Self::Issued => "issued",
            Self::Parked => "parked",
            Self::Pushed => "pushed",
            Self::Served => "served",
        }
    }

    /// Whether the branch has it, whoever serves it by now.
    pub(crate) fn is_in_branch(self) -> bool {
        matches!(self, Self::Pushed | Self::Served)
    }
}
