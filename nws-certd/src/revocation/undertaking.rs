//! One request to revoke a certificate, and what becomes of it.

use std::sync::Arc;

use nws_acme::{AcmeError, Recovery};
use nws_expiry::Doubling;
use time::{Duration, OffsetDateTime};
use tracing::{Instrument as _, debug, error, info_span, warn};

use crate::authority::Authority;
use crate::failure::Causes;
use crate::order::{Ended, Ordering};
use crate::report::instant;
use crate::store::{RevocationFacts, Step};

/// How soon a CA is asked again that has refused: nothing but a person changes that.
const REFUSED: Duration = Duration::DAY;

impl Ordering {
    /// Asks the CA once; whatever it says is in the store when this returns. A crash before that leaves a certificate that is
    /// perhaps revoked; it is asked again, and "revoked already" is success.
    pub(crate) async fn revoke(
        self: Arc<Self>,
        authority: Arc<Authority>,
        revocation: RevocationFacts,
    ) -> Ended {
        let leaf = &revocation.wish.leaf;
        let names = leaf.names().map(ToString::to_string);
        let ca = authority.directory();
        let span = info_span!("revocation", serial = %leaf.serial(), names, ca);
        async {
            let asked = self.ask_to_revoke(&authority, &revocation);
            let outcome = tokio::time::timeout(self.deadline, asked).await;
            self.revoked(&authority, &revocation, outcome.unwrap_or(Err(AcmeError::Deadline))).await
        }
        .instrument(span)
        .await
    }

    async fn ask_to_revoke(
        &self,
        authority: &Authority,
        revocation: &RevocationFacts,
    ) -> Result<(), AcmeError> {
        let account = authority.account(&*self.store, &*self.clock).await?;
        let wish = &revocation.wish;
        authority.ca.revoke(&account, &wish.der, wish.reason, &*self.clock).await
    }

    async fn revoked(
        &self,
        authority: &Authority,
        revocation: &RevocationFacts,
        outcome: Result<(), AcmeError>,
    ) -> Ended {
        let (now, fingerprint) = (self.clock.now(), revocation.wish.leaf.fingerprint());
        let step = match outcome {
            Ok(()) => Step::Revoked { fingerprint, at: now },
            Err(error @ AcmeError::Away { .. }) => {
                debug!(error = %Causes(&error), "it is revoked when the CA is back");
                return Ended::Kept;
            }
            Err(error) => {
                let recovery = error.recovery();
                if recovery == Recovery::Account {
                    authority.forget_account(&*self.store).await;
                }
                let until = until(revocation.failures, self.backoff.free, &recovery, now);
                let error = Causes(&error).to_string();
                warn!(error, not_before = instant(until), "not revoked yet");
                Step::RevocationFailed { fingerprint, error, until }
            }
        };
        match self.store.write(step).await {
            Ok(()) => Ended::Kept,
            Err(error) => {
                error!(error = %Causes(&error), "what became of the revocation was not stored");
                Ended::NotKept
            }
        }
    }
}

/// When the CA is asked again.
fn until(
    failures: u32,
    pace: Doubling,
    recovery: &Recovery,
    now: OffsetDateTime,
) -> OffsetDateTime {
    let free = || now + pace.after(failures.saturating_add(1));
    match recovery {
        // The CA's breaker says when.
        Recovery::CaAway { .. } => now,
        Recovery::Wait { retry_after, .. }
        | Recovery::Resume { retry_after: Some(retry_after) } => retry_after.until(now).max(free()),
        Recovery::Resume { retry_after: None } | Recovery::Account => free(),
        Recovery::Hold { .. }
        | Recovery::Operator
        | Recovery::Name
        | Recovery::Fresh
        | Recovery::Permanent => now + REFUSED,
    }
}

#[cfg(test)]
mod tests {
    use nws_acme::{LimitScope, RetryAfter};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn when_the_ca_is_asked_again() {
        const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
        let says = RetryAfter::Delay(std::time::Duration::from_secs(7200));
        let wait = Recovery::Wait { retry_after: says, scope: LimitScope::Account };
        let cases = [
            ("its breaker says when", 0, Recovery::CaAway { retry_after: None }, Duration::ZERO),
            ("it says when", 0, wait, Duration::hours(2)),
            ("it does not", 0, Recovery::Resume { retry_after: None }, Duration::seconds(5)),
            ("ever more rarely", 9, Recovery::Resume { retry_after: None }, Duration::minutes(5)),
            ("the account is made again", 0, Recovery::Account, Duration::seconds(5)),
            ("it is not ours", 0, Recovery::Operator, Duration::DAY),
            ("it is none", 0, Recovery::Permanent, Duration::DAY),
        ];
        for (case, failures, recovery, want) in cases {
            assert_eq!(
                until(failures, Doubling::default(), &recovery, NOON) - NOON,
                want,
                "{case}"
            );
        }
    }
}
