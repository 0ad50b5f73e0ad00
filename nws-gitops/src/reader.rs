//! From the bytes of one file to what they say, whatever the file's place.

use std::collections::BTreeSet;
use std::sync::Arc;

use gix::bstr::ByteSlice;
use nws_expiry::{Chain, DnsName};
use serde_json::Value;

use crate::fault::FaultReason;
use crate::opting::Enabled;
use crate::{ENABLED_ANNOTATION, Kind, Provenance, RepoPath, SealedTo, SecretForm, Target};

mod cert_manager;
mod certificate;
mod clear_key;
mod declared;
mod documents;
mod fleet;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod hosts;
mod ingress;
mod kustomization;
mod listener;
mod node;
mod plain;
mod reading;
mod route;
mod rule;
mod sealed_secret;
mod secret;
mod sops;
mod stated;
mod template;
mod text;
mod traefik;
mod unsealed;

use documents::Meaning;

pub(crate) use cert_manager::{Request, Sign};
pub(crate) use documents::{read_yaml, single as single_document};
pub(crate) use fleet::FleetNamespace;
pub(crate) use kustomization::{Change, Effect, Kustomization, Named, Patch};
pub(crate) use listener::{AllowedNamespaces, Listener, OpenListener};
pub(crate) use route::{Parent, Route, RouteKind};
pub(crate) use secret::{datum, is_sealed};
pub(crate) use stated::{Stated, StatedOptions};
pub(crate) use template::StatedEntry;
pub(crate) use text::Text;
pub(crate) use unsealed::{Unsealed, unsealed};

/// Files over this size are reported, not read: an API server takes 3 MiB in one request.
pub(crate) const MAX_FILE_BYTES: u64 = 8 << 20;

/// More faults are not told of one file.
const MAX_FAULTS: usize = 1000;

/// How a file is to be read, which its name decides.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Format {
    Yaml,
    Json,
    Fleet,
    Kustomization,
    FleetIgnore,
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
            ".fleetignore" => Some(Self::FleetIgnore),
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
    pub(crate) routes: Vec<Arc<Route>>,
    /// What is wrong with routes that cannot be told, which matters only where a listener waits for some.
    pub(crate) lost_routes: Vec<LocalFault>,
    pub(crate) secrets: Vec<Secret>,
    pub(crate) faults: Vec<LocalFault>,
    pub(crate) fleet: Option<FleetNamespace>,
    pub(crate) kustomization: Option<Arc<Kustomization>>,
    /// Whether Fleet deploys a chart from elsewhere there.
    pub(crate) names_a_chart: bool,
    /// All of it, where it may be given a line.
    pub(crate) text: Option<Text>,
    /// Every object in it that may want something or offer hosts, whole or a part, by what it says it is.
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
    pub(crate) cert_manager: Option<Box<Request>>,
    pub(crate) options: Arc<StatedOptions>,
    pub(crate) blocks: Vec<TlsBlock>,
    /// All hosts it names, as written.
    pub(crate) hosts: Vec<String>,
}

impl Applicant {
    /// Whether a listener of it takes the hosts of routes.
    pub(crate) fn waits_for_routes(&self) -> bool {
        let mut listeners = self.blocks.iter().filter_map(|block| block.listener.as_ref());
        listeners.any(|listener| listener.open.is_some())
    }
}

/// One Secret that an object wants, as an entry of an Ingress' `spec.tls`.
#[derive(Debug)]
pub(crate) struct TlsBlock {
    /// As in `spec.tls[0]`.
    pub(crate) field: String,
    pub(crate) secret: String,
    pub(crate) hosts: Vec<Host>,
    /// Where a listener wants it.
    pub(crate) listener: Option<Listener>,
}

#[derive(Clone, Debug)]
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
    /// The clusters that one of ours says it is for.
    pub(crate) target: Option<Target>,
    pub(crate) stays: bool,
    pub(crate) chain: Option<Chain>,
    /// Of one of ours.
    pub(crate) sealed: Option<Box<SealedTo>>,
    /// Where it holds a private key that anybody can read.
    pub(crate) clear_key: Option<String>,
    pub(crate) provenance: Provenance,
    /// Of one of ours.
    pub(crate) form: SecretForm,
    /// Whether what it holds is encrypted, whoever can open it.
    pub(crate) is_sealed: bool,
}

/// A fault, before its file is known.
#[derive(Clone, Debug)]
pub(crate) struct LocalFault {
    pub(crate) document: Option<usize>,
    pub(crate) field: Option<String>,
    pub(crate) reason: FaultReason,
    /// The hosts it concerns, as written.
    pub(crate) hosts: Vec<String>,
}

impl LocalFault {
    /// In place of all that are left.
    fn more(document: usize) -> Self {
        Self { document: Some(document), field: None, reason: FaultReason::More, hosts: Vec::new() }
    }
}

/// Of a file that is not read, what others would have from it cannot be told either.
pub(crate) fn too_large(size: u64, format: Format) -> Parsed {
    let parsed = of_the_file(FaultReason::TooLarge { size, limit: MAX_FILE_BYTES });
    match format {
        Format::Fleet => Parsed { fleet: Some(FleetNamespace::Unreadable), ..parsed },
        Format::Kustomization => {
            let words = Vec::new();
            let kustomization = Some(Arc::new(Kustomization::Unreadable { words }));
            Parsed { kustomization, ..parsed }
        }
        Format::Yaml | Format::Json | Format::FleetIgnore | Format::Declared => parsed,
    }
}

/// Reads a file. A part of it that cannot be read becomes a fault, if it looks like something that concerns us.
pub(crate) fn parse(bytes: &[u8], format: Format) -> Parsed {
    match format {
        Format::Fleet => match bytes.to_str() {
            Ok(text) => Parsed {
                fleet: Some(fleet::read(text)),
                names_a_chart: fleet::names_a_chart(text),
                ..Parsed::default()
            },
            Err(_) => Parsed {
                fleet: Some(FleetNamespace::Unreadable),
                ..of_the_file(FaultReason::NotUtf8)
            },
        },
        Format::Kustomization => Parsed { text: Text::of(bytes), ..kustomization::read(bytes) },
        Format::FleetIgnore => Parsed { text: Text::of(bytes), ..Parsed::default() },
        Format::Declared => manifests(bytes, declared::read),
        Format::Yaml | Format::Json if documents::is_utf_16(bytes) => {
            of_the_file(FaultReason::NotUtf8)
        }
        Format::Yaml | Format::Json if !documents::concerns_us(bytes) => Parsed::default(),
        Format::Yaml => {
            manifests(bytes, |text| parse_documents(documents::split(text), documents::read))
        }
        Format::Json => manifests(bytes, |text| {
            parse_documents([documents::without_mark(text)], |text| {
                serde_json::from_str(text).map_err(|error| error.to_string())
            })
        }),
    }
}

/// What the one document of a text says; nothing is an empty mapping.
pub(crate) fn read_document(text: &str) -> Option<Value> {
    match documents::split(text)[..] {
        [] => Some(Value::Object(serde_json::Map::new())),
        [document] => read_yaml(document).ok(),
        [..] => None,
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
    /// The same without room for more: all files of a repository are held at once.
    pub(crate) fn compact(mut self) -> Self {
        self.applicants.shrink_to_fit();
        self.secrets.shrink_to_fit();
        self.named.shrink_to_fit();
        for applicant in &mut self.applicants {
            applicant.blocks.shrink_to_fit();
            applicant.hosts.shrink_to_fit();
            applicant.blocks.iter_mut().for_each(|block| block.hosts.shrink_to_fit());
        }
        self
    }

    /// Whether there is anything in it that could concern anyone.
    pub(crate) fn says_something(&self) -> bool {
        let Self { applicants, secrets, faults, fleet, kustomization, text, named, .. } = self;
        let none = applicants.is_empty() && secrets.is_empty() && faults.is_empty();
        let route = !self.routes.is_empty() || !self.lost_routes.is_empty();
        !none
            || route
            || fleet.is_some()
            || kustomization.is_some()
            || text.is_some()
            || !named.is_empty()
    }

    /// Whether all of the file was read, or at least what looks like ours in it.
    pub(crate) fn is_whole(&self) -> bool {
        self.faults.iter().all(|fault| fault.document.is_some())
    }

    /// Takes in one object; of a list, each of its items. `at` is the place of the object in its document.
    fn take(&mut self, object: &Value, at: &str) {
        let kind = object["kind"].as_str().unwrap_or_default();
        if let Some(kind) = Kind::of(kind) {
            return self.take_applicant(kind, object, at);
        }
        if let Some(kind) = RouteKind::of(kind) {
            return self.take_route(kind, object, at);
        }
        match (kind, object["items"].as_array()) {
            ("Secret" | "SealedSecret", _) => {
                self.secrets.extend(secret::read(object, self.documents))
            }
            ("SopsSecret", _) => self.secrets.extend(sops::secrets(object, self.documents)),
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
            Kind::Gateway | Kind::ListenerSet | Kind::XListenerSet => {
                listener::read(&mut reading, kind, object)
            }
            Kind::IngressRoute | Kind::IngressRouteTcp => traefik::read(&mut reading, kind, object),
            Kind::Certificate => certificate::read(&reading, object),
            // They have files of their own.
            Kind::Certificates => None,
        });
        add(&mut self.faults, reading.faults, self.documents);
    }

    /// One that opts out brings no hosts.
    fn take_route(&mut self, kind: RouteKind, object: &Value, at: &str) {
        self.named.push(kustomization::named(object));
        if reading::enabled(object) == Some(Enabled::No) {
            return;
        }
        match route::read(reading::Reading::new(self.documents, at), kind, object) {
            Ok(route) => self.routes.extend(route.map(Arc::new)),
            Err(faults) => add(&mut self.lost_routes, faults, self.documents),
        }
    }

    fn take_unreadable(&mut self, text: &str, detail: String) {
        let Some(means) = documents::meant_as(text) else {
            return;
        };
        self.named.push(Named { kind: None, name: None });
        if text.contains(ENABLED_ANNOTATION) {
            self.opted_in.insert(self.documents);
        }
        let reason =
            if has_braces(text) { FaultReason::Template } else { FaultReason::Syntax { detail } };
        // A Secret's text is not looked through: what it holds belongs in no report.
        let hosts = if means == Meaning::Secret { Vec::new() } else { hosts::in_text(text) };
        let faults = if means == Meaning::Route { &mut self.lost_routes } else { &mut self.faults };
        let fault = LocalFault { document: Some(self.documents), field: None, reason, hosts };
        add(faults, vec![fault], self.documents);
    }
}

/// Adds what was found in a document, as far as there is room.
fn add(faults: &mut Vec<LocalFault>, found: Vec<LocalFault>, document: usize) {
    let (room, left) = (MAX_FAULTS.saturating_sub(faults.len()), found.len());
    faults.extend(found.into_iter().take(room));
    if room < left && faults.len() == MAX_FAULTS {
        faults.push(LocalFault::more(document));
    }
}

/// Whether a text is to be rendered first, by Helm or the like.
fn has_braces(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

#[cfg(test)]
mod tests;
