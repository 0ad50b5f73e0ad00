//! One encrypted value of a SOPS file, `ENC[…]`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How many bytes the IV of a value has. AES-GCM asks for 12, and SOPS opens those, but cannot edit such a file.
pub(super) const IV_BYTES: usize = 32;
/// How many bytes the tag of a value has.
pub(super) const TAG_BYTES: usize = 16;

/// An encrypted text. Written and read it is the same text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Ciphertext {
    pub(super) data: Vec<u8>,
    pub(super) iv: [u8; IV_BYTES],
    pub(super) tag: [u8; TAG_BYTES],
}

impl fmt::Display for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [data, iv, tag] = [&self.data[..], &self.iv, &self.tag].map(|b| STANDARD.encode(b));
        write!(f, "ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:str]")
    }
}

/// As we write it: of a text, and with an IV of our length.
impl FromStr for Ciphertext {
    type Err = NotOurs;

    fn from_str(text: &str) -> Result<Self, NotOurs> {
        read(text).ok_or(NotOurs)
    }
}

/// A text that is no value that we encrypted.
#[derive(Debug)]
pub(super) struct NotOurs;

fn read(text: &str) -> Option<Ciphertext> {
    let inner = text.strip_prefix("ENC[AES256_GCM,data:")?.strip_suffix(",type:str]")?;
    let (data, rest) = inner.split_once(",iv:")?;
    let (iv, tag) = rest.split_once(",tag:")?;
    let bytes = |text: &str| STANDARD.decode(text).ok();
    Some(Ciphertext {
        data: bytes(data)?,
        iv: bytes(iv)?.try_into().ok()?,
        tag: bytes(tag)?.try_into().ok()?,
    })
}
