//! What an Ingress wants.

use std::mem;

use serde_json::Value;

use super::node::{list, mapping, text};
use super::reading::{Api, Reading};
use super::{Applicant, Host, Kind, TlsBlock, cert_manager, hosts};
use crate::fault::FaultReason;

const API: Api = Api {
    served: &["networking.k8s.io/v1"],
    removed: &["networking.k8s.io/v1beta1", "extensions/v1beta1"],
};

/// The Ingress, if it wants a certificate and can be told which.
pub(super) fn read(reading: &mut Reading<'_>, object: &Value) -> Option<Applicant> {
    let tls = object["spec"].get("tls")?;
    reading.hosts = hosts::of_ingress(object);
    if !reading.is_served(object, &API) || reading.is_template(object, tls) {
        return None;
    }
    let (namespace, name) = reading.identity(object)?;
    let annotations = &object["metadata"]["annotations"];
    Some(Applicant {
        kind: Kind::Ingress,
        document: reading.document,
        namespace,
        name,
        cert_manager: cert_manager::of_annotations(reading, Kind::Ingress, annotations),
        options: reading.options(annotations).shared(),
        blocks: blocks(reading, tls),
        hosts: hosts::of_ingress(object),
    })
}

fn blocks(reading: &mut Reading<'_>, tls: &Value) -> Vec<TlsBlock> {
    let blocks = reading.keep("spec.tls", list(Some(tls))).unwrap_or_default();
    let blocks = blocks.iter().enumerate().filter_map(|(index, one)| {
        let hosts = hosts::of_block(one);
        if hosts.is_empty() {
            return block(reading, index, one);
        }
        let of_all = mem::replace(&mut reading.hosts, hosts);
        let read = block(reading, index, one);
        reading.hosts = of_all;
        read
    });
    blocks.collect()
}

fn block(reading: &mut Reading<'_>, index: usize, block: &Value) -> Option<TlsBlock> {
    let field = format!("spec.tls[{index}]");
    let block = reading.keep(&field, mapping(block))?;
    let secret = reading.keep(&format!("{field}.secretName"), text(block.get("secretName")));
    let hosts = block_hosts(reading, &field, block.get("hosts"));
    Some(TlsBlock {
        field: reading.place(&field),
        secret: secret?.to_owned(),
        hosts,
        listener: None,
    })
}

fn block_hosts(reading: &mut Reading<'_>, block: &str, hosts: Option<&Value>) -> Vec<Host> {
    let field = format!("{block}.hosts");
    let hosts = match list(hosts) {
        Ok([]) => Err(FaultReason::Missing),
        other => other,
    };
    let hosts = reading.keep(&field, hosts).unwrap_or_default();
    hosts
        .iter()
        .enumerate()
        .filter_map(|(index, host)| reading.host(&format!("{field}[{index}]"), host))
        .collect()
}
