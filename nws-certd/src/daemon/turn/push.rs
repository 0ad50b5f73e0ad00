//! The outbox, into the branch.

use time::{Duration, OffsetDateTime};
use tracing::warn;

use super::look::Fetched;
use crate::daemon::Daemon;
use crate::plan::Plan;
use crate::publish::{LeftOut, Published};
use crate::report::instant;
use crate::store::{CertificateKey, Facts};

/// How often in a row a commit is rebuilt on a branch that others push to, before everything else gets its turn.
const RACES: usize = 8;
/// And how soon after that again: a busy branch is no fault, so it is never left alone for long.
const AFTER_RACES: Duration = Duration::seconds(10);
/// How soon a push is tried again that the server refused; an operator who has changed that says so with `sync`.
const AFTER_REFUSAL: Duration = Duration::minutes(5);

impl Daemon {
    /// When the outbox is committed, if anything is in it.
    pub(super) fn commit_at(&self, plan: &Plan) -> Option<OffsetDateTime> {
        let deliverable = plan.outbox().filter(|(_, want)| !self.refused.contains_key(want));
        let due = self.parts.batch.due(deliverable.filter_map(|(planned, _)| planned.issued_at))?;
        let now = self.parts.clock.now();
        let pauses = [self.pushing.until(now), self.fetching.until(now)];
        pauses.into_iter().flatten().chain([due]).max()
    }

    /// With nothing to push there is no trouble with it: what was pushed without an answer has been seen in the branch, or
    /// nobody wants it any more.
    pub(super) fn forget_pushes_if_none(&mut self, plan: &Plan) {
        if plan.outbox().next().is_none() {
            self.pushing.over();
            self.troubles.push = None;
            self.held = None;
        }
    }

    /// Pushes the outbox, on whatever the branch has become meanwhile.
    pub(super) async fn publish(&mut self, plan: &mut Plan, facts: &mut Facts) {
        for _ in 0..RACES {
            let Some(view) = self.view.clone() else {
                return;
            };
            match self.parts.publisher.publish(&view, plan).await {
                Published::Done { tip, left_out } => {
                    // Nobody else may hold on to what is seen, or it would be copied.
                    drop(view);
                    self.pushing.over();
                    self.troubles.push = None;
                    self.held = None;
                    self.see(tip).await;
                    self.leave_out(left_out, plan, facts);
                    *plan = self.plan(self.parts.clock.now(), facts);
                    return;
                }
                Published::Moved => {
                    if self.fetch().await == Fetched::No {
                        return self.push_later("the branch moved, and cannot be fetched".into());
                    }
                    *plan = self.plan(self.parts.clock.now(), facts);
                }
                Published::Refused { reason } => return self.hold(reason),
                Published::Failed { error } => return self.push_later(error),
            }
        }
        self.yield_to_others();
    }

    fn leave_out(&mut self, left_out: LeftOut, plan: &Plan, facts: &mut Facts) {
        self.refused.extend(left_out.refused);
        let issued = |key: CertificateKey| Some((plan.find(&key)?.issued_at?, key));
        let unusable = left_out.unusable.into_iter().filter_map(issued);
        self.unusable.extend(unusable.map(|(at, key)| (key, at)));
        self.forget_unusable(facts);
    }

    /// A stored certificate that can never be delivered counts as none, until there is a newer one.
    pub(super) fn forget_unusable(&mut self, facts: &mut Facts) {
        if self.unusable.is_empty() {
            return;
        }
        for known in &mut facts.certificates {
            let Some(at) = self.unusable.get(&known.key) else {
                continue;
            };
            match known.issued.as_ref().map(|issued| issued.at == *at) {
                Some(true) => known.issued = None,
                Some(false) => {
                    self.unusable.remove(&known.key);
                    self.refused.clear();
                }
                // left out already
                None => {}
            }
        }
    }

    /// The server says no: everything in the outbox is held, with its words.
    fn hold(&mut self, reason: String) {
        let until = self.pushing.rest(self.parts.clock.now(), AFTER_REFUSAL);
        self.look_before_push = true;
        self.troubles.push = Some(format!(
            "{reason}; the push is tried again at {}, or with: nws-certd sync",
            instant(until)
        ));
        self.held = Some(reason);
    }

    /// Whether it landed or not, the branch is looked at before the next push.
    fn push_later(&mut self, error: String) {
        self.pushing.failed(self.parts.clock.now());
        self.look_before_push = true;
        self.troubles.push = Some(error);
    }

    fn yield_to_others(&mut self) {
        let until = self.pushing.rest(self.parts.clock.now(), AFTER_RACES);
        self.look_before_push = true;
        let text = format!(
            "the branch moved during {RACES} pushes in a row; the next is at {}",
            instant(until)
        );
        warn!(error = text, "certificates are not pushed yet");
        self.troubles.push = Some(text);
    }
}
