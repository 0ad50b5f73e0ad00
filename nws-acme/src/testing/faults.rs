use crate::testing::Endpoint;

/// How a [`FakeCa`](crate::testing::FakeCa) misbehaves; by default not at all.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Every n-th signed request is refused for its nonce; 0 is never.
    pub bad_nonce_every: u32,
    /// Every n-th request is answered 500; 0 is never.
    pub server_error_every: u32,
    /// So many requests from now on are answered 500.
    pub server_errors_next: u32,
    /// An order stays `processing` for so many looks.
    pub processing_polls: u32,
    /// A challenge stays `processing` for so many looks.
    pub validation_polls: u32,
    /// The Retry-After of every order that is looked at.
    pub retry_after: Option<String>,
    /// A valid authorization serves later orders of the account as well.
    pub reuse_authorizations: bool,
    /// The next answer of this endpoint breaks after its head; what was asked for is done.
    pub break_answer_of: Option<Endpoint>,
    /// Every newOrder makes an order, though the same is open already, as Pebble does; Let's Encrypt returns the open one.
    pub never_the_same_order: bool,
    /// What it does not know is answered 404 without a word, as Pebble answers for an order; Let's Encrypt says what is missing.
    pub not_found_without_a_word: bool,
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
