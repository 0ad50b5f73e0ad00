use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// What one CA may cost us in time and memory, and we it in requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// One request, from its first byte to the last of its answer.
    pub request: Duration,
    /// The longest body that is read, in bytes.
    pub body: usize,
    /// How many requests are under way at a time, of all orders together; the others wait, first come, first served.
    pub in_flight: NonZeroUsize,
    /// How many requests go out in a second, with half a second's worth at once after a pause.
    ///
    /// Waiting counts against the deadline of whoever asks, not against [`Limits::request`].
    pub per_second: NonZeroU32,
    /// How many requests for a nonce do; they are counted apart. One is made for each order more than there were under way before,
    /// so this is how fast their number grows.
    pub nonces_per_second: NonZeroU32,
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
    /// With another number of requests in a second, and as many of them for nonces as Let's Encrypt takes for each of the others.
    ///
    /// ```
    /// use nws_acme::Limits;
    ///
    /// let staging = Limits::default().at_most(20.try_into()?);
    /// assert_eq!((staging.per_second.get(), staging.nonces_per_second.get()), (20, 1));
    /// # Ok::<(), std::num::TryFromIntError>(())
    /// ```
    #[must_use]
    pub fn at_most(self, per_second: NonZeroU32) -> Self {
        let nonces = u64::from(per_second.get()) * u64::from(Self::NONCES_PER_SECOND.get())
            / u64::from(Self::PER_SECOND.get());
        let nonces = u32::try_from(nonces).ok().and_then(NonZeroU32::new);
        Self { per_second, nonces_per_second: nonces.unwrap_or(NonZeroU32::MIN), ..self }
    }

    const IN_FLIGHT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);
    const PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(199);
    const NONCES_PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(14);
}

impl Default for Limits {
    /// Finalizing may take a CA many seconds, hence the 30 of a request; a chain is some 6 KB, hence the megabyte as a bound.
    ///
    /// Let's Encrypt takes from one address in a second 20 requests for a nonce, 250 of most others, and bursts of half of that
    /// (<https://letsencrypt.org/docs/rate-limits/>); its staging environment takes 20 of all. Both bounds of the first are kept from
    /// below; a CA of one's own may take more, and a staging environment less.
    fn default() -> Self {
        Self {
            request: Duration::from_secs(30),
            body: 1 << 20,
            in_flight: Self::IN_FLIGHT,
            per_second: Self::PER_SECOND,
            nonces_per_second: Self::NONCES_PER_SECOND,
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
