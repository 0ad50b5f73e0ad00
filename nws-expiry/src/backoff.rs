//! How long to leave a thing alone after it failed.

use time::Duration;

/// What a failure cost, and so how soon the same may be tried again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureClass {
    /// The CA looked at the name and refused it.
    Validation,
    /// It cost the CA nothing, as a fetch, a push or a pre-flight.
    Free,
}

/// How long each class of failure is waited for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Backoff {
    /// After what cost the CA a validation.
    pub validation: Steps,
    /// After what cost it nothing.
    pub free: Doubling,
}

/// Waits one after the other, none shorter than the one before; the last is repeated for ever.
///
/// 1, 10, 100 minutes, then daily, where nothing else is said (Let's Encrypt's integration guide). At one try a day its pause limit
/// of 1152 failures in a row is never reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Steps {
    before: Box<[Duration]>,
    last: Duration,
}

/// Waits that double: 5 s to 5 min, where nothing else is said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Doubling {
    first: Duration,
    most: Duration,
}

impl Backoff {
    /// How long to wait after the `failures`-th failure in a row, the first being 1.
    ///
    /// Where a certificate is still served, `remaining` is the time it has left: an eighth of that is never exceeded, so that several
    /// tries are left before the end, whatever its lifetime. Never under one second.
    pub fn retry_after(
        &self,
        class: FailureClass,
        failures: u32,
        remaining: Option<Duration>,
    ) -> Duration {
        let wait = match class {
            FailureClass::Validation => self.validation.after(failures),
            FailureClass::Free => self.free.after(failures),
        };
        in_time(wait, remaining)
    }
}

/// A wait, but no more than an eighth of what is left of the certificate that is served, if one is.
pub(crate) fn in_time(wait: Duration, remaining: Option<Duration>) -> Duration {
    let most = remaining.filter(|left| left.is_positive()).map_or(wait, |left| left / 8);
    wait.min(most).max(SHORTEST)
}

/// Whatever is tried again is left alone for as long.
const SHORTEST: Duration = Duration::SECOND;
/// No wait is longer: what is not tried for weeks looks like forgotten.
const LONGEST: Duration = Duration::WEEK;

impl Steps {
    /// The waits after the first failure, the second and so on.
    ///
    /// # Errors
    ///
    /// [`InvalidWait`] if there is none, or one is shorter than the one before, under a second, or above a week.
    pub fn new(waits: Vec<Duration>) -> Result<Self, InvalidWait> {
        waits.iter().copied().try_for_each(bounded)?;
        if let Some(pair) = waits.windows(2).find(|pair| pair[1] < pair[0]) {
            return Err(InvalidWait::Shrinks { from: pair[0], to: pair[1] });
        }
        let (last, before) = waits.split_last().ok_or(InvalidWait::None)?;
        Ok(Self { before: before.into(), last: *last })
    }

    fn after(&self, failures: u32) -> Duration {
        let at = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
        self.before.get(at).copied().unwrap_or(self.last)
    }
}

impl Default for Steps {
    fn default() -> Self {
        Self { before: [1, 10, 100].map(Duration::minutes).into(), last: Duration::DAY }
    }
}

impl Doubling {
    /// From `first` to `most`.
    ///
    /// # Errors
    ///
    /// [`InvalidWait`] if one of them is under a second or above a week, or `most` is shorter than `first`.
    pub fn new(first: Duration, most: Duration) -> Result<Self, InvalidWait> {
        [first, most].into_iter().try_for_each(bounded)?;
        if most < first {
            return Err(InvalidWait::Shrinks { from: first, to: most });
        }
        Ok(Self { first, most })
    }

    /// The wait after the `failures`-th failure in a row, the first being 1.
    pub fn after(self, failures: u32) -> Duration {
        let doubled = failures.saturating_sub(1).min(30);
        self.first.saturating_mul(1 << doubled).min(self.most)
    }
}

impl Default for Doubling {
    fn default() -> Self {
        Self { first: Duration::seconds(5), most: Duration::minutes(5) }
    }
}

fn bounded(wait: Duration) -> Result<(), InvalidWait> {
    if (SHORTEST..=LONGEST).contains(&wait) { Ok(()) } else { Err(InvalidWait::OutOfBounds(wait)) }
}

/// Why waits are none to be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidWait {
    /// There has to be one.
    #[error("is empty; write at least one wait, for instance [\"1m\", \"10m\", \"100m\", \"1d\"]")]
    None,
    /// Too short to be one, or so long that it looks like forgotten.
    #[error("a wait of {0} is not kept; write one from \"1s\" to \"7d\"")]
    OutOfBounds(Duration),
    /// Waits that shrink would ask more often for what fails more often.
    #[error("a wait of {to} after one of {from} is shorter; write waits that grow")]
    Shrinks {
        /// The wait before.
        from: Duration,
        /// The one that follows.
        to: Duration,
    },
}

#[cfg(test)]
mod tests;
