//! How an object wants its certificates, by itself and by what it asks of cert-manager.

use std::sync::Arc;

use crate::CaName;
use crate::reader::{Applicant, Host, Request, Stated, StatedOptions};

/// What counts for every Secret that an object wants.
pub(super) struct Terms<'a> {
    /// Names beside those of the Secret at hand.
    pub(super) names: &'a [Host],
    pub(super) options: Arc<StatedOptions>,
}

impl<'a> Terms<'a> {
    /// Our own annotations go before cert-manager's settings. A request that asks for what cannot be served orders nothing new.
    pub(super) fn of(applicant: &'a Applicant, ca: Option<CaName>) -> Self {
        let Some(request) = &applicant.cert_manager else {
            return Self { names: &[], options: applicant.options.clone() };
        };
        let options = together(&applicant.options, request, ca);
        let options = if request.is_refused { options.unsettled() } else { options };
        Self { names: &request.names, options: Arc::new(options) }
    }
}

fn together(own: &StatedOptions, request: &Request, ca: Option<CaName>) -> StatedOptions {
    let own = own.clone();
    let of_issuer = |value| Stated::Value { value, field: String::new() };
    StatedOptions {
        key_type: own.key_type.or(request.key_type.clone()),
        renew_before: own.renew_before.or(request.renew_before.clone()),
        ca: own.ca.or(ca.map_or(Stated::Nothing, of_issuer)),
        duration: own.duration.or(request.duration.clone()),
        key_encoding: own.key_encoding.or(request.key_encoding.clone()),
        template: own.template.or(request.template.clone()),
        keeps_key: own.keeps_key || request.keeps_key,
        ..own
    }
}
