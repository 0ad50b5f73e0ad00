//! What CAs say of when to renew (RFC 9773), asked beside the orders and kept.
//!
//! An answer moves a renewal, and no answer changes nothing: the last window that was told still counts, and without one the
//! certificate's own dates do. So nothing here ever stands in an order's way.

use std::sync::Arc;

use nws_acme::{AcmeError, CertificateId, Clock, RenewalInfo, renewal_info_retry};
use nws_expiry::{Fingerprint, Spread, Window};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;
use tracing::{debug, error, info};

use crate::authority::Authority;
use crate::failure::Causes;
use crate::order::Ended;
use crate::report::instant;
use crate::store::{CertificateKey, RenewalFacts, Step, Store};

/// How many certificates are asked about at a time.
const AT_A_TIME: usize = 8;
/// How soon it is looked again whether a CA tells when to renew that does not yet.
const NOT_TOLD: Duration = Duration::DAY;
/// How long a certificate counts as just issued.
const FRESH: Duration = Duration::HOUR;

/// One certificate, and the CA that is asked about it.
pub(crate) struct Inquiry {
    /// Which one, for the log.
    pub(crate) certificate: CertificateKey,
    /// Its leaf.
    pub(crate) fingerprint: Fingerprint,
    /// What the CA knows that as.
    pub(crate) id: CertificateId,
    /// Its place in a window.
    pub(crate) spread: Spread,
    /// When it was issued.
    pub(crate) issued_at: OffsetDateTime,
    /// Who issued it.
    pub(crate) authority: Arc<Authority>,
    /// What was said before.
    pub(crate) known: Option<RenewalFacts>,
}

/// Certificates that are asked about one after the other, a few at a time.
pub(crate) struct Round {
    pub(crate) inquiries: Vec<Inquiry>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Round {
    /// Asks about each; what is said is in the store when this returns. It ends early where nothing can be kept.
    pub(crate) async fn run(self) -> Ended {
        let mut waiting = self.inquiries.into_iter();
        let mut asked = JoinSet::new();
        loop {
            while asked.len() < AT_A_TIME
                && let Some(inquiry) = waiting.next()
            {
                asked.spawn(inquiry.ask(self.store.clone(), self.clock.clone()));
            }
            match asked.join_next().await {
                None => return Ended::Kept,
                Some(Ok(Ended::Issued | Ended::Kept)) => {}
                Some(Ok(Ended::NotKept)) => return Ended::NotKept,
                Some(Err(error)) => {
                    error!(%error, "an inquiry was broken off by a bug; it is made again");
                }
            }
        }
    }
}

impl Inquiry {
    async fn ask(self, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Ended {
        let answer = self.authority.ca.renewal_info(&self.id, &*clock).await;
        let learned = self.learned(answer, clock.now());
        self.say(&learned);
        match store.write(Step::RenewalInfo(learned)).await {
            Ok(()) => Ended::Kept,
            Err(error) => {
                error!(error = %Causes(&error), "when to renew was told but not stored");
                Ended::NotKept
            }
        }
    }

    /// What is known after an answer, or after none.
    fn learned(
        &self,
        answer: Result<Option<RenewalInfo>, AcmeError>,
        now: OffsetDateTime,
    ) -> RenewalFacts {
        match answer {
            Ok(Some(told)) => match told.window {
                Some(window) if self.is_hasty(window, now) => RenewalFacts {
                    next_at: now + told.retry_after.max(FRESH.unsigned_abs()),
                    last_error: Some(
                        "the CA wants the certificate replaced that it has just issued; it is asked again before that is done"
                            .into(),
                    ),
                    ..self.silence(now)
                },
                Some(window) => RenewalFacts {
                    window: Some(window),
                    explanation_url: told.explanation_url,
                    next_at: now + told.retry_after,
                    ..self.silence(now)
                },
                None => {
                    let text = "the CA suggests no time that is one";
                    self.failed(text.into(), told.retry_after, now)
                }
            },
            Ok(None) => RenewalFacts { next_at: now + NOT_TOLD, ..self.silence(now) },
            Err(error) => {
                let after = renewal_info_retry(&error, self.failures());
                self.failed(Causes(&error).to_string(), after, now)
            }
        }
    }

    /// Whether the first window that is told of a certificate makes it due as soon as it is issued: one that is over, or as wide
    /// as some CAs make it for certificates that live for hours. Followed at once, a CA that says so of every certificate would be
    /// asked for others without end.
    fn is_hasty(&self, window: Window, now: OffsetDateTime) -> bool {
        let is_first = self.known.as_ref().is_none_or(|known| known.window.is_none());
        is_first && window.at(self.spread) <= now && now < self.issued_at + FRESH
    }

    /// Failures in a row, with one more.
    fn failures(&self) -> u32 {
        self.known.as_ref().map_or(1, |known| known.failures.saturating_add(1))
    }

    /// The CA was asked and suggests nothing.
    fn silence(&self, now: OffsetDateTime) -> RenewalFacts {
        RenewalFacts {
            fingerprint: self.fingerprint,
            window: None,
            explanation_url: None,
            asked_at: now,
            next_at: now,
            failures: 0,
            last_error: None,
        }
    }

    /// What was said before still counts.
    fn failed(
        &self,
        error: String,
        after: std::time::Duration,
        now: OffsetDateTime,
    ) -> RenewalFacts {
        let known = self.known.clone().unwrap_or_else(|| self.silence(now));
        RenewalFacts {
            asked_at: now,
            next_at: now + after,
            failures: self.failures(),
            last_error: Some(error),
            ..known
        }
    }

    fn say(&self, learned: &RenewalFacts) {
        let names = &self.certificate.names;
        if let Some(error) = &learned.last_error {
            debug!(%names, error, not_before = instant(learned.next_at), "the CA does not say when to renew");
        }
        let before = self.known.as_ref().and_then(|known| known.window);
        if let (Some(old), Some(new)) = (before, learned.window)
            && old != new
        {
            info!(
                %names,
                old = span(old),
                new = span(new),
                explanation = learned.explanation_url,
                "the CA moved the renewal"
            );
        }
    }
}

fn span(window: Window) -> String {
    format!("{} to {}", instant(window.start()), instant(window.end()))
}

#[cfg(test)]
mod tests;
