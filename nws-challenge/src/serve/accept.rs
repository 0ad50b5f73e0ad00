use std::io;
use std::time::Duration;

use tracing::{debug, warn};

/// Long enough for other connections to end and free descriptors, short enough that a validator's 10 s of patience hold.
const PAUSE: Duration = Duration::from_millis(250);

/// The next connection, however many attempts it takes.
pub(super) async fn next<T, F>(mut accept: impl FnMut() -> F) -> T
where
    F: Future<Output = io::Result<T>>,
{
    loop {
        let error = match accept().await {
            Ok(accepted) => return accepted,
            Err(error) => error,
        };
        if is_of_the_peer(&error) {
            debug!(%error, "connection lost before it was accepted");
        } else {
            warn!(%error, retry_ms = PAUSE.as_millis(), "cannot accept connections");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether the fault is one connection's own; waiting for it would let a stranger slow all others down.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Other};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn accepting_goes_on_after_any_error() {
        let cases = [
            ("at once", vec![], Duration::ZERO),
            (
                "peers that left cost nothing",
                vec![ConnectionAborted, ConnectionReset],
                Duration::ZERO,
            ),
            ("out of descriptors", vec![Other, Other, Other], PAUSE * 3),
            ("a mixture", vec![Other, ConnectionAborted, Other], PAUSE * 2),
        ];
        for (case, errors, waited) in cases {
            let start = Instant::now();
            let mut script = errors.into_iter();
            let accepted =
                next(|| ready(script.next().map_or(Ok("accepted"), |kind| Err(kind.into()))));
            assert_eq!(accepted.await, "accepted", "{case}");
            assert_eq!(start.elapsed().as_millis(), waited.as_millis(), "{case}");
        }
    }
}
