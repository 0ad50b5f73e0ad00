//! What a route of the Gateway API offers to the listeners it attaches to.

use serde_json::Value;

use super::reading::{Api, Reading};
use super::{Host, Kind, LocalFault};

const API: Api = Api {
    served: &[
        "gateway.networking.k8s.io/v1",
        "gateway.networking.k8s.io/v1beta1",
        "gateway.networking.k8s.io/v1alpha3",
        "gateway.networking.k8s.io/v1alpha2",
    ],
    removed: &[],
};

/// A kind of route that names hosts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum RouteKind {
    Http,
    Grpc,
    Tls,
}

impl RouteKind {
    pub(crate) const ALL: [Self; 3] = [Self::Http, Self::Grpc, Self::Tls];

    /// As manifests write it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
            Self::Tls => "TLSRoute",
        }
    }

    pub(super) fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A route that names hosts.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) kind: RouteKind,
    pub(crate) document: usize,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    pub(crate) parents: Vec<Parent>,
    pub(crate) hosts: Vec<Host>,
    /// What is wrong with its hosts, which matters only where a listener takes them over.
    pub(crate) faults: Vec<LocalFault>,
}

/// What a route attaches to.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Parent {
    pub(crate) kind: Kind,
    /// The route's own, where none is stated.
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    /// One listener of it, where one is named.
    pub(crate) section: Option<String>,
    /// The listeners on one port of it, where one is named.
    pub(crate) port: Option<u64>,
}

/// The route, if it names hosts and attaches to something; else why it cannot be told, which is the one fault of `reading` then.
pub(super) fn read(
    mut reading: Reading<'_>,
    kind: RouteKind,
    object: &Value,
) -> Result<Option<Route>, Vec<LocalFault>> {
    let spec = &object["spec"];
    let hostnames = spec["hostnames"].as_array().map_or(&[][..], Vec::as_slice);
    if hostnames.is_empty() || !reading.is_served(object, &API) {
        return Ok(None);
    }
    reading.hosts = hostnames.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if reading.is_template(object, spec) {
        return Err(reading.faults);
    }
    let Some((namespace, name)) = reading.identity(object) else {
        return Err(reading.faults);
    };
    let hosts = hostnames.iter().enumerate();
    let hosts =
        hosts.filter_map(|(n, host)| reading.host(&format!("spec.hostnames[{n}]"), host)).collect();
    let parents = spec["parentRefs"].as_array().into_iter().flatten().filter_map(parent).collect();
    let (document, faults) = (reading.document, reading.faults);
    Ok(Some(Route { kind, document, namespace, name, parents, hosts, faults }))
}

/// One that is no Gateway and no set of listeners, as a Service of a mesh, has no certificate.
fn parent(stated: &Value) -> Option<Parent> {
    let text = |field: &str| stated[field].as_str().filter(|text| !text.is_empty());
    let kind = match text("kind").unwrap_or("Gateway") {
        "Gateway" => Kind::Gateway,
        "ListenerSet" => Kind::ListenerSet,
        "XListenerSet" => Kind::XListenerSet,
        _ => return None,
    };
    Some(Parent {
        kind,
        namespace: text("namespace").map(str::to_owned),
        name: text("name")?.to_owned(),
        section: text("sectionName").map(str::to_owned),
        port: stated["port"].as_u64(),
    })
}
