use std::fmt;
use std::str::FromStr;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::json;
use tracing::info;

use crate::jws::Signer;
use crate::{Account, AcmeError, Ca, Clock, ProblemKind};

/// Why a certificate is revoked, as subscribers may say (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RevocationReason {
    /// For none that is said.
    Unspecified,
    /// Its key may be known to others.
    KeyCompromise,
    /// Another certificate has taken its place.
    Superseded,
    /// The names are no longer served.
    CessationOfOperation,
}

impl RevocationReason {
    /// Every reason.
    pub const ALL: [Self; 4] =
        [Self::Unspecified, Self::KeyCompromise, Self::Superseded, Self::CessationOfOperation];

    /// The name in RFC 5280.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
        }
    }

    /// The number in RFC 5280.
    pub const fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RevocationReason {
    type Err = UnknownRevocationReason;

    fn from_str(text: &str) -> Result<Self, UnknownRevocationReason> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| UnknownRevocationReason { found: text.into() })
    }
}

/// A text that names no [`RevocationReason`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "unknown reason {found:?}; write one of unspecified, keyCompromise, superseded, cessationOfOperation"
)]
pub struct UnknownRevocationReason {
    /// As written.
    pub found: String,
}

impl Ca {
    /// Revokes a certificate that the account was issued, given as DER (RFC 8555 §7.6). One that is revoked already is a success.
    ///
    /// # Errors
    ///
    /// [`AcmeError`]; its `recovery` says what next.
    pub async fn revoke(
        &self,
        account: &Account,
        certificate_der: &[u8],
        reason: RevocationReason,
        clock: &dyn Clock,
    ) -> Result<(), AcmeError> {
        let payload = json!({
            "certificate": BASE64_URL_SAFE_NO_PAD.encode(certificate_der),
            "reason": reason.code(),
        });
        let revoked = async {
            let requests = self.requests(clock).await?;
            let signer = Signer::account(&account.key, &account.url);
            match requests.post(signer, requests.endpoint("revokeCert")?, &payload).await {
                Err(AcmeError::Refused { problem, .. })
                    if problem.kind == ProblemKind::AlreadyRevoked =>
                {
                    Ok(())
                }
                outcome => outcome.map(drop),
            }
        };
        self.counted(clock, revoked).await?;
        info!(account = %account.url, %reason, "certificate revoked");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_the_names_and_numbers_of_rfc_5280() {
        let numbers = RevocationReason::ALL.map(RevocationReason::code);
        assert_eq!(numbers, [0, 1, 4, 5]);
        for reason in RevocationReason::ALL {
            assert_eq!(reason.to_string().parse(), Ok(reason));
        }
        let unknown = "key-compromise".parse::<RevocationReason>().unwrap_err();
        assert_eq!(
            unknown.to_string(),
            r#"unknown reason "key-compromise"; write one of unspecified, keyCompromise, superseded, cessationOfOperation"#
        );
    }
}
