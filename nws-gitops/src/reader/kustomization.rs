//! What a `kustomization.yaml` builds, and what it changes on the way.

use std::sync::Arc;

use gix::bstr::ByteSlice;
use serde_json::{Map, Value};

use super::node::{list, mapping};
use super::{LocalFault, Parsed, documents, hosts, ingress, reading};
use crate::fault::FaultReason;

/// One kustomization.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Kustomization {
    Read {
        /// Files and directories it builds from, as written.
        resources: Vec<String>,
        /// Directories whose changes it takes over, as written.
        components: Vec<String>,
        changes: Vec<Change>,
    },
    /// What it would build from, as far as the words in it tell.
    Unreadable { words: Vec<String> },
}

/// A field that changes what is built.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Change {
    /// As in `patches[1]`.
    pub(crate) field: String,
    pub(crate) effect: Effect,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Effect {
    /// Everything is put into this namespace.
    Namespace(String),
    /// Everything is given annotations, of which this one hands an object to cert-manager.
    CertManager,
    /// What the target says, else what the patch itself names.
    Patch { target: Option<Named>, patch: Patch },
    /// Whatever it is.
    Any,
}

/// The text of a patch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Patch {
    /// In a file of its own, as written.
    File(String),
    /// The objects that it names.
    Inline(Vec<Named>),
    /// It cannot be told.
    Unknown,
}

/// What is selected; what is not stated may be anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Named {
    pub(crate) kind: Option<String>,
    pub(crate) name: Option<String>,
}

impl Named {
    /// Whether it certainly means something else. A target may be a regular expression, and only a plain word is known.
    pub(crate) fn is_not(&self, kind: &str, name: &str) -> bool {
        let differs = |stated: &Option<String>, actual: &str| {
            stated.as_ref().is_some_and(|stated| is_plain(stated) && stated != actual)
        };
        differs(&self.kind, kind) || differs(&self.name, name)
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

pub(super) fn read(bytes: &[u8]) -> Parsed {
    let fields = match bytes.to_str() {
        Ok(text) => read_fields(text),
        Err(_) => Err((None, FaultReason::NotUtf8)),
    };
    match fields {
        Ok(kustomization) => {
            Parsed { kustomization: Some(Arc::new(kustomization)), ..Parsed::default() }
        }
        Err((field, reason)) => {
            let fault = LocalFault { document: None, field, reason, hosts: Vec::new() };
            let words = words(&bytes.to_str_lossy());
            let kustomization = Some(Arc::new(Kustomization::Unreadable { words }));
            Parsed { kustomization, faults: vec![fault], ..Parsed::default() }
        }
    }
}

type Unusable = (Option<String>, FaultReason);

fn read_fields(text: &str) -> Result<Kustomization, Unusable> {
    let documents = documents::split(text);
    let document = match documents[..] {
        [] => "{}",
        [document] => document,
        [..] => {
            let reason = FaultReason::Syntax { detail: "more than one document".into() };
            return Err((None, reason));
        }
    };
    let value = documents::read(document).map_err(|detail| {
        let template = super::has_braces(document);
        let reason = if template { FaultReason::Template } else { FaultReason::Syntax { detail } };
        (None, reason)
    })?;
    let fields = mapping(&value).map_err(|reason| (None, reason))?;
    let mut resources = texts(fields, "resources")?;
    resources.extend(texts(fields, "bases")?);
    Ok(Kustomization::Read {
        resources,
        components: texts(fields, "components")?,
        changes: changes(fields)?,
    })
}

fn texts(fields: &Map<String, Value>, field: &'static str) -> Result<Vec<String>, Unusable> {
    Ok(items(fields, field)?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

fn items<'a>(fields: &'a Map<String, Value>, field: &'static str) -> Result<&'a [Value], Unusable> {
    list(fields.get(field)).map_err(|reason| (Some(field.to_owned()), reason))
}

/// Labels, images, replicas and what is generated beside leave an object's names, its Secret and its namespace alone.
fn changes(fields: &Map<String, Value>) -> Result<Vec<Change>, Unusable> {
    let mut changes = Vec::new();
    if let Some(namespace) =
        fields.get("namespace").and_then(Value::as_str).filter(|n| !n.is_empty())
    {
        changes.push(change("namespace", Effect::Namespace(namespace.to_owned())));
    }
    for field in ["namePrefix", "nameSuffix", "replacements", "vars", "transformers"] {
        if fields.get(field).is_some_and(says_something) {
            changes.push(change(field, Effect::Any));
        }
    }
    if fields.get("commonAnnotations").is_some_and(ingress::asks_cert_manager) {
        changes.push(change("commonAnnotations", Effect::CertManager));
    }
    if fields.get("commonAnnotations").is_some_and(reading::states_options) {
        changes.push(change("commonAnnotations", Effect::Any));
    }
    for field in ["patches", "patchesJson6902"] {
        let patches = items(fields, field)?.iter().enumerate();
        changes.extend(patches.map(|(n, patch)| change(&format!("{field}[{n}]"), targeted(patch))));
    }
    let merges = items(fields, "patchesStrategicMerge")?.iter().enumerate();
    changes.extend(
        merges.map(|(n, patch)| change(&format!("patchesStrategicMerge[{n}]"), merge(patch))),
    );
    Ok(changes)
}

fn change(field: &str, effect: Effect) -> Change {
    Change { field: field.to_owned(), effect }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// An entry of `patches` or `patchesJson6902`.
fn targeted(entry: &Value) -> Effect {
    let stated = |field: &str| entry["target"][field].as_str().map(str::to_owned);
    let target =
        entry["target"].as_object().map(|_| Named { kind: stated("kind"), name: stated("name") });
    let patch = match (entry["path"].as_str(), entry["patch"].as_str()) {
        (Some(path), _) => Patch::File(path.to_owned()),
        (None, Some(text)) => inline(text),
        (None, None) => Patch::Unknown,
    };
    Effect::Patch { target, patch }
}

/// An entry of `patchesStrategicMerge`: a file, or the patch itself.
fn merge(entry: &Value) -> Effect {
    let patch = match entry.as_str() {
        Some(text) if text.contains('\n') || text.contains(": ") => inline(text),
        Some(path) => Patch::File(path.to_owned()),
        None => Patch::Unknown,
    };
    Effect::Patch { target: None, patch }
}

fn inline(text: &str) -> Patch {
    let named = documents::split(text).into_iter().map(|document| {
        let value = documents::read(document).ok()?;
        value.is_object().then(|| named(&value))
    });
    named.collect::<Option<_>>().map_or(Patch::Unknown, Patch::Inline)
}

/// What an object says it is.
pub(super) fn named(object: &Value) -> Named {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Named { kind: text(&object["kind"]), name: text(&object["metadata"]["name"]) }
}

/// Everything that could be the path of a file or directory.
fn words(text: &str) -> Vec<String> {
    let separators = |c: char| c.is_whitespace() || "\"'[]{},:#".contains(c);
    let words = text.split(separators).filter(|word| !word.is_empty() && *word != "-");
    words.take(hosts::MAX).map(str::to_owned).collect()
}
