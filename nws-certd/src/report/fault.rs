//! What is wrong in the repository, as operators see it.

use nws_gitops::WantKey;
use serde::{Deserialize, Serialize};

use super::Scene;
use crate::plan::Planned;

/// Something in the repository that cannot be served as it is written.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct FaultReport {
    /// The file.
    pub path: String,
    /// File, document, field, reason and remedy.
    pub text: String,
    /// The host names that go without a certificate for it, as they are written.
    pub hosts: Vec<String>,
}

impl FaultReport {
    /// Whether it concerns this host name, in whatever case either is written.
    pub(crate) fn mentions(&self, host: &str) -> bool {
        self.hosts.iter().any(|written| written.eq_ignore_ascii_case(host))
    }
}

impl Scene<'_> {
    /// What the repository says wrong, what cannot be written into it, and what was changed in it.
    pub(crate) fn faults(&self) -> Vec<FaultReport> {
        let read = self.inventory.map_or(&[][..], |inventory| &inventory.faults);
        let read = read.iter().map(|fault| FaultReport {
            path: fault.path.to_string(),
            text: fault.to_string(),
            hosts: fault.hosts().to_vec(),
        });
        let refused = self.refused.iter().map(|(want, text)| FaultReport {
            path: want.to_string(),
            text: text.clone(),
            hosts: self.hosts_of(want),
        });
        read.chain(refused).chain(self.edited()).collect()
    }

    fn hosts_of(&self, want: &WantKey) -> Vec<String> {
        let wants = |planned: &&Planned| planned.wants.iter().any(|one| one.key == *want);
        let planned = self.plan.certificates.iter().filter(wants);
        planned.flat_map(|planned| planned.key.names.iter().map(ToString::to_string)).collect()
    }
}
