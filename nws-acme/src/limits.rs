use std::num::NonZeroUsize;
use std::time::Duration;

use crate::Rates;

/// What one CA may cost us in time and memory, and we it in requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// One request, from its first byte to the last of its answer.
    pub request: Duration,
    /// The longest body that is read, in bytes.
    pub body: usize,
    /// How many requests are under way at a time, of all orders together; the others wait, first come, first served at each
    /// endpoint.
    pub in_flight: NonZeroUsize,
    /// How many requests go out in a second.
    ///
    /// Waiting counts against the deadline of whoever asks, not against [`Limits::request`].
    pub rates: Rates,
    /// How often the same request is made before its failure stands; no more once the CA is found away.
    pub tries: u32,
    /// The pause before the second try; it doubles with each further one.
    pub first_pause: Duration,
    /// A CA that wants a longer pause between tries is left alone, and whoever asked decides.
    pub longest_pause: Duration,
    /// The pause before the first look at an order; it doubles with each further one.
    pub first_poll: Duration,
    /// Where that doubling ends.
    pub slowest_poll: Duration,
    /// A Retry-After beyond this is not waited for: the order is given back, to be resumed then.
    pub longest_poll: Duration,
    /// How long a directory is believed.
    pub directory: Duration,
}

impl Limits {
    const IN_FLIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);
}

impl Default for Limits {
    /// Finalizing may take a CA many seconds, hence the 30 of a request; a chain is some 6 KB, hence the megabyte as a bound.
    /// What Let's Encrypt takes in a second bounds the requests; [`Rates::of`] says what suits another CA.
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            body: 1 << 20,
            in_flight: Self::IN_FLIGHT,
            rates: Rates::LETS_ENCRYPT,
            tries: 5,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(10),
            first_poll: Duration::from_millis(250),
            slowest_poll: Duration::from_secs(5),
            longest_poll: Duration::from_secs(300),
            directory: Duration::from_secs(3600),
        }
    }
}
