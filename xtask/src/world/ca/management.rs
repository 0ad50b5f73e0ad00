//! What Pebble tells and does beside ACME, on a listener of its own.

use anyhow::{Context, Result, ensure};
use http::Uri;
use serde::Deserialize;
use serde_json::json;

use crate::world::Ca;

/// How a certificate stands at the CA that issued it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Issued {
    status: String,
    /// PEM.
    certificate: String,
    /// Why it is revoked, as a number of RFC 5280; zero is left out there and here.
    #[serde(default)]
    reason: u8,
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

impl Issued {
    /// Why it is revoked; `None` while it is not.
    pub(crate) fn revoked(&self) -> Option<u8> {
        (self.status == "Revoked").then_some(self.reason)
    }

    /// # Errors
    ///
    /// If it is revoked.
    pub(crate) fn expect_valid(&self) -> Result<()> {
        ensure!(self.status == "Valid", "it is {} at the CA", self.status);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Issued;

    #[test]
    fn a_certificate_stands_as_pebble_says() {
        let cases = [
            (r#"{"Status": "Valid", "Serial": "1a", "Certificate": "PEM"}"#, None),
            (
                r#"{"Status": "Revoked", "Serial": "1a", "Certificate": "PEM", "Reason": 1, "RevokedAt": "now"}"#,
                Some(1),
            ),
            (r#"{"Status": "Revoked", "Serial": "1a", "Certificate": "PEM"}"#, Some(0)),
        ];
        for (text, revoked) in cases {
            let issued: Issued = serde_json::from_str(text).unwrap();
            assert_eq!(issued.revoked(), revoked, "{text}");
            assert_eq!(issued.expect_valid().is_ok(), revoked.is_none(), "{text}");
        }
    }
}
