//! What becomes of each field of a `Certificate`.

use nws_expiry::{KeyEncoding, RenewBefore};
use serde_json::Value;
use time::Duration;

use super::super::node::{list, optional_text};
use super::super::reading::Reading;
use super::super::{Host, Stated, template};
use super::key::Key;
use super::{Request, go_duration};
use crate::fault::FaultReason;

/// A field of a `Certificate`, wherever it is written.
pub(super) struct Setting {
    /// Its name within `spec`, as in `privateKey.size`.
    pub(super) name: String,
    /// Where it is written, as in `metadata.annotations["cert-manager.io/private-key-size"]`.
    pub(super) field: String,
    pub(super) value: Value,
}

/// Takes them over, each as far as it can be followed; a fault says what cannot, and why.
pub(super) fn take(reading: &mut Reading<'_>, settings: Vec<Setting>, request: &mut Request) {
    let mut key = Key::default();
    for setting in settings.into_iter().filter(|setting| says_something(&setting.value)) {
        match setting.name.as_str() {
            // Read with what the object wants itself, or by what it is recognised.
            "secretName" | "issuerRef" => {}
            // It is about objects that only cert-manager makes.
            "revisionHistoryLimit" | "encodeUsagesInRequest" => {}
            "commonName" | "dnsNames" => names(reading, &setting, &mut request.names),
            "privateKey.algorithm" => key.algorithm = Some(setting),
            "privateKey.size" => key.size = Some(setting),
            "duration" => request.duration = stated(reading, &setting, of_duration),
            "renewBefore" => request.renew_before = stated(reading, &setting, before),
            "renewBeforePercentage" => {
                request.renew_before = stated(reading, &setting, of_percentage);
            }
            "privateKey.encoding" => {
                request.key_encoding = stated(reading, &setting, of_encoding);
            }
            "secretTemplate" => {
                request.template = template::read(reading, &setting.field, &setting.value);
            }
            "privateKey.rotationPolicy" if setting.value == "Never" => request.keeps_key = true,
            name => follow_or_say(reading, &setting, name, request),
        }
    }
    request.key_type = key.kind(reading);
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

/// Those of the settings that either are as they would be anyway, or are refused, or make no difference to who is served.
fn follow_or_say(reading: &mut Reading<'_>, setting: &Setting, name: &str, request: &mut Request) {
    if let Some(what) = refused(name) {
        request.is_refused = true;
        return reading.fault(&setting.field, FaultReason::Unserved { what });
    }
    if !is_so_anyway(name, &setting.value) {
        reading.fault(&setting.field, FaultReason::NotFollowed { why: why_not(name) });
    }
}

/// What would be missing from a certificate that is served all the same, or from its Secret.
fn refused(name: &str) -> Option<&'static str> {
    Some(match name {
        "isCA" => "a CA certificate",
        "ipAddresses" => "IP addresses",
        "uris" => "URIs",
        "emailAddresses" => "mail addresses",
        "otherNames" => "other names",
        "literalSubject" => "a subject of its own",
        "nameConstraints" => "name constraints",
        "keystores" => "keystores in its Secret",
        "additionalOutputFormats" => "other formats in its Secret",
        _ => return None,
    })
}

fn is_so_anyway(name: &str, value: &Value) -> bool {
    const USAGES: [&str; 3] = ["digital signature", "key encipherment", "server auth"];
    match name {
        "usages" => {
            let usages = value.as_array().into_iter().flatten();
            usages.filter_map(Value::as_str).all(|usage| USAGES.contains(&usage))
        }
        "privateKey.rotationPolicy" => value == "Always",
        _ => false,
    }
}

fn why_not(name: &str) -> &'static str {
    match name {
        "usages" => "the CA decides what its certificates are for",
        "subject" => "CAs that validate names put nothing else into the subject",
        "signatureAlgorithm" => "the CA decides how it signs",
        "renewal" => "the annotation nws-certd/hold is what keeps a certificate from being renewed",
        _ => "it is no setting that is known",
    }
}

/// The names of one setting, which is a text or a list of texts.
fn names(reading: &mut Reading<'_>, setting: &Setting, names: &mut Vec<Host>) {
    if setting.value.is_string() {
        return names.extend(reading.host(&setting.field, &setting.value));
    }
    let stated = reading.keep(&setting.field, list(Some(&setting.value))).unwrap_or_default();
    for (index, name) in stated.iter().enumerate() {
        names.extend(reading.host(&format!("{}[{index}]", setting.field), name));
    }
}

fn of_encoding(value: &Value) -> Result<KeyEncoding, FaultReason> {
    match optional_text(Some(value))?.unwrap_or_default() {
        "PKCS8" => Ok(KeyEncoding::Pkcs8),
        "PKCS1" => Ok(KeyEncoding::Pkcs1),
        _ => Err(FaultReason::NotFollowed { why: "it is neither PKCS1 nor PKCS8" }),
    }
}

fn of_duration(value: &Value) -> Result<Duration, FaultReason> {
    let text = optional_text(Some(value))?.unwrap_or_default();
    go_duration::parse(text).ok_or_else(|| FaultReason::NoDuration { found: text.into() })
}

fn of_percentage(value: &Value) -> Result<RenewBefore, FaultReason> {
    Ok(format!("{value}%").parse()?)
}

fn before(value: &Value) -> Result<RenewBefore, FaultReason> {
    Ok(format!("{}s", of_duration(value)?.whole_seconds()).parse()?)
}

fn stated<T>(
    reading: &mut Reading<'_>,
    setting: &Setting,
    read: impl Fn(&Value) -> Result<T, FaultReason>,
) -> Stated<T> {
    match reading.keep(&setting.field, read(&setting.value)) {
        Some(value) => Stated::Value { value, field: reading.place(&setting.field) },
        None => Stated::Unknown,
    }
}
