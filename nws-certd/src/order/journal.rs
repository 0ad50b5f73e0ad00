//! An order's steps, made durable before the next one is taken.

use std::time::Duration;

use async_trait::async_trait;
use nws_acme::{Journal, NotDurable, OrderUrl};
use nws_challenge::{Answers, KeyAuthorization};
use time::OffsetDateTime;

use crate::store::{OrderId, Step, Store};

/// Late vantage points ask minutes after the order has ended (Boulder's multi-perspective validation).
const ANSWER_AFTERWARDS: Duration = Duration::from_secs(10 * 60);

#[derive(Debug)]
pub(super) struct Recorded<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) answers: &'a Answers,
    pub(super) order: OrderId,
    pub(super) deadline: OffsetDateTime,
}

impl Recorded<'_> {
    async fn write(&self, step: Step) -> Result<(), NotDurable> {
        self.store.write(step).await.map_err(|error| NotDurable(Box::new(error)))
    }
}

#[async_trait]
impl Journal for Recorded<'_> {
    async fn order_known(&self, url: &OrderUrl) -> Result<(), NotDurable> {
        self.write(Step::OrderKnown { order: self.order, url: url.clone() }).await
    }

    async fn present(&self, key_authorization: &KeyAuthorization) -> Result<(), NotDurable> {
        let until = self.deadline + ANSWER_AFTERWARDS;
        self.write(Step::Offered { key_authorization: key_authorization.clone(), until }).await?;
        self.answers
            .put(key_authorization.clone(), until)
            .map_err(|error| NotDurable(Box::new(error)))
    }

    async fn offered_before(&self, key_authorization: &KeyAuthorization) -> Result<(), NotDurable> {
        let kept = self.answers.get(key_authorization.token());
        let kept = kept.and_then(|body| std::str::from_utf8(&body).ok()?.parse().ok());
        self.present(kept.as_ref().unwrap_or(key_authorization)).await
    }

    async fn finalizing(&self, csr: &[u8]) -> Result<(), NotDurable> {
        self.write(Step::Finalizing { order: self.order, csr: csr.to_vec() }).await
    }
}
