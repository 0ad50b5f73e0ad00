use std::fmt;

use http::StatusCode;
use nws_expiry::{InvalidChain, Mismatch};

use crate::breaker::End;
use crate::printable::First;
use crate::recovery::rejected;
use crate::{AcmeError, NotDurable, OrderUrl, Problem, ProblemKind, Profile, Recovery, RetryAfter};

/// The steps of an order that can fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// Reading the directory.
    Directory,
    /// Asking for a new order.
    NewOrder,
    /// Looking at the order.
    Order,
    /// Looking at an authorization.
    Authorization,
    /// Offering a challenge.
    Challenge,
    /// Sending the signing request.
    Finalize,
    /// Fetching the certificate.
    Certificate,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "reading the directory",
            Self::NewOrder => "asking for a new order",
            Self::Order => "looking at the order",
            Self::Authorization => "looking at an authorization",
            Self::Challenge => "offering a challenge",
            Self::Finalize => "finalizing the order",
            Self::Certificate => "fetching the certificate",
        })
    }
}

/// What the CA's validators say of one name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NameFailure {
    /// The name, as the CA writes it.
    pub name: String,
    /// The CA's words.
    pub problem: Problem,
}

/// Why an order brought no certificate.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// A request failed, after all its tries.
    #[error("{step} failed")]
    Request {
        /// Which.
        step: Step,
        /// Why.
        source: AcmeError,
    },
    /// The CA ended the order.
    #[error("the CA rejected order {order}: {}", reasons(problem.as_deref(), failures))]
    Rejected {
        /// The order.
        order: OrderUrl,
        /// What the CA says of the whole order.
        problem: Option<Box<Problem>>,
        /// What its validators say of single names.
        failures: Vec<NameFailure>,
    },
    /// The order is still open, and there was no time to wait for its end.
    #[error("order {order} is not done yet")]
    Unfinished {
        /// The order.
        order: OrderUrl,
        /// When the CA wants to be asked again.
        retry_after: Option<RetryAfter>,
    },
    /// No order has so many authorizations, or none while it is pending.
    #[error("order {order} has {found} authorizations for {names} names")]
    Authorizations {
        /// The order.
        order: OrderUrl,
        /// How many authorizations it lists.
        found: usize,
        /// How many names it is for.
        names: usize,
    },
    /// HTTP-01 cannot prove this name, a wildcard for example.
    #[error("the CA offers no http-01 challenge for {name}, only {}", First(offered.iter(), ", "))]
    NoHttp01 {
        /// The name, as the CA writes it.
        name: String,
        /// The types it offers.
        offered: Vec<String>,
    },
    /// The challenge's token is no token (RFC 8555 §8.3), and is not put in any path.
    #[error("the CA's challenge for {name} has no usable token")]
    Token {
        /// The name, as the CA writes it.
        name: String,
        /// What is wrong with it.
        source: nws_challenge::InvalidToken,
    },
    /// The CA has no such profile.
    #[error("the CA offers no profile {profile}, only {}", First(offered.iter(), ", "))]
    UnknownProfile {
        /// What was asked for.
        profile: Profile,
        /// What it offers; empty if it knows no profiles.
        offered: Vec<String>,
    },
    /// A step could not be made durable, so the next was not taken.
    #[error("the order stopped where it was")]
    Journal(#[source] NotDurable),
    /// No signing request could be made.
    #[error("no signing request could be made with the certificate's key")]
    SigningRequest(#[source] rcgen::Error),
    /// What came is no certificate chain.
    #[error("the CA's chain for order {order} is unusable")]
    Chain {
        /// The order.
        order: OrderUrl,
        /// Why.
        source: InvalidChain,
    },
    /// The certificate is not the one that was ordered.
    #[error("the CA's certificate for order {order} is not what was ordered")]
    Mismatch {
        /// The order.
        order: OrderUrl,
        /// Why.
        source: Mismatch,
    },
}

impl OrderError {
    /// What to do about it.
    pub fn recovery(&self) -> Recovery {
        match self {
            Self::Request { step, source } => request(*step, source),
            Self::Rejected { problem, failures, .. } => worst(problem.as_deref(), failures),
            Self::Unfinished { retry_after, .. } => Recovery::Resume { retry_after: *retry_after },
            Self::NoHttp01 { .. } | Self::UnknownProfile { .. } | Self::SigningRequest(_) => {
                Recovery::Permanent
            }
            Self::Journal(_) => Recovery::Resume { retry_after: None },
            Self::Authorizations { .. }
            | Self::Token { .. }
            | Self::Chain { .. }
            | Self::Mismatch { .. } => Recovery::Fresh,
        }
    }

    /// What it says of the CA.
    pub(crate) fn end(&self) -> End {
        match self {
            Self::Journal(_) | Self::SigningRequest(_) | Self::UnknownProfile { .. } => End::Untold,
            Self::Request { source, .. } => match source.end() {
                End::Untold => End::Untold,
                End::Answered | End::Failed(_) => End::of(self, self.recovery()),
            },
            Self::Rejected { .. }
            | Self::Unfinished { .. }
            | Self::Authorizations { .. }
            | Self::NoHttp01 { .. }
            | Self::Token { .. }
            | Self::Chain { .. }
            | Self::Mismatch { .. } => End::of(self, self.recovery()),
        }
    }

    /// What the CA's validators say of single names; empty unless the order was rejected.
    pub fn failures(&self) -> &[NameFailure] {
        match self {
            Self::Rejected { failures, .. } => failures,
            Self::Request { .. }
            | Self::Unfinished { .. }
            | Self::Authorizations { .. }
            | Self::NoHttp01 { .. }
            | Self::Token { .. }
            | Self::UnknownProfile { .. }
            | Self::Journal(_)
            | Self::SigningRequest(_)
            | Self::Chain { .. }
            | Self::Mismatch { .. } => &[],
        }
    }
}

/// What is true of any request, but for an order that the CA no longer has, never had for this account, or cannot show: that is
/// nothing to wait for the CA with, as it serves others.
fn request(step: Step, source: &AcmeError) -> Recovery {
    match step {
        Step::Directory | Step::NewOrder => source.recovery(),
        Step::Order
        | Step::Authorization
        | Step::Challenge
        | Step::Finalize
        | Step::Certificate => match source {
            AcmeError::Absent { .. } | AcmeError::Unexpected { .. } | AcmeError::Url { .. } => {
                Recovery::Fresh
            }
            AcmeError::Refused { status, problem, .. } if is_gone(step, *status, &problem.kind) => {
                Recovery::Fresh
            }
            // the CA gave the nonce for it a moment ago, so it is not the CA that is not there
            AcmeError::Unexplained { status, .. } if is_absent(*status) => Recovery::Fresh,
            AcmeError::Refused { .. }
            | AcmeError::Unreachable { .. }
            | AcmeError::AccountDoesNotExist { .. }
            | AcmeError::NotRegistered { .. }
            | AcmeError::Unexplained { .. }
            | AcmeError::NotAcme { .. }
            | AcmeError::NotADirectory { .. }
            | AcmeError::DirectoryMember { .. }
            | AcmeError::ExternalAccountRequired { .. }
            | AcmeError::NotOffered { .. }
            | AcmeError::KeyTaken { .. }
            | AcmeError::NotTakenOver { .. }
            | AcmeError::Unsigned { .. }
            | AcmeError::Away { .. }
            | AcmeError::Deadline => source.recovery(),
        },
    }
}

/// Whether a refusal says that there is no such order. Where nothing is sent but a question, only its URL can be malformed.
fn is_gone(step: Step, status: StatusCode, kind: &ProblemKind) -> bool {
    let not_ours = status == StatusCode::FORBIDDEN && *kind == ProblemKind::Unauthorized;
    let only_a_url = step != Step::Finalize && status.is_client_error();
    is_absent(status) || not_ours || (only_a_url && *kind == ProblemKind::Malformed)
}

fn is_absent(status: StatusCode) -> bool {
    matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE)
}

/// The name's fault outweighs what a new order could mend; with no reason given, a new order may show one.
fn worst(problem: Option<&Problem>, failures: &[NameFailure]) -> Recovery {
    let of_names = failures.iter().map(|failure| &failure.problem);
    let all: Vec<_> = of_names.chain(problem).map(|problem| rejected(&problem.kind)).collect();
    let named = all.iter().find(|recovery| **recovery == Recovery::Name);
    named.or_else(|| all.first()).cloned().unwrap_or(Recovery::Fresh)
}

fn reasons(problem: Option<&Problem>, failures: &[NameFailure]) -> String {
    let names = failures.iter().map(|NameFailure { name, problem }| format!("{name}: {problem}"));
    // Pebble gives the order the words of the name that failed.
    let is_told_already = |of_all: &&Problem| failures.iter().any(|one| one.problem == **of_all);
    let of_all = problem.filter(|problem| !is_told_already(problem)).map(ToString::to_string);
    let all: Vec<_> = of_all.into_iter().chain(names).collect();
    if all.is_empty() { "it gave no reason".into() } else { First(all.iter(), "; ").to_string() }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    #[test]
    fn the_same_words_for_order_and_name_are_told_once() {
        let problem = |detail: &str| {
            let text = format!(
                r#"{{"type":"urn:ietf:params:acme:error:connection","detail":"{detail}"}}"#
            );
            Problem::from_json(text.as_bytes()).unwrap()
        };
        let failures = [NameFailure { name: "shop.example".into(), problem: problem("refused") }];
        assert_eq!(
            reasons(Some(&problem("refused")), &failures),
            "shop.example: connection: refused"
        );
        assert_eq!(
            reasons(Some(&problem("too many")), &failures),
            "connection: too many; shop.example: connection: refused"
        );
    }

    /// What Boulder and Pebble say of an order they do not have (any more), and what else they say on the way.
    #[test]
    fn a_lost_order_is_told_from_a_lost_account_and_a_lost_ca() {
        let cases = [
            ("no such order", Step::Order, 404, "malformed", Recovery::Fresh),
            ("an order URL of another kind", Step::Order, 400, "malformed", Recovery::Fresh),
            ("another account's order", Step::Order, 403, "unauthorized", Recovery::Fresh),
            ("an expired authorization", Step::Challenge, 404, "malformed", Recovery::Fresh),
            ("an order that is over", Step::Finalize, 404, "malformed", Recovery::Fresh),
            ("no certificate", Step::Certificate, 404, "malformed", Recovery::Fresh),
            ("a request of ours", Step::Finalize, 400, "malformed", Recovery::Permanent),
            ("CAA since then", Step::Finalize, 403, "caa", Recovery::Name),
            ("new terms", Step::Order, 403, "userActionRequired", Recovery::Operator),
            ("no account", Step::Order, 400, "accountDoesNotExist", Recovery::Account),
            ("no account", Step::NewOrder, 400, "accountDoesNotExist", Recovery::Account),
            ("a closed account", Step::NewOrder, 403, "unauthorized", Recovery::Operator),
            (
                "a CA in trouble",
                Step::Order,
                500,
                "malformed",
                Recovery::CaAway { retry_after: None },
            ),
        ];
        for (case, step, status, kind, want) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            let body = format!(r#"{{"type":"urn:ietf:params:acme:error:{kind}"}}"#);
            let source = AcmeError::from_status(
                "https://a/".into(),
                status,
                body.as_bytes(),
                &HeaderMap::new(),
            );
            assert_eq!(OrderError::Request { step, source }.recovery(), want, "{case}, {step}");
        }
    }
}
