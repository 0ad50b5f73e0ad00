//! A store whose power is cut at a chosen write.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use nws_challenge::KeyAuthorization;
use time::OffsetDateTime;

use crate::store::{
    CertificateKey, Facts, History, Outgoing, Previous, Step, Store, StoreError, Used,
};

/// Whether the write at which the power goes is still made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    Before,
    After,
}

#[derive(Debug)]
pub(super) struct Stopping {
    store: Arc<dyn Store>,
    stop: Stop,
    at: usize,
    writes: AtomicUsize,
    cut: Mutex<Cut>,
}

/// What was durable when the power went.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    pub(super) happened: bool,
    /// The write at which it did.
    pub(super) step: String,
    intended: usize,
    known: usize,
    ended: usize,
}

impl Cut {
    /// How many orders the CA may have that the store does not know.
    pub(super) fn orders_without_url(&self) -> usize {
        self.intended - self.known
    }

    /// How many orders were over without a certificate.
    pub(super) fn orders_ended(&self) -> usize {
        self.ended
    }
}

impl Stopping {
    pub(super) fn new(store: Arc<dyn Store>, stop: Stop, at: usize) -> Self {
        Self { store, stop, at, writes: AtomicUsize::new(0), cut: Mutex::default() }
    }

    pub(super) fn cut(&self) -> Cut {
        self.cut.lock().unwrap().clone()
    }

    async fn keep(&self, step: Step) -> Result<(), StoreError> {
        let (intended, known, ended) = match &step {
            Step::OrderIntended { .. } => (1, 0, 0),
            Step::OrderKnown { .. } => (0, 1, 0),
            Step::OrderEnded { .. } => (0, 0, 1),
            _ => (0, 0, 0),
        };
        self.store.write(step).await?;
        let mut cut = self.cut.lock().unwrap();
        cut.intended += intended;
        cut.known += known;
        cut.ended += ended;
        Ok(())
    }
}

#[async_trait]
impl Store for Stopping {
    async fn load(&self) -> Result<Facts, StoreError> {
        self.store.load().await
    }

    async fn answers(
        &self,
        now: OffsetDateTime,
    ) -> Result<Vec<(KeyAuthorization, OffsetDateTime)>, StoreError> {
        self.store.answers(now).await
    }

    async fn outbox(&self, certificate: &CertificateKey) -> Result<Option<Outgoing>, StoreError> {
        self.store.outbox(certificate).await
    }

    async fn previous(&self) -> Result<Vec<Previous>, StoreError> {
        self.store.previous().await
    }

    async fn levels(&self) -> Result<Vec<Used>, StoreError> {
        self.store.levels().await
    }

    async fn is_key_of_revoked(&self, public_key: &[u8]) -> Result<bool, StoreError> {
        self.store.is_key_of_revoked(public_key).await
    }

    async fn history(&self, certificate: &CertificateKey) -> Result<History, StoreError> {
        self.store.history(certificate).await
    }

    async fn installation(&self, first: &str) -> Result<String, StoreError> {
        self.store.installation(first).await
    }

    async fn write(&self, step: Step) -> Result<(), StoreError> {
        let write = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if write < self.at {
            return self.keep(step).await;
        }
        if write == self.at {
            let name: String = format!("{step:?}").split([' ', '(']).take(1).collect();
            if self.stop == Stop::After {
                self.keep(step).await?;
            }
            let mut cut = self.cut.lock().unwrap();
            (cut.happened, cut.step) = (true, name);
        }
        Err(StoreError::Closed)
    }
}
