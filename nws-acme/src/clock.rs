use time::OffsetDateTime;

/// Says what time it is.
///
/// The daemon's reads the machine's clock; a test's follows the runtime's, which can be paused. Waits are the runtime's own
/// (`tokio::time::sleep`), so in a test both have to advance together.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> OffsetDateTime;
}
