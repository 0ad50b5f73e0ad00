use async_trait::async_trait;
use nws_challenge::Token;
use nws_expiry::DnsName;

use crate::ProblemKind;

/// The CA's eyes: reads what a name answers to a challenge.
///
/// Any `Fn(&DnsName, &Token) -> Result<String, Unanswered>` is one.
#[async_trait]
pub trait Validator: Send + Sync + 'static {
    /// The body at `http://{name}/.well-known/acme-challenge/{token}`.
    ///
    /// # Errors
    ///
    /// [`Unanswered`] if there is none.
    async fn fetch(&self, name: &DnsName, token: &Token) -> Result<String, Unanswered>;
}

#[async_trait]
impl<F> Validator for F
where
    F: Fn(&DnsName, &Token) -> Result<String, Unanswered> + Send + Sync + 'static,
{
    async fn fetch(&self, name: &DnsName, token: &Token) -> Result<String, Unanswered> {
        self(name, token)
    }
}

/// Why a validator read nothing; the CA reports it word for word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unanswered {
    /// Which problem.
    pub kind: ProblemKind,
    /// In which words.
    pub detail: String,
}

impl Unanswered {
    /// Nobody answered.
    pub fn connection(detail: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Connection, detail: detail.into() }
    }

    /// Somebody answered something else.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self { kind: ProblemKind::Unauthorized, detail: detail.into() }
    }
}
