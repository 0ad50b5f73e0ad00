//! The task that looks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration as StdDuration;

use nws_acme::Clock;
use nws_expiry::{DnsName, Fingerprint};
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::watching::{News, Sights, Watching};
use super::{Expected, Seen, Sight, Watch};
use crate::edges::{Edge, Edges, LookupError};
use crate::failure::Causes;
use crate::store::{CertificateKey, SightFacts, Step, Store};

/// How many certificates are looked at at once: each is a handshake with every address of every name.
const MOST: usize = 32;
/// Clocks jump and machines sleep: no sleep is longer.
const LONGEST_SLEEP: StdDuration = StdDuration::from_secs(60);

/// Looks at the edges beside the daemon's turns, and tells it when something is worth a turn. Clones are the same watcher.
#[derive(Clone)]
pub(crate) struct Watcher {
    watching: Arc<Mutex<Watching>>,
    edges: Arc<Edges>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// Others are expected than before.
    changed: Arc<Notify>,
    /// A report would be another.
    news: Arc<Notify>,
}

/// A certificate that was looked at.
type Looked = (Expected, Sights);

impl Watcher {
    pub(crate) fn new(
        watch: Watch,
        installation: &str,
        edges: Arc<Edges>,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let watching = Arc::new(Mutex::new(Watching::new(watch, installation.to_owned())));
        let (changed, news) = (Arc::default(), Arc::default());
        Self { watching, edges, store, clock, changed, news }
    }

    /// From now on these are to be served, and nothing else is looked at.
    pub(crate) fn expect(&self, now: OffsetDateTime, all: Vec<Expected>) {
        self.watching().expect(now, all);
        self.changed.notify_one();
    }

    /// An operator says "now": all that is not served is looked at.
    pub(crate) fn wait_no_longer(&self, now: OffsetDateTime) {
        self.watching().wait_no_longer(now);
        self.changed.notify_one();
    }

    /// What was seen of a certificate.
    pub(crate) fn seen(&self, key: &CertificateKey, leaf: Fingerprint) -> Option<Seen> {
        self.watching().seen(key, leaf)
    }

    /// Until a report would be another than before.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// Looks until told to stop.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut looks = JoinSet::new();
        loop {
            self.begin(&mut looks);
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.changed.notified() => {}
                Some(ended) = looks.join_next() => self.end(ended).await,
                () = tokio::time::sleep(self.nap()) => {}
            }
        }
    }

    /// Begins as many looks as there is room for.
    pub(crate) fn begin(&self, looks: &mut JoinSet<Looked>) {
        let room = MOST.saturating_sub(looks.len());
        let (now, clock) = (self.clock.now(), self.clock.clone());
        for expected in self.watching().due(now, room) {
            looks.spawn(look(self.edges.clone(), clock.clone(), expected));
        }
    }

    /// What was seen is kept, and told.
    pub(crate) async fn end(&self, ended: Result<Looked, JoinError>) {
        let (expected, sights) = match ended {
            Ok(looked) => looked,
            Err(error) => {
                return error!(%error, "a look at edges was broken off by a bug; it is made again in its turn");
            }
        };
        let (now, of) = (self.clock.now(), (&expected.key, expected.leaf));
        let news = self.watching().looked(now, of, sights);
        self.keep(now, &expected, &news).await;
        if news.is_noteworthy {
            self.tell(&expected, &news);
            self.news.notify_one();
        }
    }

    async fn keep(&self, now: OffsetDateTime, expected: &Expected, news: &News) {
        if news.serving.is_empty() && !news.is_served {
            return;
        }
        let seen = SightFacts {
            fingerprint: expected.leaf,
            addresses: news.serving.iter().map(|address| address.ip()).collect(),
            by_all: news.is_served,
            at: now,
        };
        let step = Step::SeenServed { certificate: expected.key.clone(), seen };
        if let Err(error) = self.store.write(step).await {
            warn!(error = %Causes(&error), "what edges serve cannot be kept; it is looked at again after a restart");
        }
    }

    fn tell(&self, expected: &Expected, news: &News) {
        let names = &expected.key.names;
        if news.is_served {
            return info!(%names, certificate = %expected.leaf, "every edge serves it");
        }
        let Some(seen) = self.seen(&expected.key, expected.leaf) else { return };
        for wrong in &seen.wrong {
            if seen.is_late {
                warn!("an edge does not serve what was pushed: {wrong}");
            } else {
                debug!("not served yet: {wrong}");
            }
        }
    }

    fn nap(&self) -> StdDuration {
        let now = self.clock.now();
        let next = self.watching().next_after(now).map(|at| at - now);
        next.and_then(|left| left.try_into().ok()).unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
    }

    // No operation leaves it half-changed, so what a panicking thread held is still whole.
    fn watching(&self) -> MutexGuard<'_, Watching> {
        self.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn look(edges: Arc<Edges>, clock: Arc<dyn Clock>, expected: Expected) -> Looked {
    let mut sights = Sights::new();
    for name in expected.key.names.iter() {
        let seen = edges.look_at_ours(name).await;
        sights.extend(sights_of(clock.now(), name, seen, &expected));
    }
    (expected, sights)
}

fn sights_of(
    now: OffsetDateTime,
    name: &DnsName,
    seen: Result<Vec<Edge>, LookupError>,
    expected: &Expected,
) -> Sights {
    match seen {
        Ok(all) => {
            let sight = |edge: &Edge| Sight::of(now, name, edge, expected);
            all.iter().map(|edge| (name.clone(), Some(edge.address), sight(edge))).collect()
        }
        Err(error) => {
            let why = Causes(&error).to_string();
            vec![(name.clone(), None, Sight::Nothing { why })]
        }
    }
}
