//! What SOPS does with a file, written from its documentation and apart from what writes them.

use std::fmt;
use std::io::Read;

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce};
use age::armor::ArmoredReader;
use age::x25519::Identity;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use sha2::{Digest, Sha512};

/// A YAML document of texts, in its order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Tree {
    Mapping(Vec<(String, Self)>),
    Sequence(Vec<Self>),
    Text(String),
}

impl Tree {
    pub(crate) fn read(text: &str) -> Self {
        serde_saphyr::from_str(text).unwrap()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Mapping(fields) = self else { return None };
        fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }

    pub(crate) fn items(&self) -> &[Self] {
        let Self::Sequence(items) = self else { panic!("{self:?} is no list") };
        items
    }

    pub(crate) fn text(&self) -> &str {
        let Self::Text(text) = self else { panic!("{self:?} is no text") };
        text
    }

    /// Without fields of these names, wherever they are.
    pub(crate) fn without(&self, names: &[&str]) -> Self {
        match self {
            Self::Mapping(fields) => {
                let rest = fields.iter().filter(|(name, _)| !names.contains(&&**name));
                Self::Mapping(rest.map(|(name, at)| (name.clone(), at.without(names))).collect())
            }
            Self::Sequence(items) => {
                Self::Sequence(items.iter().map(|item| item.without(names)).collect())
            }
            Self::Text(_) => self.clone(),
        }
    }
}

/// Why a file does not open.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Refused {
    /// It is no YAML any more.
    Yaml,
    /// For none of the age files is this the identity.
    Identity,
    /// A value is not what was encrypted there.
    Value(String),
    /// The values together are not what was encrypted.
    Mac,
}

/// The data key, by what one identity opens.
pub(crate) fn data_key(sops: &Tree, identity: &Identity) -> Result<Vec<u8>, Refused> {
    let files = sops.get("age").unwrap().items().iter().map(|entry| entry.get("enc").unwrap());
    let open = |file: &Tree| {
        let armored = ArmoredReader::new(file.text().as_bytes());
        let file = age::Decryptor::new(armored).ok()?;
        let mut key = Vec::new();
        let identities = std::iter::once(identity as &dyn age::Identity);
        file.decrypt(identities).ok()?.read_to_end(&mut key).ok()?;
        Some(key)
    };
    files.into_iter().find_map(open).ok_or(Refused::Identity)
}

/// The document in clear, if it is whole.
pub(crate) fn open(text: &str, identity: &Identity) -> Result<Tree, Refused> {
    let document: Tree = serde_saphyr::from_str(text).map_err(|_| Refused::Yaml)?;
    let sops = document.get("sops").unwrap();
    let key = data_key(sops, identity)?;
    let mut opening = Opening { sops, key: &key, hash: Sha512::new() };
    let clear = opening.open(&without_block(&document), &mut Vec::new())?;
    let place = sops.get("lastmodified").unwrap().text();
    let mac = decrypt(&key, sops.get("mac").unwrap().text(), place);
    if mac == Some(format!("{:X}", opening.hash.finalize())) {
        Ok(clear)
    } else {
        Err(Refused::Mac)
    }
}

fn without_block(document: &Tree) -> Tree {
    let Tree::Mapping(fields) = document else { panic!("no mapping") };
    Tree::Mapping(fields.iter().filter(|(name, _)| name != "sops").cloned().collect())
}

struct Opening<'a> {
    sops: &'a Tree,
    key: &'a [u8],
    hash: Sha512,
}

impl Opening<'_> {
    fn open(&mut self, tree: &Tree, path: &mut Vec<String>) -> Result<Tree, Refused> {
        Ok(match tree {
            Tree::Mapping(fields) => {
                let mut open = Vec::new();
                for (name, value) in fields {
                    path.push(name.clone());
                    open.push((name.clone(), self.open(value, path)?));
                    path.pop();
                }
                Tree::Mapping(open)
            }
            Tree::Sequence(items) => {
                let items = items.iter().map(|item| self.open(item, path));
                Tree::Sequence(items.collect::<Result<_, _>>()?)
            }
            Tree::Text(text) => {
                let text = if self.is_encrypted(path) && !text.is_empty() {
                    let place = path.join(":") + ":";
                    decrypt(self.key, text, &place).ok_or(Refused::Value(place))?
                } else {
                    text.clone()
                };
                self.hash.update(&text);
                Tree::Text(text)
            }
        })
    }

    fn is_encrypted(&self, path: &[String]) -> bool {
        let field = |name: &str| self.sops.get(name).map(Tree::text);
        match (field("encrypted_regex"), field("encrypted_suffix")) {
            (Some(regex), None) => {
                let regex = Regex::new(regex).unwrap();
                path.iter().any(|name| regex.is_match(name))
            }
            (None, Some(suffix)) => path.iter().any(|name| name.ends_with(suffix)),
            both => panic!("{both:?}"),
        }
    }
}

/// One value.
pub(crate) fn decrypt(key: &[u8], text: &str, place: &str) -> Option<String> {
    let form = Regex::new("^ENC\\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:str\\]$").unwrap();
    let (_, parts) = form.captures(text)?.extract::<3>();
    let [data, iv, tag] = parts.map(|part| STANDARD.decode(part).ok());
    let (iv, sealed) = (iv?, [data?, tag?].concat());
    let cipher = AesGcm::<Aes256, U32>::new_from_slice(key).unwrap();
    let iv = (iv.len() == 32).then(|| Nonce::from_slice(&iv))?;
    let clear = cipher.decrypt(iv, Payload { msg: &sealed, aad: place.as_bytes() }).ok()?;
    String::from_utf8(clear).ok()
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("mappings, lists and texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
                Ok(Tree::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Tree::Sequence(all))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Tree, A::Error> {
                let mut all = Vec::new();
                while let Some(field) = fields.next_entry()? {
                    all.push(field);
                }
                Ok(Tree::Mapping(all))
            }
        }
        deserializer.deserialize_any(InOrder)
    }
}
