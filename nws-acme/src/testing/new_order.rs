use nws_expiry::{DnsName, DnsNames};
use serde_json::Value;

use super::FakeCa;
use super::endpoint::Endpoint;
use super::jws::{malformed, member};
use super::reply::{Refusal, Reply};
use super::state::url;
use crate::ProblemKind;

impl FakeCa {
    pub(super) fn new_order(&self, account: usize, payload: &Value) -> Result<Reply, Refusal> {
        let names = names(payload)?;
        let profile = payload["profile"].as_str().map(Into::into);
        if profile.as_deref().is_some_and(|profile| profile != "classic") {
            return Err(Refusal::new(
                400,
                ProblemKind::InvalidProfile,
                "the only profile is classic",
            ));
        }
        let mut state = self.state();
        let replaces = state.replaces(account, &names, payload)?;
        let id = state.order(account, names, profile, replaces);
        Ok(state.order_reply(id, 201).with("location", url(Endpoint::Order, id)))
    }
}

fn names(payload: &Value) -> Result<DnsNames, Refusal> {
    let identifiers =
        payload["identifiers"].as_array().ok_or_else(|| malformed("no identifiers"))?;
    let names = identifiers.iter().map(|identifier| {
        let object =
            identifier.as_object().ok_or_else(|| malformed("an identifier is an object"))?;
        if member(object, "type")? != "dns" {
            return Err(Refusal::new(
                400,
                ProblemKind::UnsupportedIdentifier,
                "only dns is supported",
            ));
        }
        let text = member(object, "value")?;
        text.parse::<DnsName>()
            .map_err(|error| Refusal::new(400, ProblemKind::RejectedIdentifier, &error.to_string()))
    });
    DnsNames::new(names.collect::<Result<Vec<_>, _>>()?).map_err(|_| malformed("no identifiers"))
}
