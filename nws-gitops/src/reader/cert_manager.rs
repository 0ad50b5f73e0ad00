//! What cert-manager is told of a certificate, and what we make of it.
//!
//! It is told in the `spec` of a `Certificate`, or in annotations of what a certificate is for, which say the same under other
//! names. Both are read by one code, as a list of settings.

use std::sync::Arc;

use nws_expiry::{KeyEncoding, KeyType, RenewBefore};
use serde_json::Value;
use time::Duration;

use super::node::optional_text;
use super::reading::Reading;
use super::{Host, LocalFault, Stated, StatedEntry};
use crate::fault::FaultReason;
use crate::{IssuerRef, Kind};

mod annotations;
mod go_duration;
mod key;
mod settings;

use settings::Setting;

/// An object's request to cert-manager.
#[derive(Debug)]
pub(crate) struct Request {
    /// What makes it one, as in `cert-manager.io/issuer` or `spec.issuerRef`.
    pub(crate) sign: Sign,
    /// Whom it wants the certificate from; whoever is the default where it does not say.
    pub(crate) issuer: Option<IssuerRef>,
    /// Names beside those of the object itself.
    pub(crate) names: Vec<Host>,
    pub(crate) key_type: Stated<KeyType>,
    pub(crate) renew_before: Stated<RenewBefore>,
    pub(crate) duration: Stated<Duration>,
    pub(crate) keeps_key: bool,
    pub(crate) key_encoding: Stated<KeyEncoding>,
    pub(crate) template: Stated<Arc<[StatedEntry]>>,
    /// Whether it asks for what no certificate of ours would be.
    pub(crate) is_refused: bool,
    /// What is wrong with it. Nobody is told where cert-manager serves it.
    pub(crate) faults: Vec<LocalFault>,
}

/// What makes an object a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Sign {
    Annotation(String),
    /// It is a `Certificate`.
    Itself,
}

impl Request {
    fn new(sign: Sign) -> Self {
        Self {
            sign,
            issuer: None,
            names: Vec::new(),
            key_type: Stated::Nothing,
            renew_before: Stated::Nothing,
            duration: Stated::Nothing,
            keeps_key: false,
            key_encoding: Stated::Nothing,
            template: Stated::Nothing,
            is_refused: false,
            faults: Vec::new(),
        }
    }
}

/// The annotations that name an issuer.
const ISSUER: [&str; 4] = [
    "cert-manager.io/issuer",
    "cert-manager.io/cluster-issuer",
    "certmanager.k8s.io/issuer",
    "certmanager.k8s.io/cluster-issuer",
];

/// Leaves the issuer to cert-manager's default.
const ACME: &str = "kubernetes.io/tls-acme";

/// The first annotation that hands an object to cert-manager; the one that names no issuer counts for an Ingress alone.
fn sign(kind: Kind, annotations: &Value) -> Option<&str> {
    let asks = |(key, value): (&str, &Value)| match key {
        ACME => kind == Kind::Ingress && (value == "true" || *value == true),
        key => ISSUER.contains(&key),
    };
    let mut all = annotations.as_object()?.iter().map(|(key, value)| (key.as_str(), value));
    all.find(|one| asks(*one)).map(|(key, _)| key)
}

/// Whether these annotations would hand an object to cert-manager.
pub(super) fn is_asked_by(annotations: &Value) -> bool {
    sign(Kind::Ingress, annotations).is_some()
}

/// What the annotations of an object request, if they do.
pub(super) fn of_annotations(
    reading: &Reading<'_>,
    kind: Kind,
    annotations: &Value,
) -> Option<Box<Request>> {
    let sign = sign(kind, annotations)?;
    let mut reading = reading.aside();
    let mut request = Request::new(Sign::Annotation(sign.to_owned()));
    request.issuer = issuer_of_annotations(&mut reading, annotations);
    settings::take(&mut reading, annotations::settings(annotations), &mut request);
    request.faults = reading.faults;
    Some(Box::new(request))
}

/// cert-manager takes no object that names both kinds of issuers, nor do we.
fn issuer_of_annotations(reading: &mut Reading<'_>, annotations: &Value) -> Option<IssuerRef> {
    let said =
        |key: &str| annotations.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let own = said(ISSUER[0]).or_else(|| said(ISSUER[2]));
    let of_cluster = said(ISSUER[1]).or_else(|| said(ISSUER[3]));
    let (kind, name) = match (own, of_cluster) {
        (Some(_), Some(_)) => {
            reading.fault(&annotations::field(ISSUER[0]), FaultReason::TwoIssuers);
            return None;
        }
        (Some(name), None) => {
            (said("cert-manager.io/issuer-kind").unwrap_or(IssuerRef::ISSUER), name)
        }
        (None, Some(name)) => (IssuerRef::CLUSTER_ISSUER, name),
        (None, None) => return None,
    };
    let group = said("cert-manager.io/issuer-group").unwrap_or(IssuerRef::GROUP);
    Some(IssuerRef { group: group.into(), kind: kind.into(), name: name.into() })
}

/// What a `Certificate` requests, as far as it says more than which names go into which Secret. What was found wrong with those
/// goes with it.
pub(super) fn of_certificate(mut reading: Reading<'_>, spec: &Value) -> Request {
    let mut request = Request::new(Sign::Itself);
    request.issuer = issuer_ref(&mut reading, &spec["issuerRef"]);
    settings::take(&mut reading, of_spec(spec), &mut request);
    request.faults = reading.faults;
    request
}

fn issuer_ref(reading: &mut Reading<'_>, stated: &Value) -> Option<IssuerRef> {
    let mut text = |field: &str| {
        let place = format!("spec.issuerRef.{field}");
        let text = reading.keep(&place, optional_text(stated.get(field)))?;
        Some(text.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let (name, kind, group) = (text("name")?, text("kind")?, text("group")?);
    Some(IssuerRef {
        group: group.unwrap_or_else(|| IssuerRef::GROUP.into()),
        kind: kind.unwrap_or_else(|| IssuerRef::ISSUER.into()),
        name: name?,
    })
}

/// The settings of a `spec`; those of the key each by itself.
fn of_spec(spec: &Value) -> Vec<Setting> {
    let mut settings = Vec::new();
    for (name, value) in spec.as_object().into_iter().flatten() {
        match (name.as_str(), value.as_object()) {
            ("privateKey", Some(key)) => settings.extend(key.iter().map(|(name, value)| Setting {
                name: format!("privateKey.{name}"),
                field: format!("spec.privateKey.{name}"),
                value: value.clone(),
            })),
            (name, _) => settings.push(Setting {
                name: name.to_owned(),
                field: format!("spec.{name}"),
                value: value.clone(),
            }),
        }
    }
    settings
}
