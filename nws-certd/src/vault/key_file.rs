//! The key file: age identities, one a line, as `age -i` reads them too; the newest first.

use std::path::Path;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use tracing::warn;
use zeroize::Zeroizing;

use super::VaultError;
use crate::private_file::{Private, read_private};
use crate::state_dir::{replace_private, write_private};

/// Longer than two identities with what is said of them.
const LONG: usize = 1024;

/// The identities in a file, which is made with one where there is none.
pub(super) fn read_or_make(file: &Path) -> Result<Vec<Identity>, VaultError> {
    let unusable = |source| VaultError::Unusable { file: file.into(), source };
    if !file.try_exists().map_err(unusable)? {
        write_private(file, text(&[Identity::generate()]).as_bytes()).map_err(unusable)?;
        warn!(
            file = %file.display(),
            "a key file was made; losing it is losing every private key and every account, so keep a copy of it, for instance with: nws-certd state backup FILE"
        );
    }
    read(file)
}

/// The identities in a file.
pub(super) fn read(file: &Path) -> Result<Vec<Identity>, VaultError> {
    let bytes = match read_private(file) {
        Ok(Private::Bytes(bytes)) => bytes,
        Ok(Private::Exposed { mode }) => {
            return Err(VaultError::Exposed { file: file.into(), mode });
        }
        Err(source) => return Err(VaultError::Unusable { file: file.into(), source }),
    };
    let identities = std::str::from_utf8(&bytes).ok().and_then(identities);
    identities.ok_or_else(|| VaultError::NoIdentity { file: file.into() })
}

fn identities(text: &str) -> Option<Vec<Identity>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.parse().ok()).collect()
}

/// Puts a new identity before those of a file.
pub(super) fn add_newest(file: &Path, before: Vec<Identity>) -> Result<Vec<Identity>, VaultError> {
    let mut identities = vec![Identity::generate()];
    identities.extend(before);
    replace(file, &identities).map(|()| identities)
}

/// Writes a file anew with these identities.
pub(super) fn replace(file: &Path, identities: &[Identity]) -> Result<(), VaultError> {
    replace_private(file, text(identities).as_bytes())
        .map_err(|source| VaultError::Unwritable { file: file.into(), source })
}

fn text(identities: &[Identity]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(LONG));
    text.push_str("# nws-certd seals private keys at rest to this age identity. Keep a copy; never commit it.\n");
    for (at, identity) in identities.iter().enumerate() {
        if at > 0 {
            text.push_str(
                "# The one before, until nothing is sealed to it: nws-certd state rotate-key\n",
            );
        }
        text.push_str(&format!("# public key: {}\n", identity.to_public()));
        text.push_str(identity.to_string().expose_secret());
        text.push('\n');
    }
    text
}
