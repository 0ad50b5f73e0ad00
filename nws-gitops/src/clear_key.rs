//! Private keys that anybody can read who has the bytes.

use gix::bstr::ByteSlice;

mod der;

/// How a key is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyFormat {
    /// In PEM (RFC 7468 §10, and the older forms of OpenSSL and OpenSSH).
    Pem,
    /// In DER: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 §A.1.2), SEC 1 (RFC 5915) or OpenSSL's form of DSA.
    Der,
}

/// The private keys in these bytes that no password keeps, each with its own bytes.
///
/// Random bytes, such as ciphertext, are none: a PEM key begins with 27 given bytes, and of a DER key at least 64 bits are given,
/// and every length in it has to fit.
pub(crate) fn keys(bytes: &[u8]) -> impl Iterator<Item = (KeyFormat, &[u8])> {
    let pem = pem(bytes).map(|key| (KeyFormat::Pem, key));
    pem.chain(der::keys(bytes).map(|key| (KeyFormat::Der, key)))
}

/// From behind `BEGIN` to the next dashes behind the label and the key.
fn pem(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const DASHES: &str = "-----";
    let blocks = bytes.find_iter(BEGIN).map(|at| &bytes[at + BEGIN.len()..]);
    blocks.filter_map(|block| {
        let (label, body) = block.split_once_str(DASHES)?;
        let is_clear = label.ends_with(b"PRIVATE KEY")
            && !label.starts_with(b"ENCRYPTED")
            && !body.trim_start().starts_with(b"Proc-Type: 4,ENCRYPTED");
        is_clear.then(|| body.split_once_str(DASHES).map_or(block, |(key, _)| key))
    })
}

#[cfg(test)]
mod tests;
