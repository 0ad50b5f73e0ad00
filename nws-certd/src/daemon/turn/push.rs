//! The outbox, into the branches.

use nws_gitops::WantKey;
use time::{Duration, OffsetDateTime};
use tracing::warn;

use super::fetch::Fetched;
use crate::daemon::Daemon;
use crate::daemon::branch::Branch;
use crate::plan::{Plan, Planned};
use crate::publish::{LeftOut, Published, Resealing};
use crate::report::instant;
use crate::store::{CertificateKey, Facts};

/// How often in a row a commit is rebuilt on a branch that others push to, before everything else gets its turn.
const RACES: usize = 8;
/// And how soon after that again: a busy branch is no fault, so it is never left alone for long.
const AFTER_RACES: Duration = Duration::seconds(10);
/// How soon a push is tried again that the server refused; an operator who has changed that says so with `sync`.
const AFTER_REFUSAL: Duration = Duration::minutes(5);

impl Daemon {
    /// When the outbox of the first repository is committed that has anything in it.
    pub(super) fn commit_at(&self, plan: &Plan) -> Option<OffsetDateTime> {
        (0..self.branches.len()).filter_map(|at| self.commit_to_at(at, plan)).min()
    }

    /// When what is for one repository is committed, if anything is; not while its host is waited for, which ends in a turn.
    pub(super) fn commit_to_at(&self, at: usize, plan: &Plan) -> Option<OffsetDateTime> {
        let (branch, to) = (self.branches.get(at)?, self.parts.repositories.get(at)?);
        if branch.is_being_fetched {
            return None;
        }
        let issued = self.outbox_of(at, plan).filter(|(_, want)| !self.refused.contains_key(want));
        let due = to.habits.batch.due(issued.filter_map(|(planned, _)| planned.issued_at));
        let due = due.into_iter().chain(self.seal_again_at(at)).min()?;
        branch.pauses_until(self.parts.clock.now()).max(Some(due))
    }

    fn outbox_of<'a>(
        &'a self,
        at: usize,
        plan: &'a Plan,
    ) -> impl Iterator<Item = (&'a Planned, &'a WantKey)> {
        plan.outbox().filter(move |(_, want)| self.goes_to(want) == Some(at))
    }

    /// Which repository a Secret is in, or goes to.
    pub(super) fn goes_to(&self, want: &WantKey) -> Option<usize> {
        let view = self.view.as_ref()?;
        self.parts.repositories.position(view.inventory.repository_of(want))
    }

    /// With nothing to push there is no trouble with it: what was pushed without an answer has been seen in the branch, or
    /// nobody wants it any more.
    pub(super) fn forget_pushes_if_none(&mut self, plan: &Plan) {
        for at in 0..self.branches.len() {
            let is_empty =
                self.outbox_of(at, plan).next().is_none() && self.seal_again(at).is_empty();
            self.branches.get_mut(at).filter(|_| is_empty).into_iter().for_each(Branch::is_pushed);
        }
    }

    /// Pushes what is due for each repository; one that does not take it holds up no other.
    pub(super) async fn publish(
        &mut self,
        now: OffsetDateTime,
        plan: &mut Plan,
        facts: &mut Facts,
    ) {
        for at in 0..self.branches.len() {
            if self.commit_to_at(at, plan).is_some_and(|due| due <= now) {
                self.publish_to(at, plan, facts).await;
            }
        }
    }

    /// Pushes the outbox of one, on whatever the branch has become meanwhile.
    async fn publish_to(&mut self, at: usize, plan: &mut Plan, facts: &mut Facts) {
        for _ in 0..RACES {
            let to = self.parts.repositories.get(at).cloned();
            let (Some(view), Some(to)) = (self.view.clone(), to) else {
                return;
            };
            let now = self.parts.clock.now();
            let (seals, again) = (self.seals(now), self.seal_again(at));
            let sealing = Resealing { seals: &seals, again: &again };
            match self.parts.publisher.publish(&to, &view, plan, &sealing).await {
                Published::Done { landed, left_out } => {
                    // Nobody else may hold on to what is seen, or it would be copied.
                    drop(view);
                    self.branches.get_mut(at).into_iter().for_each(Branch::is_pushed);
                    self.rest_from_sealing(at, !again.is_empty());
                    facts.read_back.wrote(&landed.files, &landed.deliveries);
                    self.landed(at, landed.tip).await;
                    self.leave_out(left_out, plan, facts);
                    *plan = self.plan(self.parts.clock.now(), facts);
                    self.weigh_seals(plan);
                    return;
                }
                Published::Moved => {
                    if self.fetch(&[at]).await == Fetched::No {
                        let text = "the branch moved, and cannot be fetched";
                        return self.push_later(at, text.into());
                    }
                    self.seek_seals(self.parts.clock.now()).await;
                    *plan = self.plan(self.parts.clock.now(), facts);
                    self.weigh_seals(plan);
                }
                Published::Refused { reason } => return self.hold(at, reason),
                Published::Failed { error } => return self.push_later(at, error),
            }
        }
        self.yield_to_others(at);
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

    /// The server says no: everything that is for it is held, with its words.
    fn hold(&mut self, at: usize, reason: String) {
        let now = self.parts.clock.now();
        let Some(branch) = self.branches.get_mut(at) else { return };
        let until = branch.pushing.rest(now, AFTER_REFUSAL);
        branch.look_before_push = true;
        branch.unpushed = Some(format!(
            "{reason}; the push is tried again at {}, or with: nws-certd sync",
            instant(until)
        ));
        branch.held = Some(reason);
    }

    /// Whether it landed or not, the branch is looked at before the next push.
    fn push_later(&mut self, at: usize, error: String) {
        let now = self.parts.clock.now();
        if let Some(branch) = self.branches.get_mut(at) {
            branch.pushing.failed(now);
            branch.look_before_push = true;
            branch.unpushed = Some(error);
        }
    }

    fn yield_to_others(&mut self, at: usize) {
        let now = self.parts.clock.now();
        let (Some(branch), Some(one)) =
            (self.branches.get_mut(at), self.parts.repositories.get(at))
        else {
            return;
        };
        let until = branch.pushing.rest(now, AFTER_RACES);
        branch.look_before_push = true;
        let text = format!(
            "the branch moved during {RACES} pushes in a row; the next is at {}",
            instant(until)
        );
        warn!(repository = one.known_as(), error = text, "certificates are not pushed yet");
        branch.unpushed = Some(text);
    }
}
