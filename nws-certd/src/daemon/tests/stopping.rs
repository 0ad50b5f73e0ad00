//! A store whose power is cut at a chosen write.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use nws_challenge::KeyAuthorization;
use nws_expiry::Chain;
use time::OffsetDateTime;

use crate::store::{CertificateKey, Facts, Step, Store, StoreError};
use crate::vault::Sealed;

/// Whether the write at which the power goes is still made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stop {
    Before,
    After,
}

#[derive(Debug)]
pub(super) struct Stopping {
    pub(super) store: Arc<dyn Store>,
    pub(super) stop: Stop,
    pub(super) at: usize,
    pub(super) writes: AtomicUsize,
}

impl Stopping {
    pub(super) fn has_stopped(&self) -> bool {
        self.writes.load(Ordering::SeqCst) >= self.at
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

    async fn outbox(
        &self,
        certificate: &CertificateKey,
    ) -> Result<Option<(Chain, Sealed)>, StoreError> {
        self.store.outbox(certificate).await
    }

    async fn write(&self, step: Step) -> Result<(), StoreError> {
        let write = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        if write < self.at {
            return self.store.write(step).await;
        }
        if write == self.at && self.stop == Stop::After {
            self.store.write(step).await?;
        }
        Err(StoreError::Closed)
    }
}
