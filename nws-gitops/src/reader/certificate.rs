//! What a `Certificate` of cert-manager wants.

use serde_json::Value;

use super::node::{mapping, text};
use super::reading::Reading;
use super::{Applicant, Kind, TlsBlock, cert_manager, hosts};
use crate::fault::FaultReason;

/// The Certificate. Whatever is wrong with it matters only where it is served, so it stands in its request.
pub(super) fn read(reading: &Reading<'_>, object: &Value) -> Option<Applicant> {
    // Other groups have kinds of that name too.
    if object["apiVersion"] != "cert-manager.io/v1" {
        return None;
    }
    let mut aside = reading.aside();
    let spec = &object["spec"];
    let wanted: Value = [&spec["dnsNames"], &spec["commonName"], &spec["secretName"]]
        .into_iter()
        .cloned()
        .collect();
    aside.hosts = hosts::of_certificate(spec);
    let is_template = aside.is_template(object, &wanted);
    let (namespace, name) = aside.identity(object).unwrap_or_default();
    let options = aside.options(&object["metadata"]["annotations"]).shared();
    let secret = secret(&mut aside, spec).filter(|_| !is_template);
    let field = aside.place("spec");
    let mut request = cert_manager::of_certificate(aside, spec);
    if is_template {
        request.faults.truncate(1);
    }
    let names = std::mem::take(&mut request.names);
    Some(Applicant {
        kind: Kind::Certificate,
        document: reading.document,
        namespace,
        name,
        cert_manager: Some(Box::new(request)),
        options,
        blocks: secret
            .map(|secret| TlsBlock { field, secret, hosts: names, listener: None })
            .into_iter()
            .collect(),
        hosts: hosts::of_certificate(spec),
    })
}

fn secret(reading: &mut Reading<'_>, spec: &Value) -> Option<String> {
    reading.keep("spec", mapping(spec))?;
    let secret = reading.keep("spec.secretName", text(spec.get("secretName")))?.to_owned();
    if hosts::of_certificate(spec).is_empty() {
        reading.fault("spec.dnsNames", FaultReason::Missing);
    }
    Some(secret)
}
