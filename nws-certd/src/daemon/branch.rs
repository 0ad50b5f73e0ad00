//! What is known of each repository's branch between two turns.

use nws_gitops::Tip;
use time::OffsetDateTime;

use crate::pause::Pause;

/// One repository's branch. What goes wrong with it holds up nothing that is for another.
#[derive(Clone, Debug, Default)]
pub(super) struct Branch {
    /// Where this daemon has seen it.
    pub(super) tip: Option<Tip>,
    /// Where an earlier one did.
    pub(super) left_at: Option<Tip>,
    pub(super) next_poll: Option<OffsetDateTime>,
    /// A push failed, so that nobody knows where the branch is.
    pub(super) look_before_push: bool,
    /// Somebody is at it who has not come back yet.
    pub(super) is_being_fetched: bool,
    /// When it was last looked at, or tried to.
    pub(super) looked_at: Option<OffsetDateTime>,
    pub(super) fetching: Pause,
    pub(super) pushing: Pause,
    /// Before this nothing is sealed again.
    pub(super) sealed_until: Option<OffsetDateTime>,
    /// Why it cannot be fetched or read.
    pub(super) unseen: Option<String>,
    /// Why it cannot be committed or pushed to.
    pub(super) unpushed: Option<String>,
    /// Why what is pushed is refused.
    pub(super) held: Option<String>,
}

impl Branch {
    pub(super) fn new(left_at: Option<Tip>, pause: Pause) -> Self {
        Self { left_at, fetching: pause, pushing: pause, ..Self::default() }
    }

    /// It cannot be read where it is, so it stays where it was read last, if it ever was, until it is fetched again.
    pub(super) fn is_unread(&mut self, was: Option<Tip>) {
        self.tip = was;
        self.left_at = None;
    }

    /// Whether it is time to look at it.
    pub(super) fn is_due(&self, now: OffsetDateTime) -> bool {
        let before_push = self.look_before_push && self.pushing.until(now).is_none();
        let polled = self.next_poll.is_none_or(|at| at <= now);
        !self.is_being_fetched && (before_push || polled)
    }

    /// It is to be looked at as soon as that is not too often.
    pub(super) fn hinted(&mut self, now: OffsetDateTime, apart: time::Duration) {
        let at = self.looked_at.map_or(now, |looked| now.max(looked + apart));
        self.next_poll = Some(self.next_poll.map_or(at, |poll| poll.min(at)));
    }

    /// It was fetched, or what was pushed is there, and it can be read.
    pub(super) fn is_seen(&mut self) {
        self.fetching.over();
        self.unseen = None;
    }

    /// Nothing is in the way of a push, or nothing is there to be pushed.
    pub(super) fn is_pushed(&mut self) {
        self.pushing.over();
        self.unpushed = None;
        self.held = None;
    }

    /// Before this nothing is pushed.
    pub(super) fn pauses_until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        self.pushing.until(now).max(self.fetching.until(now))
    }
}
