//! What Pebble tells and does beside ACME, on a listener of its own.

use anyhow::{Context, Result};
use http::Uri;
use serde::Deserialize;
use serde_json::json;

use crate::world::Ca;

/// How a certificate stands at the CA that issued it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Issued {
    /// PEM.
    certificate: String,
}

impl Ca {
    /// How the certificate with this serial number, in hexadecimal, stands.
    ///
    /// # Errors
    ///
    /// If the CA does not answer, or has issued no such certificate.
    pub(crate) async fn issued(&self, serial: &str) -> Result<Issued> {
        let said = self.http.get(&self.managed(&format!("cert-status-by-serial/{serial}"))?).await;
        let said = said.with_context(|| format!("the CA does not know {serial}"))?;
        serde_json::from_slice(&said).context("cannot read how a certificate stands at the CA")
    }

    /// Has the CA answer with `text`, whatever that is, when it is asked when to renew the certificate with this serial number.
    pub(crate) async fn set_renewal_info(&self, serial: &str, text: &str) -> Result<()> {
        let certificate = self.issued(serial).await?.certificate;
        let told = json!({ "Certificate": certificate, "ARIResponse": text });
        self.http.post(&self.managed("set-renewal-info/")?, &told).await.map(drop)
    }

    fn managed(&self, path: &str) -> Result<Uri> {
        Ok(format!("https://{}/{path}", self.management).parse()?)
    }
}
