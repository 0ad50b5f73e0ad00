//! From the bytes of one file to what they say, whatever the file's place.

use std::collections::HashMap;
use std::sync::Arc;

use gix::bstr::ByteSlice;
use nws_expiry::{Chain, DnsName};
use serde_json::Value;

use crate::fault::FaultReason;
use crate::{ObjectId, RepoPath};

mod documents;
mod fleet;
mod ingress;
mod node;
mod secret;

pub(crate) use fleet::FleetNamespace;

/// What was read of each blob, kept from one inventory to the next.
pub(crate) type Cache = HashMap<(ObjectId, Format), Arc<Parsed>>;

/// Files over this size are reported, not read: an API server takes 3 MiB in one request.
pub(crate) const MAX_FILE_BYTES: u64 = 8 << 20;

/// How a file is to be read, which its name decides.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Format {
    Yaml,
    Json,
    Fleet,
}

impl Format {
    pub(crate) fn of(path: &RepoPath) -> Option<Self> {
        match path.file_name() {
            "fleet.yaml" | "fleet.yml" => Some(Self::Fleet),
            name => match name.rsplit_once('.')?.1 {
                "yaml" | "yml" => Some(Self::Yaml),
                "json" => Some(Self::Json),
                _ => None,
            },
        }
    }
}

/// What one file says.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    /// How many documents it has.
    pub(crate) documents: usize,
    pub(crate) ingresses: Vec<Ingress>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) faults: Vec<LocalFault>,
    pub(crate) fleet: Option<FleetNamespace>,
}

/// An Ingress that wants certificates.
#[derive(Debug)]
pub(crate) struct Ingress {
    pub(crate) document: usize,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    /// The first annotation that hands it to cert-manager.
    pub(crate) cert_manager: Option<String>,
    pub(crate) blocks: Vec<TlsBlock>,
}

/// An entry of `spec.tls`.
#[derive(Debug)]
pub(crate) struct TlsBlock {
    /// As in `spec.tls[0]`.
    pub(crate) field: String,
    pub(crate) secret: String,
    pub(crate) hosts: Vec<Host>,
}

#[derive(Debug)]
pub(crate) struct Host {
    /// As in `spec.tls[0].hosts[1]`.
    pub(crate) field: String,
    pub(crate) name: DnsName,
}

/// A Secret, or something that becomes one; its key is not kept.
#[derive(Debug)]
pub(crate) struct Secret {
    pub(crate) document: usize,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    pub(crate) ours: bool,
    pub(crate) chain: Option<Chain>,
}

/// A fault, before its file is known.
#[derive(Debug)]
pub(crate) struct LocalFault {
    pub(crate) document: Option<usize>,
    pub(crate) field: Option<String>,
    pub(crate) reason: FaultReason,
}

pub(crate) fn too_large(size: u64) -> Parsed {
    of_the_file(FaultReason::TooLarge { size, limit: MAX_FILE_BYTES })
}

/// Reads a file. A part of it that cannot be read becomes a fault, if it looks like something that concerns us.
pub(crate) fn parse(bytes: &[u8], format: Format) -> Parsed {
    if format != Format::Fleet && !documents::concerns_us(bytes) {
        return Parsed::default();
    }
    let Ok(text) = bytes.to_str() else {
        return of_the_file(FaultReason::NotUtf8);
    };
    match format {
        Format::Fleet => Parsed { fleet: Some(fleet::read(text)), ..Parsed::default() },
        Format::Json => {
            parse_documents([text], |text| serde_json::from_str(text).map_err(|e| e.to_string()))
        }
        Format::Yaml => parse_documents(documents::split(text), documents::read_yaml),
    }
}

fn of_the_file(reason: FaultReason) -> Parsed {
    let fault = LocalFault { document: None, field: None, reason };
    Parsed { faults: vec![fault], ..Parsed::default() }
}

fn parse_documents<'a>(
    texts: impl IntoIterator<Item = &'a str>,
    read: impl Fn(&str) -> Result<Value, String>,
) -> Parsed {
    let mut parsed = Parsed::default();
    for text in texts {
        parsed.documents += 1;
        if !documents::concerns_us(text.as_bytes()) {
            continue;
        }
        match read(text) {
            Ok(value) => parsed.take(&value, ""),
            Err(detail) => parsed.take_unreadable(text, detail),
        }
    }
    parsed
}

impl Parsed {
    /// Takes in one object; of a list, each of its items. `at` is the place of the object in its document.
    fn take(&mut self, object: &Value, at: &str) {
        let kind = object["kind"].as_str().unwrap_or_default();
        match (kind, object["items"].as_array()) {
            ("Ingress", _) => self.take_ingress(object, at),
            ("Secret" | "SealedSecret", _) => {
                self.secrets.extend(secret::read(object, self.documents))
            }
            (list, Some(items)) if list.ends_with("List") => {
                for (index, item) in items.iter().enumerate() {
                    self.take(item, &format!("items[{index}]."));
                }
            }
            _ => {}
        }
    }

    fn take_ingress(&mut self, object: &Value, at: &str) {
        let mut reading = ingress::Reading::new(self.documents, at);
        self.ingresses.extend(reading.read(object));
        self.faults.append(&mut reading.faults);
    }

    fn take_unreadable(&mut self, text: &str, detail: String) {
        if !documents::looks_like_ours(text) {
            return;
        }
        let reason = if text.contains("{{") {
            FaultReason::Template
        } else {
            FaultReason::Syntax { detail }
        };
        self.faults.push(LocalFault { document: Some(self.documents), field: None, reason });
    }
}

#[cfg(test)]
mod tests;
