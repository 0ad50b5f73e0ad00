//! Reading one object, which collects faults on the way.

use std::mem;
use std::str::FromStr;

use nws_expiry::DnsName;
use serde_json::Value;

use super::node::{optional_text, text};
use super::{Host, LocalFault, Stated, StatedOptions, hosts};
use crate::fault::FaultReason;
use crate::opting::Enabled;
use crate::{
    ENABLED_ANNOTATION, HOLD_ANNOTATION, KEY_TYPE_ANNOTATION, PROFILE_ANNOTATION,
    RENEW_BEFORE_ANNOTATION,
};

/// The versions of a kind's API.
pub(super) struct Api {
    /// Those that mean the same to us, the current one first.
    pub(super) served: &'static [&'static str],
    pub(super) removed: &'static [&'static str],
}

/// More are not told of one object, nor more than so many hosts with them: each may concern all its hosts, whose number would be
/// squared.
const MAX_FAULTS: usize = 100;

/// The reading of one object. What cannot be used becomes a fault beside the rest.
pub(super) struct Reading<'a> {
    pub(super) document: usize,
    /// The place of the object in its document, as in `items[3].`.
    at: &'a str,
    /// The hosts of the part that is being read.
    pub(super) hosts: Vec<String>,
    pub(super) faults: Vec<LocalFault>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(document: usize, at: &'a str) -> Self {
        Self { document, at, hosts: Vec::new(), faults: Vec::new() }
    }

    /// Whether it is of an API that is served. Other groups have kinds of the same name, which are none of our business.
    pub(super) fn is_served(&mut self, object: &Value, api: &Api) -> bool {
        let found = object["apiVersion"].as_str().unwrap_or_default();
        if let ([current, ..], true) = (api.served, api.removed.contains(&found)) {
            self.fault("apiVersion", FaultReason::OldApi { found: found.into(), current });
        }
        api.served.contains(&found)
    }

    /// A reading of the same object whose faults are kept apart.
    pub(super) fn aside(&self) -> Self {
        Self { document: self.document, at: self.at, hosts: self.hosts.clone(), faults: Vec::new() }
    }

    /// Its namespace, where it states one, and its name.
    pub(super) fn identity(&mut self, object: &Value) -> Option<(Option<String>, String)> {
        let metadata = &object["metadata"];
        let name = self.keep("metadata.name", text(metadata.get("name")))?.to_owned();
        let namespace =
            self.keep("metadata.namespace", optional_text(metadata.get("namespace")))?;
        let namespace = namespace.filter(|namespace| !namespace.is_empty());
        Some((namespace.map(str::to_owned), name))
    }

    /// Whether it is to be rendered first, in what it is called or in what it wants; that is its one fault then.
    pub(super) fn is_template(&mut self, object: &Value, wants: &Value) -> bool {
        let metadata = &object["metadata"];
        let found = [&metadata["name"], &metadata["namespace"], wants].into_iter().any(has_braces);
        if found {
            self.push(None, FaultReason::Template);
        }
        found
    }

    /// What its annotations say of how its certificates are made, and when.
    pub(super) fn options(&mut self, annotations: &Value) -> StatedOptions {
        StatedOptions {
            key_type: self.option(annotations, KEY_TYPE_ANNOTATION),
            profile: self.option(annotations, PROFILE_ANNOTATION),
            renew_before: self.option(annotations, RENEW_BEFORE_ANNOTATION),
            hold: self.option(annotations, HOLD_ANNOTATION),
            enabled: self.option(annotations, ENABLED_ANNOTATION),
            ca: Stated::Nothing,
            duration: Stated::Nothing,
            keeps_key: false,
            key_encoding: Stated::Nothing,
            template: Stated::Nothing,
        }
    }

    /// What is wrong with an annotation that opts in or out.
    pub(super) fn opting(&self, object: &Value) -> Option<LocalFault> {
        let mut aside = self.aside();
        let annotations = &object["metadata"]["annotations"];
        match aside.option::<Enabled>(annotations, ENABLED_ANNOTATION) {
            Stated::Nothing | Stated::Value { .. } => None,
            Stated::Unknown => aside.faults.pop(),
        }
    }

    fn option<T>(&mut self, annotations: &Value, annotation: &str) -> Stated<T>
    where
        T: FromStr<Err: Into<FaultReason>>,
    {
        let field = format!("metadata.annotations[{annotation:?}]");
        self.stated(&field, annotations.get(annotation))
    }

    /// What a field says, where it says anything.
    pub(super) fn stated<T>(&mut self, field: &str, value: Option<&Value>) -> Stated<T>
    where
        T: FromStr<Err: Into<FaultReason>>,
    {
        let parse = |text: &str| {
            if is_template(text) {
                return Err(FaultReason::Template);
            }
            text.parse::<T>().map_err(Into::into)
        };
        let read = optional_text(value).and_then(|text| text.map(parse).transpose());
        match self.keep(field, read) {
            Some(Some(value)) => Stated::Value { value, field: self.place(field) },
            Some(None) => Stated::Nothing,
            None => Stated::Unknown,
        }
    }

    /// A host name in a field of its own.
    pub(super) fn host(&mut self, field: &str, host: &Value) -> Option<Host> {
        let itself = host.as_str().into_iter().map(str::to_owned).collect();
        let of_part = mem::replace(&mut self.hosts, itself);
        let name = text(Some(host)).and_then(|text| Ok(text.parse::<DnsName>()?));
        let name = self.keep(field, name);
        self.hosts = of_part;
        Some(Host { name: name?, field: self.place(field) })
    }

    pub(super) fn keep<T>(&mut self, field: &str, read: Result<T, FaultReason>) -> Option<T> {
        read.map_err(|reason| self.fault(field, reason)).ok()
    }

    pub(super) fn fault(&mut self, field: &str, reason: FaultReason) {
        self.push(Some(self.place(field)), reason);
    }

    fn push(&mut self, field: Option<String>, reason: FaultReason) {
        let document = Some(self.document);
        match self.faults.len() {
            0..MAX_FAULTS => {
                let told: usize = self.faults.iter().map(|fault| fault.hosts.len()).sum();
                let room = hosts::MAX.saturating_sub(told);
                let hosts = self.hosts.iter().take(room).cloned().collect();
                self.faults.push(LocalFault { document, field, reason, hosts });
            }
            MAX_FAULTS => self.faults.push(LocalFault::more(self.document)),
            _ => {}
        }
    }

    pub(super) fn place(&self, field: &str) -> String {
        format!("{}{field}", self.at)
    }
}

fn has_braces(value: &Value) -> bool {
    match value {
        Value::String(text) => is_template(text),
        Value::Array(items) => items.iter().any(has_braces),
        Value::Object(map) => map.iter().any(|(key, value)| is_template(key) || has_braces(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Flux fills `${..}` in; elsewhere than in these fields it may stand for itself.
pub(super) fn is_template(text: &str) -> bool {
    super::has_braces(text) || text.contains("${")
}

/// Whether an object opts in or out, where that can be told.
pub(super) fn enabled(object: &Value) -> Option<Enabled> {
    object["metadata"]["annotations"][ENABLED_ANNOTATION].as_str()?.parse().ok()
}

/// Whether these annotations would change how an object wants its certificates made, or when, or whether at all.
pub(super) fn states_options(annotations: &Value) -> bool {
    const ALL: [&str; 5] = [
        KEY_TYPE_ANNOTATION,
        PROFILE_ANNOTATION,
        RENEW_BEFORE_ANNOTATION,
        HOLD_ANNOTATION,
        ENABLED_ANNOTATION,
    ];
    ALL.iter().any(|key| annotations.get(key).is_some())
}
