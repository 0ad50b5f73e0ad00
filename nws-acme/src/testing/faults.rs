use super::answer::Instead;
use super::renewal::Renewal;
use super::reply::Refusal;
use crate::ProblemKind;
use crate::testing::Endpoint;

/// How a [`FakeCa`](crate::testing::FakeCa) misbehaves; by default not at all.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Every n-th signed request is refused for its nonce; 0 is never.
    pub bad_nonce_every: u32,
    /// So many signed requests from now on are refused for their nonces.
    pub bad_nonces_next: u32,
    /// Every n-th request is answered 500; 0 is never.
    pub server_error_every: u32,
    /// So many requests from now on are answered 500.
    pub server_errors_next: u32,
    /// An order stays `processing` for so many looks.
    pub processing_polls: u32,
    /// A challenge stays `processing` for so many looks, and no longer once there are to be fewer.
    pub validation_polls: u32,
    /// The Retry-After of every order that is looked at.
    pub retry_after: Option<String>,
    /// A valid authorization serves later orders of the account as well.
    pub reuse_authorizations: bool,
    /// The next answer of this endpoint breaks after its head; what was asked for is done.
    pub break_answer_of: Option<Endpoint>,
    /// Every newOrder makes an order, though the same is open already, as Pebble does; Let's Encrypt returns the open one.
    pub never_the_same_order: bool,
    /// So many chains are offered besides the first, each to a root of its own: "nws fake root 1" and so on, three at most.
    pub alternates: usize,
    /// What it does not know is answered 404 without a word, as Pebble answers for an order; Let's Encrypt says what is missing.
    pub not_found_without_a_word: bool,
    /// So many validations from now on fail, whatever a name answers.
    pub failed_validations_next: u32,
    /// New authorizations are valid from the start, so that an order is `ready` at once.
    pub ready_at_once: bool,
    /// Each look at an order shows its authorizations in another order.
    pub shuffle_authorizations: bool,
    /// An order that replaces a certificate is refused.
    pub refuse_replaces: Option<ReplacesRefusal>,
    /// Orders do not say what they replace, though they must (RFC 9773 §5).
    pub silent_on_replaces: bool,
    /// What is said of the renewal of certificates that are issued from now on; two thirds of their lifetime if nothing is.
    pub renewal_of_new: Option<Renewal>,
    /// The directory has no renewal information.
    pub no_renewal_info: bool,
    /// What CAA records call it; `ca.test` if nothing else is said.
    pub caa_identity: Option<String>,
    /// What endpoints answer in place of their own answers.
    pub instead: Vec<Instead>,
    /// Nobody is served at all.
    pub outage: Option<Outage>,
    /// Where the outage is; everywhere if none is named.
    pub outage_at: Vec<Endpoint>,
}

/// How a CA can be away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outage {
    /// No connection.
    Refused,
    /// A connection, and no answer ever.
    Hang,
    /// 503 and a web page.
    Busy {
        /// The Retry-After with it.
        retry_after: Option<String>,
    },
}

/// How CAs refuse an order for the certificate it replaces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplacesRefusal {
    /// It has a successor, in the words of RFC 9773.
    AlreadyReplaced,
    /// The same in those of Pebble before 2.10.
    Malformed,
    /// The same in those of Let's Encrypt before RFC 9773.
    Conflict,
    /// No such certificate, at Let's Encrypt.
    NotFound,
    /// Another account's.
    Forbidden,
    /// No such certificate, at Pebble.
    Internal,
}

impl ReplacesRefusal {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AlreadyReplaced,
        Self::Malformed,
        Self::Conflict,
        Self::NotFound,
        Self::Forbidden,
        Self::Internal,
    ];

    pub(super) fn refusal(self) -> Refusal {
        let replaced = "cannot indicate an order replaces a certificate that has a replacement";
        let (status, kind, detail) = match self {
            Self::AlreadyReplaced => (409, ProblemKind::AlreadyReplaced, replaced),
            Self::Malformed => (409, ProblemKind::Malformed, replaced),
            Self::Conflict => (409, ProblemKind::Conflict, replaced),
            Self::NotFound => (404, ProblemKind::Malformed, "certificate not found"),
            Self::Forbidden => {
                (403, ProblemKind::Unauthorized, "requester account did not request it")
            }
            Self::Internal => (500, ProblemKind::ServerInternal, "could not find an order for it"),
        };
        Refusal::new(status, kind, detail)
    }
}
