use serde::{Deserialize, Serialize};

use crate::report::UnwantedReport;

/// The Secrets whose removal is meant, as they were shown.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct PruneBody {
    pub(crate) secrets: Vec<UnwantedReport>,
}
