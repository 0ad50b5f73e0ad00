//! What an Ingress wants.

use std::str::FromStr;

use nws_expiry::DnsName;
use serde_json::Value;

use super::node::{list, mapping, optional_text, text};
use super::{Host, Ingress, LocalFault, Stated, StatedOptions, TlsBlock, hosts};
use crate::fault::FaultReason;
use crate::{HOLD_ANNOTATION, KEY_TYPE_ANNOTATION, PROFILE_ANNOTATION, RENEW_BEFORE_ANNOTATION};

/// The reading of one Ingress, which collects faults on the way.
pub(super) struct Reading<'a> {
    document: usize,
    /// The place of the object in its document, as in `items[3].`.
    at: &'a str,
    /// The hosts of the part that is being read.
    hosts: Vec<String>,
    pub(super) faults: Vec<LocalFault>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(document: usize, at: &'a str) -> Self {
        Self { document, at, hosts: Vec::new(), faults: Vec::new() }
    }

    /// The Ingress, if it wants a certificate and can be told which.
    pub(super) fn read(&mut self, object: &Value) -> Option<Ingress> {
        let tls = object["spec"].get("tls")?;
        self.hosts = hosts::of_ingress(object);
        if !self.is_current(object) || self.is_template(object, tls) {
            return None;
        }
        let metadata = &object["metadata"];
        let name = self.keep("metadata.name", text(metadata.get("name")))?.to_owned();
        let namespace =
            self.keep("metadata.namespace", optional_text(metadata.get("namespace")))?;
        Some(Ingress {
            document: self.document,
            namespace: namespace.filter(|namespace| !namespace.is_empty()).map(str::to_owned),
            name,
            cert_manager: cert_manager_annotation(&metadata["annotations"]),
            options: self.options(&metadata["annotations"]),
            blocks: self.blocks(tls),
            hosts: hosts::of_ingress(object),
        })
    }

    /// Other API groups have kinds of that name too, which are none of our business.
    fn is_current(&mut self, object: &Value) -> bool {
        match object["apiVersion"].as_str() {
            Some("networking.k8s.io/v1") => true,
            Some(found @ ("networking.k8s.io/v1beta1" | "extensions/v1beta1")) => {
                self.fault("apiVersion", FaultReason::OldApi { found: found.into() });
                false
            }
            Some(_) | None => false,
        }
    }

    fn is_template(&mut self, object: &Value, tls: &Value) -> bool {
        let metadata = &object["metadata"];
        let found = [&metadata["name"], &metadata["namespace"], tls].into_iter().any(has_braces);
        if found {
            self.push(None, FaultReason::Template);
        }
        found
    }

    fn options(&mut self, annotations: &Value) -> StatedOptions {
        StatedOptions {
            key_type: self.option(annotations, KEY_TYPE_ANNOTATION),
            profile: self.option(annotations, PROFILE_ANNOTATION),
            renew_before: self.option(annotations, RENEW_BEFORE_ANNOTATION),
            hold: self.option(annotations, HOLD_ANNOTATION),
        }
    }

    fn option<T>(&mut self, annotations: &Value, annotation: &str) -> Stated<T>
    where
        T: FromStr<Err: Into<FaultReason>>,
    {
        let field = format!("metadata.annotations[{annotation:?}]");
        let parse = |text: &str| {
            if is_template(text) {
                return Err(FaultReason::Template);
            }
            text.parse::<T>().map_err(Into::into)
        };
        let read =
            optional_text(annotations.get(annotation)).and_then(|text| text.map(parse).transpose());
        match self.keep(&field, read) {
            Some(Some(value)) => Stated::Value { value, field: self.place(&field) },
            Some(None) => Stated::Nothing,
            None => Stated::Unknown,
        }
    }

    fn blocks(&mut self, tls: &Value) -> Vec<TlsBlock> {
        let blocks = self.keep("spec.tls", list(Some(tls))).unwrap_or_default();
        let of_all = self.hosts.clone();
        let blocks = blocks.iter().enumerate().filter_map(|(index, block)| {
            let hosts = hosts::of_block(block);
            self.hosts = if hosts.is_empty() { of_all.clone() } else { hosts };
            self.block(index, block)
        });
        blocks.collect()
    }

    fn block(&mut self, index: usize, block: &Value) -> Option<TlsBlock> {
        let field = format!("spec.tls[{index}]");
        let block = self.keep(&field, mapping(block))?;
        let secret = self.keep(&format!("{field}.secretName"), text(block.get("secretName")));
        let hosts = self.hosts(&field, block.get("hosts"));
        Some(TlsBlock { field: self.place(&field), secret: secret?.to_owned(), hosts })
    }

    fn hosts(&mut self, block: &str, hosts: Option<&Value>) -> Vec<Host> {
        let field = format!("{block}.hosts");
        let hosts = match list(hosts) {
            Ok([]) => Err(FaultReason::Missing),
            other => other,
        };
        let hosts = self.keep(&field, hosts).unwrap_or_default();
        hosts
            .iter()
            .enumerate()
            .filter_map(|(index, host)| self.host(&format!("{field}[{index}]"), host))
            .collect()
    }

    fn host(&mut self, field: &str, host: &Value) -> Option<Host> {
        self.hosts = host.as_str().into_iter().map(str::to_owned).collect();
        let name = text(Some(host)).and_then(|text| Ok(text.parse::<DnsName>()?));
        Some(Host { name: self.keep(field, name)?, field: self.place(field) })
    }

    fn keep<T>(&mut self, field: &str, read: Result<T, FaultReason>) -> Option<T> {
        read.map_err(|reason| self.fault(field, reason)).ok()
    }

    fn fault(&mut self, field: &str, reason: FaultReason) {
        self.push(Some(self.place(field)), reason);
    }

    fn push(&mut self, field: Option<String>, reason: FaultReason) {
        let (document, hosts) = (Some(self.document), self.hosts.clone());
        self.faults.push(LocalFault { document, field, reason, hosts });
    }

    fn place(&self, field: &str) -> String {
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
fn is_template(text: &str) -> bool {
    super::has_braces(text) || text.contains("${")
}

/// The annotations by which cert-manager's ingress-shim takes an Ingress for its own.
fn cert_manager_annotation(annotations: &Value) -> Option<String> {
    const ISSUER: [&str; 4] = [
        "cert-manager.io/issuer",
        "cert-manager.io/cluster-issuer",
        "certmanager.k8s.io/issuer",
        "certmanager.k8s.io/cluster-issuer",
    ];
    let asks = |key: &str, value: &Value| match key {
        "kubernetes.io/tls-acme" => value == "true" || value == true,
        key => ISSUER.contains(&key),
    };
    let mut annotations = annotations.as_object()?.iter();
    annotations.find(|(key, value)| asks(key, value)).map(|(key, _)| key.clone())
}

/// Whether these annotations would change how an Ingress wants its certificates made, or when.
pub(super) fn states_options(annotations: &Value) -> bool {
    const ALL: [&str; 4] =
        [KEY_TYPE_ANNOTATION, PROFILE_ANNOTATION, RENEW_BEFORE_ANNOTATION, HOLD_ANNOTATION];
    ALL.iter().any(|key| annotations.get(key).is_some())
}

/// Whether these annotations would hand an Ingress to cert-manager.
pub(super) fn asks_cert_manager(annotations: &Value) -> bool {
    cert_manager_annotation(annotations).is_some()
}
