//! What a proxy has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::LOCATION;
use http::{Response, StatusCode};
use tokio::time::Instant;

use crate::proxy::Endpoint;

#[derive(Default)]
pub(crate) struct Tally(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    requests: BTreeMap<Endpoint, u64>,
    /// Connections that were closed before anything could be asked.
    turned_away: u64,
    /// The URLs of all orders that the CA has made.
    orders: BTreeSet<Vec<u8>>,
    /// When the first order was asked for.
    begun: Option<Instant>,
    /// When the last certificate was handed out.
    ended: Option<Instant>,
    certificates: usize,
}

/// Certificates that were handed out, and how long it took from the first order that was asked for to the last of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Issuance {
    pub(crate) certificates: usize,
    pub(crate) took: Duration,
}

impl Tally {
    pub(crate) fn request(&self, endpoint: Endpoint) {
        let mut seen = self.lock();
        *seen.requests.entry(endpoint).or_default() += 1;
        if endpoint == Endpoint::NewOrder {
            seen.begun.get_or_insert_with(Instant::now);
        }
    }

    pub(crate) fn turned_away(&self) {
        self.lock().turned_away += 1;
    }

    /// An order may be asked for several times before it is made: one nonce in twenty is refused.
    pub(crate) fn answer<B>(&self, endpoint: Endpoint, answer: &Response<B>) {
        if endpoint == Endpoint::Certificate && answer.status().is_success() {
            let mut seen = self.lock();
            seen.certificates += 1;
            seen.ended = Some(Instant::now());
        }
        if endpoint != Endpoint::NewOrder || answer.status() != StatusCode::CREATED {
            return;
        }
        if let Some(url) = answer.headers().get(LOCATION) {
            self.lock().orders.insert(url.as_bytes().to_vec());
        }
    }

    pub(crate) fn requests_for(&self, endpoint: Endpoint) -> u64 {
        self.lock().requests.get(&endpoint).copied().unwrap_or_default()
    }

    pub(crate) fn knocks(&self) -> u64 {
        let seen = self.lock();
        seen.requests.values().sum::<u64>() + seen.turned_away
    }

    pub(crate) fn orders(&self) -> usize {
        self.lock().orders.len()
    }

    pub(crate) fn issuance(&self) -> Issuance {
        let Seen { begun, ended, certificates, .. } = *self.lock();
        let took = begun.zip(ended).map(|(begun, ended)| ended.saturating_duration_since(begun));
        Issuance { certificates, took: took.unwrap_or_default() }
    }

    pub(crate) fn forget_issuance(&self) {
        let mut seen = self.lock();
        (seen.begun, seen.ended, seen.certificates) = (None, None, 0);
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{Response, StatusCode};

    use super::{Issuance, Tally};
    use crate::proxy::Endpoint::{Certificate, NewOrder, Nonce, Order};

    #[test]
    fn an_order_counts_once_and_only_if_it_was_made() {
        let tally = Tally::default();
        let answers = [
            ("refused", NewOrder, StatusCode::BAD_REQUEST, "https://ca/1", 0),
            ("made", NewOrder, StatusCode::CREATED, "https://ca/1", 1),
            ("the same again", NewOrder, StatusCode::CREATED, "https://ca/1", 1),
            ("another", NewOrder, StatusCode::CREATED, "https://ca/2", 2),
            ("no order at all", Order, StatusCode::CREATED, "https://ca/3", 2),
        ];
        for (case, endpoint, status, url, orders) in answers {
            let answer = Response::builder().status(status).header("Location", url);
            tally.answer(endpoint, &answer.body(()).unwrap());
            assert_eq!(tally.orders(), orders, "{case}");
        }
    }

    #[test]
    fn certificates_are_counted_until_they_are_forgotten() {
        let tally = Tally::default();
        tally.request(NewOrder);
        for status in [StatusCode::BAD_REQUEST, StatusCode::OK, StatusCode::OK] {
            tally.answer(Certificate, &Response::builder().status(status).body(()).unwrap());
        }
        assert_eq!(tally.issuance().certificates, 2);
        tally.forget_issuance();
        assert_eq!(tally.issuance(), Issuance { certificates: 0, took: Duration::ZERO });
    }

    #[test]
    fn every_try_to_reach_the_ca_is_a_knock() {
        let tally = Tally::default();
        tally.request(Nonce);
        tally.request(Nonce);
        tally.turned_away();
        assert_eq!((tally.requests_for(Nonce), tally.requests_for(Order)), (2, 0));
        assert_eq!(tally.knocks(), 3);
    }
}
