//! The hosts that a fault concerns, as they are written: what an operator will look for.

use serde_json::Value;

/// More are not kept of one fault.
pub(super) const MAX: usize = 1000;

/// Every host that an Ingress names anywhere.
pub(super) fn of_ingress(object: &Value) -> Vec<String> {
    let spec = &object["spec"];
    let rules = spec["rules"].as_array().into_iter().flatten().map(|rule| &rule["host"]);
    let blocks = spec["tls"].as_array().into_iter().flatten();
    let hosts = blocks.flat_map(|block| block["hosts"].as_array().into_iter().flatten());
    texts(rules.chain(hosts))
}

/// The hosts of one entry of `spec.tls`.
pub(super) fn of_block(block: &Value) -> Vec<String> {
    texts(block["hosts"].as_array().into_iter().flatten())
}

/// The host names of all listeners.
pub(super) fn of_listeners(listeners: &Value) -> Vec<String> {
    texts(listeners.as_array().into_iter().flatten().map(|listener| &listener["hostname"]))
}

/// The host name of one of them.
pub(super) fn of_listener(listener: &Value) -> Vec<String> {
    texts([&listener["hostname"]].into_iter())
}

/// Every host that one of Traefik's routes names anywhere; of its rules, whatever looks like one.
pub(super) fn of_routes(spec: &Value) -> Vec<String> {
    let domains = spec["tls"]["domains"].as_array().into_iter().flatten();
    let names = domains.flat_map(|domain| {
        [&domain["main"]].into_iter().chain(domain["sans"].as_array().into_iter().flatten())
    });
    let routes = spec["routes"].as_array().into_iter().flatten();
    let rules = routes.filter_map(|route| route["match"].as_str()).flat_map(in_text);
    texts(names).into_iter().chain(rules).take(MAX).collect()
}

fn texts<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    values.filter_map(Value::as_str).take(MAX).map(str::to_owned).collect()
}

/// Everything in a text that could be a host name, for what cannot be read otherwise.
pub(super) fn in_text(text: &str) -> Vec<String> {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || "-._*".contains(c);
    let words = text.split(|c| !is_of_a_name(c)).filter(|word| word.contains('.'));
    words.filter(|word| word.len() <= 253).take(MAX).map(str::to_owned).collect()
}
