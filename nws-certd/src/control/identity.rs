use nws_expiry::DnsNames;
use serde::{Deserialize, Serialize};

use crate::report::CertificateReport;
use crate::store::CertificateKey;

/// Which certificate, as it travels.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub(crate) struct Identity {
    pub(crate) names: Vec<String>,
    pub(crate) key_type: String,
    pub(crate) profile: Option<String>,
}

impl Identity {
    /// The certificate; `None` for what another version writes and this one cannot read.
    pub(crate) fn key(&self) -> Option<CertificateKey> {
        let names = self.names.iter().map(|name| name.parse()).collect::<Result<Vec<_>, _>>();
        let names = DnsNames::new(names.ok()?).ok()?;
        let profile = self.profile.as_deref().map(str::parse).transpose().ok()?;
        Some(CertificateKey { names, key_type: self.key_type.parse().ok()?, profile })
    }
}

impl From<&CertificateReport> for Identity {
    fn from(report: &CertificateReport) -> Self {
        Self {
            names: report.names.clone(),
            key_type: report.key_type.clone(),
            profile: report.profile.clone(),
        }
    }
}

/// The certificates in whose place others are asked for.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct RenewBody {
    pub(crate) certificates: Vec<Identity>,
}
