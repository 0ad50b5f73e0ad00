use nws_gitops::Hold;
use serde::{Deserialize, Serialize};

/// An annotation that keeps a certificate from being ordered.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HoldReport {
    /// The file.
    pub path: String,
    /// Why, as written, if somebody says.
    pub reason: Option<String>,
    /// File, document, field, reason and remedy.
    pub text: String,
}

impl From<&Hold> for HoldReport {
    fn from(hold: &Hold) -> Self {
        Self {
            path: hold.path.to_string(),
            reason: hold.reason.as_deref().map(Into::into),
            text: hold.to_string(),
        }
    }
}
