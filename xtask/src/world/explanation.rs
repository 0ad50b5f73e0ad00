//! What `nws-certd explain --json` says, as far as scenarios ask.

use serde::Deserialize;

use crate::world::status::{Fault, Stage};

#[derive(Debug, Deserialize)]
pub(crate) struct Explanation {
    pub(crate) certificates: Vec<Explained>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) edges: Vec<Seen>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Explained {
    pub(crate) stage: Stage,
    pub(crate) last_error: Option<String>,
    /// Where the CA tells why it is to be renewed, if it does.
    pub(crate) explanation_url: Option<String>,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) deliveries: Vec<Asked>,
}

/// A Secret that the certificate is for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// The place that wants it.
    pub(crate) wanted_by: String,
}

/// One attempt to get the certificate from the CA.
#[derive(Debug, Deserialize)]
pub(crate) struct Attempt {
    /// The order's URL; none where the CA never named one.
    pub(crate) order: Option<String>,
    pub(crate) error: Option<String>,
}

/// What one address of the name serves.
#[derive(Debug, Deserialize)]
pub(crate) struct Seen {
    pub(crate) address: String,
    pub(crate) fingerprint: Option<String>,
    pub(crate) error: Option<String>,
}
