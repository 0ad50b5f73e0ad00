//! The accounts that CAs know from elsewhere (RFC 8555 §7.3.4).

use std::io;
use std::path::PathBuf;

use nws_acme::{ExternalAccount, InvalidExternalAccount};

use crate::config::EabSettings;
use crate::private_file::{Private, read_private};

/// Reads the HMAC key from its file; white space at its end is no part of it.
///
/// # Errors
///
/// [`ExternalAccountError`] if the file cannot be read, others may read it, or it holds no such key.
pub(crate) fn external_account(
    settings: &EabSettings,
) -> Result<ExternalAccount, ExternalAccountError> {
    let file = settings.key_file.clone();
    let bytes = match read_private(&file) {
        Ok(Private::Bytes(bytes)) => bytes,
        Ok(Private::Exposed { mode }) => return Err(ExternalAccountError::Exposed { file, mode }),
        Err(source) => return Err(ExternalAccountError::Unusable { file, source }),
    };
    // What is no UTF-8 is no base64url either; the place of the first wrong character is said all the same.
    let text = String::from_utf8_lossy(&bytes);
    ExternalAccount::new(&settings.kid, text.trim_end())
        .map_err(|source| ExternalAccountError::Unfit { file, source })
}

/// Why there is no external account.
#[derive(Debug, thiserror::Error)]
pub enum ExternalAccountError {
    /// The file cannot be read.
    #[error("cannot read the HMAC key {}; it must exist and be readable by the user nws-certd runs as", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner may read or write it.
    #[error("the HMAC key {0} is open to others (mode {mode:04o}); run: chmod 600 {0}", file.display())]
    Exposed {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// What it holds.
    #[error("{} holds no HMAC key", file.display())]
    Unfit {
        /// The file.
        file: PathBuf,
        /// Why.
        source: InvalidExternalAccount,
    },
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::failure::Causes;

    fn read(text: &[u8], mode: u32) -> Result<ExternalAccount, String> {
        let dir = tempfile::tempdir().unwrap();
        let key_file = dir.path().join("eab");
        fs::write(&key_file, text).unwrap();
        fs::set_permissions(&key_file, Permissions::from_mode(mode)).unwrap();
        let said = external_account(&EabSettings { kid: "kid-1".into(), key_file });
        said.map_err(|error| {
            Causes(&error).to_string().replace(&format!("{}/", dir.path().display()), "")
        })
    }

    #[test]
    fn the_end_of_the_line_is_no_part_of_the_key() {
        for text in ["c2VjcmV0", "c2VjcmV0\n", "c2VjcmV0\r\n"] {
            assert_eq!(read(text.as_bytes(), 0o600).unwrap().kid(), "kid-1", "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_names_file_and_remedy_and_not_the_key() {
        let cases = [
            (
                &b"c2VjcmV0"[..],
                0o640,
                "the HMAC key eab is open to others (mode 0640); run: chmod 600 eab",
            ),
            (
                b"c2Vj+mV0",
                0o600,
                "eab holds no HMAC key: the HMAC key of external account \"kid-1\" is not base64url, see its character 5; copy it from the CA again (letters, digits, - and _)",
            ),
            (
                b"\xff\xfe",
                0o600,
                "eab holds no HMAC key: the HMAC key of external account \"kid-1\" is not base64url, see its character 1; copy it from the CA again (letters, digits, - and _)",
            ),
            (
                b"\n",
                0o600,
                "eab holds no HMAC key: the HMAC key of external account \"kid-1\" is empty; copy it from the CA",
            ),
        ];
        for (text, mode, want) in cases {
            assert_eq!(read(text, mode).unwrap_err(), want);
        }
        let key_file = PathBuf::from("/nonexistent/eab");
        let said = external_account(&EabSettings { kid: "kid-1".into(), key_file }).unwrap_err();
        assert_eq!(
            said.to_string(),
            "cannot read the HMAC key /nonexistent/eab; it must exist and be readable by the user nws-certd runs as"
        );
    }
}
