//! The `[retry]` table: how long failures are waited for.

use std::str::FromStr;

use nws_expiry::{Backoff, Doubling, Steps};
use time::Duration;

use super::read::Reader;

/// The `[retry]` table.
#[derive(Clone, Debug)]
pub struct RetrySettings {
    /// How soon what failed is tried again: `validation` for what the CA looked at and refused, `free` and `free_max` for what cost it
    /// nothing.
    pub backoff: Backoff,
    /// For how long a certificate has to fail before nothing more is ordered while its names lead elsewhere: `park_after`.
    pub park_after: Duration,
}

impl RetrySettings {
    pub(super) fn take(from: &mut Reader) -> Option<Self> {
        let validation = validation(from);
        let free = free(from);
        let park_after = from.text_or::<Wait>("retry.park_after", "7d");
        let backoff = Backoff { validation: validation?, free: free? };
        Some(Self { backoff, park_after: park_after?.0 })
    }
}

fn validation(from: &mut Reader) -> Option<Steps> {
    const KEY: &str = "retry.validation";
    match from.optional_texts::<Wait>(KEY)? {
        None => Some(Steps::default()),
        Some(waits) => {
            kept(from, KEY, Steps::new(waits.into_iter().map(|Wait(wait)| wait).collect()))
        }
    }
}

fn free(from: &mut Reader) -> Option<Doubling> {
    let first = from.text_or::<Wait>("retry.free", "5s");
    let most = from.optional_text::<Wait>("retry.free_max");
    let (first, most) = (first?.0, most?);
    let constant = kept(from, "retry.free", Doubling::new(first, first))?;
    match most {
        Some(Wait(most)) => kept(from, "retry.free_max", Doubling::new(first, most)),
        // Never less than the first.
        None => Some(Doubling::new(first, Duration::minutes(5)).unwrap_or(constant)),
    }
}

fn kept<T, E: ToString>(from: &mut Reader, key: &str, read: Result<T, E>) -> Option<T> {
    read.map_err(|error| from.fault(key, error.to_string())).ok()
}

pub(super) struct Wait(pub(super) Duration);

impl FromStr for Wait {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let none =
            || format!("{text:?} is no duration; write for instance \"30s\", \"10m\" or \"7d\"");
        let wait = humantime::parse_duration(text).map_err(|_| none())?;
        match Duration::try_from(wait) {
            Ok(wait) if wait.is_zero() => Err("is zero; write at least \"1s\"".into()),
            Ok(wait) => Ok(Self(wait)),
            Err(_) => Err(none()),
        }
    }
}
