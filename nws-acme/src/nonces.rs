use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response};
use tokio::sync::Notify;
use tokio::time::Instant;

/// The header that gives one.
pub(crate) const REPLAY_NONCE: &str = "replay-nonce";

/// Nonces that an order had left when it ended (RFC 8555 §6.5), for the next that begins.
///
/// CAs answer requests for a nonce much more rarely than others; with this, only as many are made as orders are under way at a
/// time, not one for each order. A nonce that the CA does not know any more costs one more request, as any bad one does.
#[derive(Debug, Default)]
pub(crate) struct Nonces {
    left: Mutex<VecDeque<(HeaderValue, Instant)>>,
    more: Notify,
}

impl Nonces {
    const MOST: usize = 256;
    /// A CA that gives out many forgets old ones after a minute or so.
    const FRESH: Duration = Duration::from_secs(15);

    pub(crate) fn put(&self, nonce: HeaderValue) {
        let mut left = self.left();
        left.push_back((nonce, Instant::now()));
        if left.len() > Self::MOST {
            left.pop_front();
        }
        self.more.notify_one();
    }

    /// Waits for one to be left; whoever can ask the CA for one meanwhile should.
    pub(crate) async fn take(&self) -> HeaderValue {
        loop {
            if let Some(nonce) = self.youngest() {
                return nonce;
            }
            self.more.notified().await;
        }
    }

    fn youngest(&self) -> Option<HeaderValue> {
        let mut left = self.left();
        let (nonce, since) = left.pop_back()?;
        if since.elapsed() < Self::FRESH {
            return Some(nonce);
        }
        // the others are older still
        left.clear();
        None
    }

    fn left(&self) -> MutexGuard<'_, VecDeque<(HeaderValue, Instant)>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A nonce as if the CA had just given it.
pub(crate) fn answer(nonce: HeaderValue) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    answer.headers_mut().insert(REPLAY_NONCE, nonce);
    answer
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, timeout};

    use super::*;

    async fn taken(nonces: &Nonces) -> Option<HeaderValue> {
        timeout(Duration::ZERO, nonces.take()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn the_youngest_is_taken_once() {
        let nonces = Nonces::default();
        nonces.put(HeaderValue::from_static("a"));
        nonces.put(HeaderValue::from_static("b"));
        let all = [taken(&nonces).await, taken(&nonces).await, taken(&nonces).await];
        assert_eq!(
            all.map(|one| one.map(|one| one.to_str().unwrap().to_owned())),
            [Some("b".into()), Some("a".into()), None]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn old_ones_are_forgotten() {
        let nonces = Nonces::default();
        nonces.put(HeaderValue::from_static("a"));
        advance(Nonces::FRESH).await;
        assert_eq!(taken(&nonces).await, None);
        for _ in 0..=Nonces::MOST {
            nonces.put(HeaderValue::from_static("b"));
        }
        assert_eq!(nonces.left().len(), Nonces::MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_next() {
        let nonces = Nonces::default();
        let put = async { nonces.put(HeaderValue::from_static("a")) };
        let (nonce, ()) = tokio::join!(nonces.take(), put);
        assert_eq!(nonce, "a");
    }
}
