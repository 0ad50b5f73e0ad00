use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

/// What strangers may cost the listener.
///
/// A validator asks one short question on one connection and leaves; an edge proxy keeps a few connections and asks many. The
/// defaults are generous to both.
///
/// ```
/// use std::time::Duration;
///
/// use nws_challenge::Limits;
///
/// let limits = Limits { drain: Duration::from_secs(1), ..Limits::default() };
/// assert_eq!(limits.header_bytes, 8 * 1024);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The longest request head, request line included; a longer one gets 431 and the connection ends.
    ///
    /// Default 8 KiB: a validator sends a few hundred bytes, but an edge may pass on a browser's cookies.
    pub header_bytes: usize,
    /// How long a request head may take, counted from the begin of the connection or from the request before: the bound for a slow sender,
    /// for an idle connection and for one that does not read its answers alike. A PROXY header counts as part of the first.
    ///
    /// Default 10 s: Let's Encrypt gives a validation no longer, and HAProxy purges what it keeps idle after 5 s by default, so the
    /// edge lets go first and seldom writes into a connection that is just being closed.
    pub header_read: Duration,
    /// How long a connection may live; a request that runs then is still answered.
    ///
    /// Default 60 s: somebody who asks just often enough to seem alive loses the place, and an edge reconnects once a minute.
    pub lifetime: Duration,
    /// How many connections a listener serves at once. One more takes the place of whoever has been waited for longest since the last
    /// complete request, or since the begin; so who is slow or idle keeps nobody out.
    ///
    /// Default 512: half of the usual soft limit of 1024 file descriptors, the rest is for the store, git and the CA.
    pub connections: NonZeroUsize,
    /// How many threads serve a listener, at most: never more than there are connections.
    ///
    /// Default one for each core, but at most 8: one answers tens of thousands of requests a second, and no burst of validators is larger
    /// than what eight do.
    pub threads: NonZeroUsize,
    /// How long a connection that has to end, at a stop or at the end of its life, may go on with the request it is in.
    ///
    /// Default 5 s: an answer takes milliseconds, so whoever takes longer does not read it; and the shortest of the usual grace
    /// periods, a container's 10 s, leaves as much again for the rest of the process.
    pub drain: Duration,
}

impl Limits {
    /// As many as have a connection to serve.
    pub(crate) fn threads(&self) -> usize {
        self.threads.min(self.connections).get()
    }
}

impl Default for Limits {
    fn default() -> Self {
        const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(512).unwrap();
        const THREADS: NonZeroUsize = NonZeroUsize::new(8).unwrap();
        Self {
            header_bytes: 8 * 1024,
            header_read: Duration::from_secs(10),
            lifetime: Duration::from_secs(60),
            connections: CONNECTIONS,
            threads: available_parallelism().unwrap_or(NonZeroUsize::MIN).min(THREADS),
            drain: Duration::from_secs(5),
        }
    }
}
