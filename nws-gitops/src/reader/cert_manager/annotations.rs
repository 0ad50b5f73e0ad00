//! Which annotation says which field of a `Certificate`.

use serde_json::Value;

use super::settings::Setting;

/// How the text of an annotation is written out.
#[derive(Clone, Copy)]
enum Written {
    Plain,
    Number,
    /// With commas between.
    List,
    Json,
}

const PREFIX: &str = "cert-manager.io/";

/// Without [`PREFIX`], the field, and how it is written. cert-manager has others, which say nothing of a certificate.
const KNOWN: [(&str, &str, Written); 16] = [
    ("alt-names", "dnsNames", Written::List),
    ("common-name", "commonName", Written::Plain),
    ("duration", "duration", Written::Plain),
    ("email-sans", "emailAddresses", Written::List),
    ("ip-sans", "ipAddresses", Written::List),
    ("private-key-algorithm", "privateKey.algorithm", Written::Plain),
    ("private-key-encoding", "privateKey.encoding", Written::Plain),
    ("private-key-rotation-policy", "privateKey.rotationPolicy", Written::Plain),
    ("private-key-size", "privateKey.size", Written::Number),
    ("renew-before", "renewBefore", Written::Plain),
    ("renew-before-percentage", "renewBeforePercentage", Written::Number),
    ("revision-history-limit", "revisionHistoryLimit", Written::Number),
    ("secret-template", "secretTemplate", Written::Json),
    ("subject-serialnumber", "subject", Written::Plain),
    ("uri-sans", "uris", Written::List),
    ("usages", "usages", Written::List),
];

/// Everything that the annotations of an object say of its certificates.
pub(super) fn settings(annotations: &Value) -> Vec<Setting> {
    let all = annotations.as_object().into_iter().flatten();
    all.filter_map(|(key, value)| setting(key, value)).collect()
}

fn setting(key: &str, value: &Value) -> Option<Setting> {
    let short = key.strip_prefix(PREFIX)?;
    let known = KNOWN.iter().find(|(name, ..)| *name == short);
    // The parts of a subject have an annotation each.
    let (name, written) = match known {
        Some((_, name, written)) => (*name, *written),
        None if short.starts_with("subject-") => ("subject", Written::Plain),
        None => return None,
    };
    let value = match value {
        Value::String(text) => written_out(text, written),
        other => other.clone(),
    };
    Some(Setting { name: name.to_owned(), field: field(key), value })
}

/// The place of an annotation.
pub(super) fn field(key: &str) -> String {
    format!("metadata.annotations[{key:?}]")
}

/// What cannot be read as it should be stays a text, which is told where it is used.
fn written_out(text: &str, written: Written) -> Value {
    let as_it_is = || Value::String(text.to_owned());
    match written {
        Written::Plain => as_it_is(),
        Written::Number => text.trim().parse::<u64>().map_or_else(|_| as_it_is(), Value::from),
        Written::List => text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect(),
        Written::Json => serde_json::from_str(text).unwrap_or_else(|_| as_it_is()),
    }
}
