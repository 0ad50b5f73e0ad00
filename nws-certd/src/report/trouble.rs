use serde::{Deserialize, Serialize};

/// Something that keeps the daemon from going on, until it works again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Trouble {
    /// With what.
    pub with: TroubleWith,
    /// What went wrong last.
    pub text: String,
}

/// What the daemon has trouble with.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TroubleWith {
    /// Fetching or reading the branch.
    Fetch,
    /// Committing or pushing.
    Push,
    /// The CA.
    Ca,
    /// Keeping the state of orders.
    State,
    /// Sealing what goes into a repository.
    Sealing,
    /// Removing what nobody wants.
    Deletion,
    /// There is none that does anything.
    Daemon,
}

impl Trouble {
    /// What is shown was made by a command, from what a daemon left.
    pub(crate) fn no_daemon() -> Self {
        let text = "no daemon runs, so nothing of this is done; start one with: nws-certd run";
        Self { with: TroubleWith::Daemon, text: text.into() }
    }
}
