use time::OffsetDateTime;
use tokio::time::Instant;

use crate::Clock;

/// A clock that runs with the runtime's: where that is paused, waiting is what moves both.
#[derive(Clone, Copy, Debug)]
pub struct RuntimeClock {
    date: OffsetDateTime,
    start: Instant,
}

impl RuntimeClock {
    /// Makes it `date` now.
    pub fn starting_at(date: OffsetDateTime) -> Self {
        Self { date, start: Instant::now() }
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> OffsetDateTime {
        self.date + self.start.elapsed()
    }
}
