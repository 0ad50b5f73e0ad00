//! What the listeners of a Gateway want, or of a ListenerSet, which adds some to a Gateway.

use std::collections::BTreeSet;

use serde_json::Value;

use super::node::{list, mapping, optional_text, text};
use super::reading::{Api, Reading};
use super::route::RouteKind;
use super::{Applicant, Host, Kind, TlsBlock, cert_manager, hosts};
use crate::fault::FaultReason;

const GATEWAY: Api = Api {
    served: &["gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"],
    removed: &["gateway.networking.k8s.io/v1alpha2", "networking.x-k8s.io/v1alpha1"],
};

const LISTENER_SET: Api = Api { served: &["gateway.networking.k8s.io/v1"], removed: &[] };

const X_LISTENER_SET: Api = Api { served: &["gateway.networking.x-k8s.io/v1alpha1"], removed: &[] };

/// What a listener that ends TLS adds to the Secret it names.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// The namespace in which its Secret is said to be, where one is said.
    pub(crate) secret_namespace: Option<String>,
    /// As in `spec.listeners[0]`.
    pub(crate) field: String,
    /// The hosts it takes over from routes; none where its own hostname says which one it serves.
    pub(crate) open: Option<OpenListener>,
}

/// A listener whose routes say which hosts it serves.
#[derive(Clone, Debug)]
pub(crate) struct OpenListener {
    pub(crate) name: String,
    pub(crate) port: Option<u64>,
    pub(crate) routes: Vec<RouteKind>,
    /// Its hostname, where that is a wildcard: routes bring in hosts below it.
    pub(crate) wildcard: Option<Host>,
    pub(crate) namespaces: AllowedNamespaces,
}

/// From which namespaces routes may attach.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum AllowedNamespaces {
    /// Its own, which is the default.
    Same,
    All,
    Only(BTreeSet<String>),
    /// By labels that only the cluster knows.
    Unknown,
}

/// The Gateway or ListenerSet, if it wants a certificate and can be told which.
pub(super) fn read(reading: &mut Reading<'_>, kind: Kind, object: &Value) -> Option<Applicant> {
    let api = match kind {
        Kind::ListenerSet => LISTENER_SET,
        Kind::XListenerSet => X_LISTENER_SET,
        _ => GATEWAY,
    };
    let listeners = object["spec"].get("listeners")?;
    reading.hosts = hosts::of_listeners(listeners);
    if !reading.is_served(object, &api) || reading.is_template(object, listeners) {
        return None;
    }
    let (namespace, name) = reading.identity(object)?;
    let annotations = &object["metadata"]["annotations"];
    Some(Applicant {
        kind,
        document: reading.document,
        namespace,
        name,
        cert_manager: cert_manager::of_annotations(reading, kind, annotations),
        options: reading.options(annotations).shared(),
        blocks: blocks(reading, listeners),
        hosts: hosts::of_listeners(listeners),
    })
}

/// The API takes no more listeners, nor more Secrets for one.
const MAX: usize = 64;

fn few(value: Option<&Value>) -> Result<&[Value], FaultReason> {
    let items = list(value)?;
    if items.len() > MAX {
        let (found, wanted) = ("a list of more than 64", "one of at most 64, as Kubernetes takes");
        return Err(FaultReason::Shape { found, wanted });
    }
    Ok(items)
}

fn blocks(reading: &mut Reading<'_>, listeners: &Value) -> Vec<TlsBlock> {
    let listeners = reading.keep("spec.listeners", few(Some(listeners))).unwrap_or_default();
    let mut blocks = Vec::new();
    for (index, listener) in listeners.iter().enumerate() {
        let field = format!("spec.listeners[{index}]");
        reading.hosts = hosts::of_listener(listener);
        if reading.keep(&field, mapping(listener)).is_some() && ends_tls(listener) {
            blocks.extend(of_listener(reading, &field, listener));
        }
    }
    blocks
}

/// The API's default is to terminate.
fn ends_tls(listener: &Value) -> bool {
    let mode = listener["tls"]["mode"].as_str().unwrap_or("Terminate");
    matches!(listener["protocol"].as_str(), Some("HTTPS" | "TLS")) && mode == "Terminate"
}

/// One for each Secret it names, all with the same hosts.
fn of_listener(reading: &mut Reading<'_>, field: &str, listener: &Value) -> Vec<TlsBlock> {
    let Some(references) = references(reading, field, listener) else {
        return Vec::new();
    };
    let (hosts, open) = match hostname(reading, field, listener) {
        Some(Hostname::Exact(host)) => (vec![host], None),
        Some(Hostname::Open(wildcard)) => (Vec::new(), Some(open(listener, wildcard))),
        None => return Vec::new(),
    };
    let field = reading.place(field);
    let block = |(place, secret, secret_namespace): Reference| TlsBlock {
        field: place,
        secret,
        hosts: hosts.clone(),
        listener: Some(Listener { secret_namespace, field: field.clone(), open: open.clone() }),
    };
    references.into_iter().map(block).collect()
}

/// Place, name and namespace.
type Reference = (String, String, Option<String>);

/// The Secrets it names. Where it names nothing, its `tls.options` may say where else the certificate comes from.
fn references(reading: &mut Reading<'_>, field: &str, listener: &Value) -> Option<Vec<Reference>> {
    let field = format!("{field}.tls.certificateRefs");
    let tls = &listener["tls"];
    let elsewhere = tls["options"].as_object().is_some_and(|options| !options.is_empty());
    let references = match few(tls.get("certificateRefs")) {
        Ok([]) if !elsewhere => Err(FaultReason::Missing),
        other => other,
    };
    let references = reading.keep(&field, references)?.iter().enumerate();
    let references =
        references.filter_map(|(n, one)| reference(reading, &format!("{field}[{n}]"), one));
    Some(references.collect())
}

fn reference(reading: &mut Reading<'_>, field: &str, reference: &Value) -> Option<Reference> {
    let stated = reading.keep(field, mapping(reference))?;
    let says = |key: &str, text: &str| {
        stated.get(key).is_none_or(|value| value.is_null() || value == text)
    };
    if !says("group", "") || !says("kind", "Secret") {
        return None;
    }
    let name = reading.keep(&format!("{field}.name"), text(stated.get("name")))?;
    let namespace = optional_text(stated.get("namespace"));
    let namespace = reading.keep(&format!("{field}.namespace"), namespace)?;
    Some((reading.place(field), name.to_owned(), namespace.map(str::to_owned)))
}

enum Hostname {
    Exact(Host),
    Open(Option<Host>),
}

fn hostname(reading: &mut Reading<'_>, field: &str, listener: &Value) -> Option<Hostname> {
    let field = format!("{field}.hostname");
    let stated = reading.keep(&field, optional_text(listener.get("hostname")))?;
    if stated.is_none_or(str::is_empty) {
        return Some(Hostname::Open(None));
    }
    let host = reading.host(&field, &listener["hostname"])?;
    let wildcard = host.name.is_wildcard();
    Some(if wildcard { Hostname::Open(Some(host)) } else { Hostname::Exact(host) })
}

fn open(listener: &Value, wildcard: Option<Host>) -> OpenListener {
    OpenListener {
        name: listener["name"].as_str().unwrap_or_default().to_owned(),
        port: listener["port"].as_u64().filter(|port| *port > 0),
        routes: routes(listener),
        wildcard,
        namespaces: namespaces(&listener["allowedRoutes"]["namespaces"]),
    }
}

/// What its protocol takes, unless it takes less.
fn routes(listener: &Value) -> Vec<RouteKind> {
    let of_protocol: &[RouteKind] = match listener["protocol"].as_str() {
        Some("HTTPS") => &[RouteKind::Http, RouteKind::Grpc],
        _ => &[RouteKind::Tls],
    };
    let stated = listener["allowedRoutes"]["kinds"].as_array().filter(|kinds| !kinds.is_empty());
    let is_allowed = |kind: &RouteKind| {
        stated.is_none_or(|kinds| kinds.iter().any(|stated| stated["kind"] == kind.as_str()))
    };
    of_protocol.iter().copied().filter(is_allowed).collect()
}

fn namespaces(stated: &Value) -> AllowedNamespaces {
    match stated["from"].as_str() {
        None | Some("Same") => AllowedNamespaces::Same,
        Some("All") => AllowedNamespaces::All,
        Some("Selector") => selected(&stated["selector"])
            .map_or(AllowedNamespaces::Unknown, AllowedNamespaces::Only),
        Some(_) => AllowedNamespaces::Only(BTreeSet::new()),
    }
}

/// Selection by the one label that every namespace has, its name.
fn selected(selector: &Value) -> Option<BTreeSet<String>> {
    const NAME: &str = "kubernetes.io/metadata.name";
    let labels: Vec<_> = selector["matchLabels"].as_object().into_iter().flatten().collect();
    let expressions: Vec<_> =
        selector["matchExpressions"].as_array().into_iter().flatten().collect();
    match (&labels[..], &expressions[..]) {
        ([(label, name)], []) if *label == NAME => {
            Some(BTreeSet::from([name.as_str()?.to_owned()]))
        }
        ([], [one]) if one["key"] == NAME && one["operator"] == "In" => {
            let values = one["values"].as_array()?.iter();
            values.map(|value| value.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}
