//! What a file of our own wants, `nws-certd.yaml`: certificates that no manifest says, as those of a Helm chart's Ingresses.

use serde_json::Value;

use super::node::{list, mapping, optional_text, text};
use super::reading::Reading;
use super::{
    Applicant, Host, Kind, LocalFault, Parsed, Stated, StatedOptions, TlsBlock, documents, hosts,
    template,
};
use crate::fault::FaultReason;

const API_VERSION: &str = "nws-certd/v1";

/// The fields of an entry; others are misspelled, or of a version to come.
const FIELDS: [&str; 9] = [
    "namespace",
    "secretName",
    "hosts",
    "keyType",
    "profile",
    "renewBefore",
    "hold",
    "ca",
    "secretTemplate",
];

/// Reads the whole file. Nothing in it is of anybody else, so nothing is passed over.
pub(super) fn read(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for text in documents::split(text) {
        parsed.documents += 1;
        parsed.opted_in.insert(parsed.documents);
        match documents::read_yaml(text) {
            Ok(document) => take(&mut parsed, &document),
            Err(detail) => parsed.faults.push(unreadable(parsed.documents, text, detail)),
        }
    }
    parsed
}

fn unreadable(document: usize, text: &str, detail: String) -> LocalFault {
    let reason = if super::has_braces(text) {
        FaultReason::Template
    } else {
        FaultReason::Syntax { detail }
    };
    LocalFault { document: Some(document), field: None, reason, hosts: hosts::in_text(text) }
}

fn take(parsed: &mut Parsed, document: &Value) {
    let mut reading = Reading::new(parsed.documents, "");
    reading.hosts = hosts::of_entries(document);
    if is_ours(&mut reading, document) {
        let entries = reading.keep("certificates", list(document.get("certificates")));
        for (index, entry) in entries.unwrap_or_default().iter().enumerate() {
            reading.hosts = hosts::of_block(entry);
            parsed.applicants.extend(applicant(
                &mut reading,
                &format!("certificates[{index}]"),
                entry,
            ));
        }
    }
    parsed.faults.append(&mut reading.faults);
}

fn is_ours(reading: &mut Reading<'_>, document: &Value) -> bool {
    let stated = |field: &str, wanted: &'static str| {
        if document[field] == wanted { Ok(()) } else { Err(FaultReason::Declaration { wanted }) }
    };
    let api_version = reading.keep("apiVersion", stated("apiVersion", API_VERSION));
    let kind = reading.keep("kind", stated("kind", Kind::Certificates.as_str()));
    let fields = document.as_object().into_iter().flat_map(|fields| fields.keys());
    let unknown = unknown(reading, "", fields, &["apiVersion", "kind", "certificates"]);
    api_version.is_some() && kind.is_some() && !unknown
}

/// Whether there is a field that nobody knows, which is told.
fn unknown<'a>(
    reading: &mut Reading<'_>,
    above: &str,
    fields: impl Iterator<Item = &'a String>,
    known: &[&str],
) -> bool {
    let unknown: Vec<_> = fields.filter(|field| !known.contains(&field.as_str())).collect();
    for field in &unknown {
        let known = known.join(", ");
        reading.fault(&format!("{above}{field}"), FaultReason::UnknownField { known });
    }
    !unknown.is_empty()
}

fn applicant(reading: &mut Reading<'_>, field: &str, entry: &Value) -> Option<Applicant> {
    let fields = reading.keep(field, mapping(entry))?;
    let at = |name: &str| format!("{field}.{name}");
    let is_misspelled = unknown(reading, &at(""), fields.keys(), &FIELDS);
    let namespace = reading.keep(&at("namespace"), optional_text(fields.get("namespace")))?;
    let secret = reading.keep(&at("secretName"), text(fields.get("secretName")))?.to_owned();
    let options = options(reading, &at, entry);
    let block = TlsBlock {
        field: field.to_owned(),
        secret: secret.clone(),
        hosts: names(reading, &at("hosts"), entry),
        listener: None,
    };
    Some(Applicant {
        kind: Kind::Certificates,
        document: reading.document,
        namespace: namespace.filter(|namespace| !namespace.is_empty()).map(str::to_owned),
        name: secret,
        cert_manager: None,
        // What is misspelled may be what matters.
        options: if is_misspelled { options.unsettled() } else { options }.shared(),
        blocks: vec![block],
        hosts: hosts::of_block(entry),
    })
}

fn options(
    reading: &mut Reading<'_>,
    at: &impl Fn(&str) -> String,
    entry: &Value,
) -> StatedOptions {
    StatedOptions {
        key_type: reading.stated(&at("keyType"), entry.get("keyType")),
        profile: reading.stated(&at("profile"), entry.get("profile")),
        renew_before: reading.stated(&at("renewBefore"), entry.get("renewBefore")),
        hold: reading.stated(&at("hold"), entry.get("hold")),
        enabled: Stated::Nothing,
        ca: reading.stated(&at("ca"), entry.get("ca")),
        duration: Stated::Nothing,
        keeps_key: false,
        key_encoding: Stated::Nothing,
        template: entry.get("secretTemplate").map_or(Stated::Nothing, |stated| {
            template::read(reading, &at("secretTemplate"), stated)
        }),
    }
}

fn names(reading: &mut Reading<'_>, field: &str, entry: &Value) -> Vec<Host> {
    let stated = match list(entry.get("hosts")) {
        Ok([]) => Err(FaultReason::Missing),
        other => other,
    };
    let stated = reading.keep(field, stated).unwrap_or_default().iter().enumerate();
    stated.filter_map(|(index, host)| reading.host(&format!("{field}[{index}]"), host)).collect()
}
