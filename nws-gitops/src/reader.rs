//! From the bytes of one file to what they say, whatever the file's place.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use gix::bstr::ByteSlice;
use nws_expiry::{Chain, DnsName, KeyType, Profile, RenewBefore};
use serde_json::Value;
use time::Duration;

use crate::fault::FaultReason;
use crate::opting::Enabled;
use crate::overrides::HoldText;
use crate::{CaName, ENABLED_ANNOTATION, Kind, ObjectId, Provenance, RepoPath};

mod cert_manager;
mod certificate;
mod declared;
mod documents;
mod fleet;
mod hosts;
mod ingress;
mod kustomization;
mod node;
mod reading;
mod secret;

pub(crate) use cert_manager::{Request, Sign};
pub(crate) use fleet::FleetNamespace;
pub(crate) use kustomization::{Change, Effect, Kustomization, Named, Patch};

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
    Kustomization,
    /// A file of our own.
    Declared,
}

impl Format {
    pub(crate) fn of(path: &RepoPath) -> Option<Self> {
        match path.file_name() {
            "fleet.yaml" | "fleet.yml" => Some(Self::Fleet),
            "nws-certd.yaml" | "nws-certd.yml" => Some(Self::Declared),
            "kustomization.yaml" | "kustomization.yml" | "Kustomization" => {
                Some(Self::Kustomization)
            }
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
    pub(crate) applicants: Vec<Applicant>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) faults: Vec<LocalFault>,
    pub(crate) fleet: Option<FleetNamespace>,
    pub(crate) kustomization: Option<Kustomization>,
    /// Every object in it that can want something, whole or a part, by what it says it is.
    pub(crate) named: Vec<Named>,
    /// The documents in which something opts in.
    pub(crate) opted_in: BTreeSet<usize>,
}

/// An object that wants certificates.
#[derive(Debug)]
pub(crate) struct Applicant {
    pub(crate) kind: Kind,
    pub(crate) document: usize,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    /// What it requests of cert-manager, if it does.
    pub(crate) cert_manager: Option<Request>,
    pub(crate) options: StatedOptions,
    pub(crate) blocks: Vec<TlsBlock>,
    /// All hosts it names, as written.
    pub(crate) hosts: Vec<String>,
}

/// How an object wants its certificates made, and when.
#[derive(Clone, Debug)]
pub(crate) struct StatedOptions {
    pub(crate) key_type: Stated<KeyType>,
    pub(crate) profile: Stated<Profile>,
    pub(crate) renew_before: Stated<RenewBefore>,
    pub(crate) hold: Stated<HoldText>,
    /// Whether it is to be served at all.
    pub(crate) enabled: Stated<Enabled>,
    pub(crate) ca: Stated<CaName>,
    /// How long it is to be valid, which is for the CA to decide.
    pub(crate) duration: Stated<Duration>,
    /// Whether a renewal is for the key of the certificate before.
    pub(crate) keeps_key: bool,
}

impl StatedOptions {
    /// The same where what is written may not be what is deployed. That decides how a certificate is to be made; when it is ordered is
    /// between the file and us.
    pub(crate) fn unsettled(&self) -> Self {
        Self { key_type: Stated::Unknown, profile: Stated::Unknown, ..self.clone() }
    }

    pub(crate) fn are_known(&self) -> bool {
        let Self { key_type, profile, renew_before, hold, enabled, ca, .. } = self;
        let when = renew_before.is_known() && hold.is_known();
        key_type.is_known() && profile.is_known() && when && enabled.is_known() && ca.is_known()
    }
}

/// What a field says that may be left out.
#[derive(Clone, Debug)]
pub(crate) enum Stated<T> {
    Nothing,
    Value {
        value: T,
        /// As in `metadata.annotations["nws-certd/key-type"]`.
        field: String,
    },
    /// Something, but it cannot be told what.
    Unknown,
}

impl<T> Stated<T> {
    /// This, or else that.
    pub(crate) fn or(self, other: Self) -> Self {
        match self {
            Self::Nothing => other,
            Self::Value { .. } | Self::Unknown => self,
        }
    }

    fn is_known(&self) -> bool {
        match self {
            Self::Nothing | Self::Value { .. } => true,
            Self::Unknown => false,
        }
    }
}

/// One Secret that an object wants, as an entry of an Ingress' `spec.tls`.
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
    pub(crate) provenance: Provenance,
}

/// A fault, before its file is known.
#[derive(Debug)]
pub(crate) struct LocalFault {
    pub(crate) document: Option<usize>,
    pub(crate) field: Option<String>,
    pub(crate) reason: FaultReason,
    /// The hosts it concerns, as written.
    pub(crate) hosts: Vec<String>,
}

pub(crate) fn too_large(size: u64) -> Parsed {
    of_the_file(FaultReason::TooLarge { size, limit: MAX_FILE_BYTES })
}

/// Reads a file. A part of it that cannot be read becomes a fault, if it looks like something that concerns us.
pub(crate) fn parse(bytes: &[u8], format: Format) -> Parsed {
    match format {
        Format::Fleet => match bytes.to_str() {
            Ok(text) => Parsed { fleet: Some(fleet::read(text)), ..Parsed::default() },
            Err(_) => of_the_file(FaultReason::NotUtf8),
        },
        Format::Kustomization => kustomization::read(bytes),
        Format::Declared => manifests(bytes, declared::read),
        Format::Yaml | Format::Json if !documents::concerns_us(bytes) => Parsed::default(),
        Format::Yaml => {
            manifests(bytes, |text| parse_documents(documents::split(text), documents::read_yaml))
        }
        Format::Json => manifests(bytes, |text| {
            parse_documents([documents::without_mark(text)], |text| {
                serde_json::from_str(text).map_err(|error| error.to_string())
            })
        }),
    }
}

fn manifests(bytes: &[u8], parse: impl Fn(&str) -> Parsed) -> Parsed {
    bytes.to_str().map_or_else(|_| of_the_file(FaultReason::NotUtf8), parse)
}

fn of_the_file(reason: FaultReason) -> Parsed {
    let fault = LocalFault { document: None, field: None, reason, hosts: Vec::new() };
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
    /// Whether all of the file was read, or at least what looks like an Ingress in it.
    pub(crate) fn is_whole(&self) -> bool {
        self.faults.iter().all(|fault| fault.document.is_some())
    }

    /// Takes in one object; of a list, each of its items. `at` is the place of the object in its document.
    fn take(&mut self, object: &Value, at: &str) {
        let kind = object["kind"].as_str().unwrap_or_default();
        match (kind, object["items"].as_array()) {
            ("Ingress", _) => self.take_applicant(Kind::Ingress, object, at),
            ("Certificate", _) => self.take_applicant(Kind::Certificate, object, at),
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

    /// What opts out is nobody's business, whatever is wrong with it.
    fn take_applicant(&mut self, kind: Kind, object: &Value, at: &str) {
        self.named.push(kustomization::named(object));
        let enabled = reading::enabled(object);
        if enabled == Some(Enabled::No) {
            return;
        }
        if enabled == Some(Enabled::Yes) {
            self.opted_in.insert(self.documents);
        }
        let mut reading = reading::Reading::new(self.documents, at);
        self.applicants.extend(match kind {
            Kind::Ingress => ingress::read(&mut reading, object),
            Kind::Certificate => certificate::read(&reading, object),
            // They have files of their own.
            Kind::Certificates => None,
        });
        self.faults.append(&mut reading.faults);
    }

    fn take_unreadable(&mut self, text: &str, detail: String) {
        if !documents::looks_like_ours(text) {
            return;
        }
        self.named.push(Named { kind: None, name: None });
        if text.contains(ENABLED_ANNOTATION) {
            self.opted_in.insert(self.documents);
        }
        let reason =
            if has_braces(text) { FaultReason::Template } else { FaultReason::Syntax { detail } };
        // A Secret's text is not looked through: what it holds belongs in no report.
        let hosts = if documents::is_applicant(text) { hosts::in_text(text) } else { Vec::new() };
        self.faults.push(LocalFault { document: Some(self.documents), field: None, reason, hosts });
    }
}

/// Whether a text is to be rendered first, by Helm or the like.
fn has_braces(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

#[cfg(test)]
mod tests;
