//! How a certificate is made where several objects speak of it.

use std::fmt;

use nws_expiry::{Chain, Leaf};

use super::Asking;
use crate::fault::{Fault, FaultReason};
use crate::reader::Stated;
use crate::{CertificateOptions, Delivered, SecretRef};

/// Decides each option by itself.
///
/// Who says nothing has no opinion. Where opinions differ, that which the certificate already there agrees with is kept, else
/// the first by place; the others are told, and served all the same. Where the only opinion is one that is not known, the
/// certificate stays as it is.
pub(super) fn decide(
    secret: &SecretRef,
    askings: &[Asking],
    held: Option<&Delivered>,
    faults: &mut Vec<Fault>,
) -> CertificateOptions {
    let leaf = held.and_then(|held| held.chain.as_ref()).map(Chain::leaf);
    let key_types = askings.iter().map(|asking| (asking, &asking.options.key_type)).collect();
    let profiles = askings.iter().map(|asking| (asking, &asking.options.profile)).collect();
    let profile_held = held.and_then(|held| held.provenance.profile.clone());
    CertificateOptions {
        key_type: one(secret, key_types, leaf.and_then(Leaf::key_type), faults),
        profile: one(secret, profiles, profile_held, faults),
    }
}

fn one<T: Clone + Eq + fmt::Display>(
    secret: &SecretRef,
    stated: Vec<(&Asking, &Stated<T>)>,
    held: Option<T>,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let opinions = stated.iter().filter_map(|(asking, stated)| Opinion::of(asking, stated));
    let opinions: Vec<_> = opinions.collect();
    let agrees = |opinion: &&Opinion<'_, T>| held.as_ref() == Some(opinion.value);
    let Some(kept) = opinions.iter().find(agrees).or_else(|| opinions.first()) else {
        let unknown = stated.iter().any(|(_, stated)| matches!(stated, Stated::Unknown));
        return held.filter(|_| unknown);
    };
    let others = opinions.iter().filter(|opinion| opinion.value != kept.value);
    faults.extend(others.map(|opinion| opinion.overruled_by(kept, secret)));
    Some(kept.value.clone())
}

/// Who wants what of one option, and the field that says so.
struct Opinion<'a, T> {
    asking: &'a Asking,
    value: &'a T,
    field: &'a str,
}

impl<'a, T: fmt::Display> Opinion<'a, T> {
    fn of(asking: &'a Asking, stated: &'a Stated<T>) -> Option<Self> {
        match stated {
            Stated::Nothing | Stated::Unknown => None,
            Stated::Value { value, field } => Some(Self { asking, value, field }),
        }
    }

    fn overruled_by(&self, kept: &Self, secret: &SecretRef) -> Fault {
        let (source, holder) = (&self.asking.source, &kept.asking.source);
        Fault {
            path: source.path.clone(),
            document: Some(source.document),
            field: Some(self.field.to_owned()),
            reason: FaultReason::OptionConflict {
                secret: secret.clone(),
                asked: self.value.to_string().into(),
                holder: holder.path.clone(),
                document: holder.document,
                kept: kept.value.to_string().into(),
            },
            hosts: self.asking.names.certain.iter().map(ToString::to_string).collect(),
        }
    }
}
