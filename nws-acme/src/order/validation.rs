//! Authorizations: which challenges to answer, to offer, and what became of them.

use instant_acme::{
    AuthorizationState, AuthorizationStatus, Challenge, ChallengeStatus, ChallengeType, Error,
    Order,
};
use nws_challenge::{KeyAuthorization, Thumbprint};
use tracing::debug;

use crate::exchange::Exchange;
use crate::printable::Printable;
use crate::{NameFailure, OrderError, Problem};

/// A challenge that has to be answered.
pub(super) struct Answer {
    /// The place of its authorization in the order.
    pub(super) at: usize,
    pub(super) key_authorization: KeyAuthorization,
    pub(super) offer: Offer,
}

/// Whether the CA still has to be told to validate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Offer {
    Due,
    Made,
}

/// Reads all authorizations of the order; those read before are not asked for again.
pub(super) async fn read(order: &mut Order) -> Result<(), Error> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        authorization?;
    }
    Ok(())
}

/// The challenges still to be answered, of authorizations that were read before.
pub(super) fn answers(
    order: &mut Order,
    thumbprint: &Thumbprint,
) -> Result<Vec<Answer>, OrderError> {
    let states =
        order.state().authorizations.iter().map(|authorization| authorization.state.as_ref());
    let answers =
        states.enumerate().filter_map(|(at, state)| answer(at, state?, thumbprint).transpose());
    answers.collect()
}

fn answer(
    at: usize,
    state: &AuthorizationState,
    thumbprint: &Thumbprint,
) -> Result<Option<Answer>, OrderError> {
    match state.status {
        AuthorizationStatus::Pending => {}
        // done, or beyond help: then the order itself is about to say so
        AuthorizationStatus::Valid
        | AuthorizationStatus::Invalid
        | AuthorizationStatus::Revoked
        | AuthorizationStatus::Expired
        | AuthorizationStatus::Deactivated => return Ok(None),
    }
    let challenge = http01(state)?;
    let offer = match challenge.status {
        ChallengeStatus::Pending => Offer::Due,
        ChallengeStatus::Processing => Offer::Made,
        ChallengeStatus::Valid | ChallengeStatus::Invalid => return Ok(None),
    };
    let token = challenge
        .token
        .parse()
        .map_err(|source| OrderError::Token { name: name_of(state), source })?;
    Ok(Some(Answer { at, key_authorization: KeyAuthorization::new(&token, thumbprint), offer }))
}

fn http01(state: &AuthorizationState) -> Result<&Challenge, OrderError> {
    let found = state.challenges.iter().find(|challenge| challenge.r#type == ChallengeType::Http01);
    found.ok_or_else(|| OrderError::NoHttp01 {
        name: name_of(state),
        offered: state.challenges.iter().map(|challenge| name(&challenge.r#type)).collect(),
    })
}

fn name_of(state: &AuthorizationState) -> String {
    Printable(&state.identifier().to_string()).to_string()
}

fn name(kind: &ChallengeType) -> String {
    match kind {
        ChallengeType::Dns01 => "dns-01".into(),
        ChallengeType::TlsAlpn01 => "tls-alpn-01".into(),
        ChallengeType::Unknown(kind) => Printable(kind).to_string(),
        other => format!("{other:?}"),
    }
}

/// Tells the CA to validate. An error it reports inside a successful answer is for the order to tell.
pub(super) async fn offer(order: &mut Order, at: usize, exchange: &Exchange) -> Result<(), Error> {
    let mut authorizations = order.authorizations();
    for _ in 0..at {
        authorizations.next().await.transpose()?;
    }
    let Some(mut authorization) = authorizations.next().await.transpose()? else { return Ok(()) };
    let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else { return Ok(()) };
    match challenge.set_ready().await {
        Err(Error::Api(_)) if exchange.succeeded() => Ok(()),
        outcome => outcome,
    }
}

/// Whether an authorization needs no offer (any more), asked anew: it has left `pending`, or its challenge has.
pub(super) async fn is_offered(order: &mut Order, at: usize) -> Result<bool, Error> {
    let mut authorizations = order.authorizations();
    for _ in 0..at {
        authorizations.next().await.transpose()?;
    }
    let Some(mut authorization) = authorizations.next().await.transpose()? else {
        return Ok(false);
    };
    let state = authorization.refresh().await?;
    let is_due = state.status == AuthorizationStatus::Pending
        && http01(state).is_ok_and(|challenge| challenge.status == ChallengeStatus::Pending);
    Ok(!is_due)
}

/// What the validators said of each name of a rejected order. An authorization that cannot be read is left out: the order is
/// rejected all the same.
pub(super) async fn failures(
    order: &mut Order,
    exchange: &Exchange,
    failures: &mut Vec<NameFailure>,
) {
    let mut authorizations = order.authorizations();
    while let Some(next) = authorizations.next().await {
        match next {
            Ok(mut authorization) => match authorization.refresh().await {
                Ok(state) => failures.extend(of(state)),
                Err(error) => {
                    debug!(failure = %exchange.failure(error), "authorization cannot be read")
                }
            },
            Err(error) => {
                debug!(failure = %exchange.failure(error), "authorization cannot be read");
                break;
            }
        }
    }
}

fn of(state: &AuthorizationState) -> Vec<NameFailure> {
    let name = name_of(state);
    let problems = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
    problems
        .map(|problem| NameFailure { name: name.clone(), problem: Problem::from(problem) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";

    fn authorization(status: &str, challenges: &str) -> AuthorizationState {
        let text = format!(
            r#"{{"status":"{status}","identifier":{{"type":"dns","value":"a.example"}},"challenges":[{challenges}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn challenge(kind: &str, status: &str, token: &str) -> String {
        format!(
            r#"{{"type":"{kind}","url":"https://ca.example/1","status":"{status}","token":"{token}"}}"#
        )
    }

    fn offer(state: &AuthorizationState) -> Result<Option<Offer>, String> {
        let thumbprint = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI".parse().unwrap();
        let answer = answer(0, state, &thumbprint).map_err(|error| error.to_string())?;
        Ok(answer.map(|answer| answer.offer))
    }

    #[test]
    fn only_what_is_pending_is_answered() {
        let cases = [
            ("new", "pending", "pending", Some(Offer::Due)),
            ("offered before a crash", "pending", "processing", Some(Offer::Made)),
            ("decided a moment ago", "pending", "valid", None),
            ("failed a moment ago", "pending", "invalid", None),
            ("validated for an earlier order", "valid", "valid", None),
            ("failed", "invalid", "invalid", None),
            ("given up", "deactivated", "pending", None),
            ("too old", "expired", "pending", None),
            ("taken back", "revoked", "valid", None),
        ];
        for (case, status, of_challenge, want) in cases {
            let state = authorization(status, &challenge("http-01", of_challenge, TOKEN));
            assert_eq!(offer(&state), Ok(want), "{case}");
        }
    }

    #[test]
    fn challenges_nobody_knows_are_passed_over() {
        let novel = r#"{"type":"dns-persist-01","url":"https://ca.example/2","status":"pending"}"#;
        let state = authorization(
            "pending",
            &format!("{novel},{}", challenge("http-01", "pending", TOKEN)),
        );
        assert_eq!(offer(&state), Ok(Some(Offer::Due)));

        let state =
            authorization("pending", &format!("{novel},{}", challenge("dns-01", "pending", TOKEN)));
        let want = "the CA offers no http-01 challenge for a.example, only dns-persist-01, dns-01";
        assert_eq!(offer(&state), Err(want.into()));
    }

    #[test]
    fn a_token_that_is_no_token_reaches_no_path() {
        let state = authorization("pending", &challenge("http-01", "pending", "../../etc/passwd"));
        assert_eq!(
            offer(&state),
            Err("the CA's challenge for a.example has no usable token".into())
        );
    }
}
