//! Authorizations: which challenges to answer, to offer, and what became of them.

use instant_acme::{
    AuthorizationState, AuthorizationStatus, Challenge, ChallengeStatus, ChallengeType, Error,
    Order,
};
use nws_challenge::{KeyAuthorization, Thumbprint};
use tracing::debug;

use crate::exchange::Exchange;
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
        .map_err(|source| OrderError::Token { name: state.identifier().to_string(), source })?;
    Ok(Some(Answer { at, key_authorization: KeyAuthorization::new(&token, thumbprint), offer }))
}

fn http01(state: &AuthorizationState) -> Result<&Challenge, OrderError> {
    let found = state.challenges.iter().find(|challenge| challenge.r#type == ChallengeType::Http01);
    found.ok_or_else(|| OrderError::NoHttp01 {
        name: state.identifier().to_string(),
        offered: state.challenges.iter().map(|challenge| name(&challenge.r#type)).collect(),
    })
}

fn name(kind: &ChallengeType) -> String {
    match kind {
        ChallengeType::Dns01 => "dns-01".into(),
        ChallengeType::TlsAlpn01 => "tls-alpn-01".into(),
        ChallengeType::Unknown(kind) => kind.clone(),
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

/// Whether an authorization has left `pending`, asked anew.
pub(super) async fn is_decided(order: &mut Order, at: usize) -> Result<bool, Error> {
    let mut authorizations = order.authorizations();
    for _ in 0..at {
        authorizations.next().await.transpose()?;
    }
    let Some(mut authorization) = authorizations.next().await.transpose()? else {
        return Ok(false);
    };
    Ok(authorization.refresh().await?.status != AuthorizationStatus::Pending)
}

/// What the validators said of each name of a rejected order. An authorization that cannot be read is left out: the order is
/// rejected all the same.
pub(super) async fn failures(order: &mut Order, exchange: &Exchange) -> Vec<NameFailure> {
    let mut failures = Vec::new();
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
    failures
}

fn of(state: &AuthorizationState) -> Vec<NameFailure> {
    let name = state.identifier().to_string();
    let problems = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
    problems
        .map(|problem| NameFailure { name: name.clone(), problem: Problem::from(problem) })
        .collect()
}
