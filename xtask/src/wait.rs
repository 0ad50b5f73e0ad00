//! Waiting for a condition, with a deadline and a reason.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

/// How often a condition is looked at again.
const PAUSE: Duration = Duration::from_millis(150);

/// What a look at a condition found.
pub(crate) enum Look<T> {
    Done(T),
    NotYet(String),
}

impl<T> From<Result<T>> for Look<T> {
    fn from(found: Result<T>) -> Self {
        match found {
            Ok(value) => Self::Done(value),
            Err(error) => Self::NotYet(format!("{error:#}")),
        }
    }
}

/// Looks until the condition holds.
///
/// # Errors
///
/// What `look` itself fails with, at once; or, after `limit`, `what` and the reason of the last look.
pub(crate) async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<Look<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        match look().await? {
            Look::Done(value) => return Ok(value),
            Look::NotYet(reason) if Instant::now() > deadline => {
                bail!("waited {} s until {what}, in vain: {reason}", limit.as_secs())
            }
            Look::NotYet(_) => sleep(PAUSE).await,
        }
    }
}
