//! A certificate and its key from two files.

use nws_expiry::{Chain, PrivateKey};

use super::{Folder, Unfit};

/// The chain in one file and the key in another.
pub(super) fn pair(
    folder: &Folder,
    chain_file: &str,
    key_file: &str,
) -> Result<(Chain, PrivateKey), Unfit> {
    let chain = chain(chain_file, bytes(folder, chain_file)?)?;
    Ok((chain, key(key_file, bytes(folder, key_file)?)?))
}

pub(super) fn bytes<'a>(folder: &'a Folder, file: &str) -> Result<&'a [u8], Unfit> {
    folder.get(file).map_err(|source| Unfit::Unread { file: file.into(), source })
}

pub(super) fn chain(file: &str, text: &[u8]) -> Result<Chain, Unfit> {
    Chain::from_pem(text).map_err(|source| Unfit::Chain { file: file.into(), source })
}

pub(super) fn key(file: &str, text: &[u8]) -> Result<PrivateKey, Unfit> {
    PrivateKey::from_pem(text).map_err(|source| Unfit::Key { file: file.into(), source })
}
