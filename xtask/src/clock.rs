//! The one place that reads the time of day; time spans are measured with tokio's `Instant`.

use time::OffsetDateTime;

#[expect(clippy::disallowed_methods, reason = "these tools watch real certificates expire")]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}
