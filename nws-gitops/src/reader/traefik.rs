//! What Traefik's own kinds of routes want.

use serde_json::Value;

use super::node::{list, mapping, optional_text};
use super::reading::{Api, Reading};
use super::rule::{self, InvalidRule, RuleHost};
use super::{Applicant, Host, Kind, TlsBlock, hosts};
use crate::fault::FaultReason;

/// The second is what Traefik 2 began with.
const API: Api =
    Api { served: &["traefik.io/v1alpha1", "traefik.containo.us/v1alpha1"], removed: &[] };

/// The route, if it wants a certificate and can be told which. Without a Secret it is served with whatever Traefik has.
pub(super) fn read(reading: &mut Reading<'_>, kind: Kind, object: &Value) -> Option<Applicant> {
    let spec = &object["spec"];
    let tls = spec.get("tls").filter(|tls| !tls.is_null())?;
    reading.hosts = hosts::of_routes(spec);
    if !reading.is_served(object, &API) || reading.is_template(object, &wants(spec)) {
        return None;
    }
    reading.keep("spec.tls", mapping(tls))?;
    let resolver = reading.keep("spec.tls.certResolver", optional_text(tls.get("certResolver")))?;
    if let Some(resolver) = resolver.filter(|resolver| !resolver.is_empty()) {
        reading.fault(
            "spec.tls.certResolver",
            FaultReason::CertResolver { resolver: resolver.into() },
        );
        return None;
    }
    let secret = reading.keep("spec.tls.secretName", optional_text(tls.get("secretName")))?;
    let secret = secret.filter(|secret| !secret.is_empty() && tls["passthrough"] != true)?;
    let (namespace, name) = reading.identity(object)?;
    Some(Applicant {
        kind,
        document: reading.document,
        namespace,
        name,
        cert_manager: None,
        options: reading.options(&object["metadata"]["annotations"]).shared(),
        blocks: vec![TlsBlock {
            field: reading.place("spec.tls"),
            secret: secret.to_owned(),
            hosts: names(reading, spec),
            listener: None,
        }],
        hosts: hosts::of_routes(spec),
    })
}

/// What of it says which certificate it wants.
fn wants(spec: &Value) -> Value {
    let routes = spec["routes"].as_array().into_iter().flatten();
    let rules = routes.map(|route| &route["match"]);
    [&spec["tls"]].into_iter().chain(rules).cloned().collect()
}

/// Those of `tls.domains`, where there are some: then nobody has to read the rules.
fn names(reading: &mut Reading<'_>, spec: &Value) -> Vec<Host> {
    match reading.keep("spec.tls.domains", list(spec["tls"].get("domains"))) {
        Some([]) => names_of_rules(reading, &spec["routes"]),
        Some(domains) => {
            let domains = domains.iter().enumerate();
            domains.flat_map(|(n, domain)| names_of_domain(reading, n, domain)).collect()
        }
        None => Vec::new(),
    }
}

fn names_of_domain(reading: &mut Reading<'_>, index: usize, domain: &Value) -> Vec<Host> {
    let field = format!("spec.tls.domains[{index}]");
    if reading.keep(&field, mapping(domain)).is_none() {
        return Vec::new();
    }
    let sans = reading.keep(&format!("{field}.sans"), list(domain.get("sans"))).unwrap_or_default();
    let sans = sans.iter().enumerate().map(|(n, san)| (format!("{field}.sans[{n}]"), san));
    let main = domain.get("main").map(|main| (format!("{field}.main"), main));
    main.into_iter().chain(sans).filter_map(|(field, name)| reading.host(&field, name)).collect()
}

fn names_of_rules(reading: &mut Reading<'_>, routes: &Value) -> Vec<Host> {
    let before = reading.faults.len();
    let routes = reading.keep("spec.routes", list(Some(routes))).unwrap_or_default();
    let mut names = Vec::new();
    for (index, route) in routes.iter().enumerate() {
        let field = format!("spec.routes[{index}].match");
        let rule = reading.keep(&field, optional_text(route.get("match"))).flatten();
        names.extend(names_of_rule(reading, &field, rule.unwrap_or_default()));
    }
    if names.is_empty() && reading.faults.len() == before {
        reading.fault("spec.routes", FaultReason::NoHostInRules);
    }
    names
}

fn names_of_rule(reading: &mut Reading<'_>, field: &str, rule: &str) -> Vec<Host> {
    if rule.is_empty() {
        return Vec::new();
    }
    let invalid = |InvalidRule { at, wanted }| FaultReason::Rule { at: at + 1, wanted };
    let hosts = reading.keep(field, rule::hosts(rule).map_err(invalid)).unwrap_or_default();
    let name = |host| match host {
        RuleHost::Exact(host) => reading.host(field, &Value::String(host.into_owned())),
        RuleHost::Pattern(pattern) => {
            reading.fault(field, FaultReason::HostPattern { pattern: pattern.into() });
            None
        }
    };
    hosts.into_iter().filter_map(name).collect()
}
