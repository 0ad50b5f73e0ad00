//! Instants, as people are told them.

use time::{OffsetDateTime, UtcOffset};

/// In UTC, to the second.
pub(crate) fn to_the_second(instant: OffsetDateTime) -> String {
    let at = instant.to_offset(UtcOffset::UTC);
    format!("{} {:02}:{:02}:{:02}Z", at.date(), at.hour(), at.minute(), at.second())
}
