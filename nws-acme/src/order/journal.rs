use async_trait::async_trait;
use nws_challenge::KeyAuthorization;

use crate::{BoxError, OrderUrl};

/// What has to be durable before an order's next step.
///
/// Each method returns once its fact would survive a crash. A refusal stops the order where it is, before the step that
/// depends on it; obtaining again goes on from what the journal does have.
#[async_trait]
pub trait Journal: Send + Sync {
    /// The order exists at the CA. Called as soon as the answer's head names it, before its body is read for content.
    ///
    /// A crash before it leaves an order we do not know: asking again brings the CA's same open order, or a fresh one. A crash
    /// after it leaves an open order that is resumed by this URL.
    async fn order_known(&self, url: &OrderUrl) -> Result<(), NotDurable>;

    /// A challenge is about to be offered: on return every edge answers it, and still does after a restart.
    ///
    /// A crash after it leaves an answer nobody may ask for, which is harmless; or an offered challenge, which stays answered.
    /// Called again for a challenge that was answered before, and by several challenges of one order at a time.
    async fn present(&self, key_authorization: &KeyAuthorization) -> Result<(), NotDurable>;

    /// A challenge that was offered before a crash is being validated still: on return every edge answers it as it did when it was
    /// offered, even if the account has had another key since. What is given here is what it is answered with now; right for who
    /// has nothing else, and all there is unless keys are changed.
    async fn offered_before(&self, key_authorization: &KeyAuthorization) -> Result<(), NotDurable> {
        self.present(key_authorization).await
    }

    /// The signing request (PKCS#10 DER) is about to be sent.
    ///
    /// A crash after it leaves an order that is `ready`, `processing` or `valid`; resumed with the same key, all three end in the
    /// same certificate.
    async fn finalizing(&self, csr_der: &[u8]) -> Result<(), NotDurable>;
}

/// Why a fact is not durable.
#[derive(Debug, thiserror::Error)]
#[error("the state could not be kept")]
pub struct NotDurable(#[source] pub BoxError);
