//! How often it is planned.

use time::{Duration, OffsetDateTime};

use crate::simulate::settings::Settings;

/// When it was planned last, and when it is again.
///
/// What becomes due is planned within a [`STEP`](Self::STEP): windows are hours wide and what is left of a lifetime is days. All that waits
/// is planned together less often the more it is, up to a quarter of the time in which the bucket of new orders fills: whatever
/// comes into that meanwhile stays in it, so that no order is lost by it, and what is due waits that little longer.
#[derive(Debug)]
pub(super) struct Pace {
    step: Duration,
    longest: Duration,
    /// Not before.
    next: OffsetDateTime,
    /// Everything again, not before.
    whole: OffsetDateTime,
    /// When the first of those that wait has its turn.
    turn: Option<OffsetDateTime>,
}

impl Pace {
    /// As the daemon, which never sleeps for longer.
    const STEP: Duration = Duration::MINUTE;
    /// Where new orders are not limited, what waits does for orders to end.
    const UNLIMITED: Duration = Duration::minutes(15);
    /// As many are planned again every minute.
    const AT_ONCE: i32 = 500;

    pub(super) fn new(settings: &Settings, begins: OffsetDateTime) -> Self {
        let fills = settings.limits.new_orders.map(|limit| limit.period() / 4);
        let longest = fills.unwrap_or(Self::UNLIMITED).max(Duration::SECOND);
        let step = Self::STEP.min(longest);
        Self { step, longest, next: begins, whole: begins, turn: None }
    }

    /// When it is to be planned, if something becomes due at `first`.
    pub(super) fn next(&self, first: Option<OffsetDateTime>) -> Option<OffsetDateTime> {
        let first = first.map(|first| first.max(self.next));
        let turn = self.turn.map(|turn| turn.max(self.whole).max(self.next));
        first.into_iter().chain(turn).min()
    }

    /// Whether all that is due is planned.
    pub(super) fn is_whole(&self, now: OffsetDateTime) -> bool {
        self.whole <= now
    }

    /// It was planned; so much is due that is not begun, and the first that waits has its turn then.
    pub(super) fn planned(
        &mut self,
        now: OffsetDateTime,
        is_whole: bool,
        weight: usize,
        first: Option<OffsetDateTime>,
        has_waiting: bool,
    ) {
        self.next = now + self.step;
        if is_whole {
            let steps = i32::try_from(weight).unwrap_or(i32::MAX) / Self::AT_ONCE;
            self.whole = now + self.step.saturating_mul(steps.saturating_add(1)).min(self.longest);
            self.turn = None;
        }
        if has_waiting {
            self.turn = Some(first.or(self.turn).unwrap_or(self.whole));
        }
    }
}
