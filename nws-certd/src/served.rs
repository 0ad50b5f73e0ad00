//! Whether the edges serve what was pushed: after each push until all do, and now and then ever after.
//!
//! What clusters, Secrets and reloads in between have done is not asked; what a user's browser would be shown is. Looks are spread over
//! time, run beside the daemon's turns, and cost the CA nothing.

mod sight;
mod watcher;
mod watching;

use nws_expiry::Fingerprint;
use time::{Duration, OffsetDateTime};

pub(crate) use self::sight::Sight;
pub(crate) use self::watcher::Watcher;
pub(crate) use self::watching::{Seen, Wrong};

use crate::store::CertificateKey;

/// How edges are looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Watch {
    /// How long clusters may take until an edge that serves another certificate is told of.
    pub(crate) within: Duration,
    /// How often each certificate is looked at that is served.
    pub(crate) every: Duration,
}

/// A certificate that is in the branch, for everybody who wants it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Expected {
    /// Which one.
    pub(crate) key: CertificateKey,
    /// Its leaf.
    pub(crate) leaf: Fingerprint,
    /// What goes with it, where that is known.
    pub(crate) intermediates: Vec<Fingerprint>,
    /// When all edges were first seen to serve it, as far as that was kept.
    pub(crate) served_at: Option<OffsetDateTime>,
}
