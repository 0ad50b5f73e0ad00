//! Account keys that are being changed, and accounts that were ended.

use time::{Duration, OffsetDateTime};
use tracing::error;

use crate::accounts::Accounts;
use crate::daemon::Daemon;
use crate::failure::Causes;
use crate::report::instant;
use crate::store::{Facts, Obstacle, ObstacleKind, Stand};

impl Daemon {
    /// Goes on with a change that a command has begun, or one that was interrupted: at each CA that is back, or asked again.
    pub(super) fn change_account_keys(&mut self, now: OffsetDateTime) {
        let accounts = Accounts::of(&self.parts.ordering);
        if let Err(error) = accounts.finish_changes() {
            error!(error = %Causes(&error), "the new account key was not put in place; it is tried again");
        }
        if !self.changing.is_empty() {
            return;
        }
        let due =
            accounts.authorities.iter().filter(|authority| authority.change_is_due(now)).cloned();
        for authority in due {
            let (store, clock) = (self.parts.store.clone(), self.parts.clock.clone());
            self.changing.spawn(async move {
                // The authority keeps what went wrong, and tells of it.
                let _ = authority.change_key(&*store, &*clock).await;
            });
        }
    }

    /// Where we have ended our account a person has to say what is to become of the CA.
    pub(super) fn hold_ended(&self, now: OffsetDateTime, facts: &mut Facts) {
        for authority in &self.parts.ordering.authorities {
            let Some(at) = authority.ended_at() else { continue };
            facts.obstacles.push(Obstacle {
                ca: authority.directory().into(),
                kind: ObstacleKind::Ca,
                subject: String::new(),
                stand: Stand::Held,
                until: now + Duration::DAY,
                detail: format!(
                    "our account there was deactivated at {}; take the CA out of the configuration, or give it another key with account = \"NAME\", and restart the daemon",
                    instant(at)
                ),
            });
        }
    }
}
