//! The shell: sockets in, responses out. Every decision is in `respond`.

mod accept;
mod connection;

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::answers::Answers;
use crate::limits::Limits;

/// Answers HTTP/1.0 and HTTP/1.1 on `listener` until `stop` is cancelled.
///
/// Then the listener closes, idle connections end at once, and requests that are running have `limits.drain` to finish. Dropping the
/// future instead ends everything at once. Faults of single connections and of `accept` never end the server.
///
/// # Errors
///
/// Only for a listener that cannot be used at all.
///
/// # Example
///
/// ```
/// # use std::num::NonZeroUsize;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use nws_challenge::{Answers, Limits, serve};
/// use tokio::net::TcpListener;
/// use tokio_util::sync::CancellationToken;
///
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let answers = Answers::new(NonZeroUsize::MIN);
/// let stop = CancellationToken::new();
/// let server = tokio::spawn(serve(listener, answers.clone(), Limits::default(), stop.clone()));
/// // orders put and withdraw key authorizations here
/// stop.cancel();
/// server.await??;
/// # Ok(())
/// # }
/// ```
pub async fn serve(
    listener: TcpListener,
    answers: Answers,
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(|source| ServeError::Listener { source })?;
    info!(%address, answers = answers.len(), "challenge listener open");
    let mut connections = JoinSet::new();
    admit(&listener, answers, Arc::new(limits), &stop, &mut connections).await;
    // Closed before the drain, so that new validators reach another replica instead of waiting here.
    drop(listener);
    debug!(connections = connections.len(), "challenge listener draining");
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
    info!(%address, "challenge listener closed");
    Ok(())
}

/// Why [`serve`] could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The operating system does not know the socket as a bound listener.
    #[error("challenge listener is not a bound socket")]
    Listener {
        /// What it said.
        source: io::Error,
    },
}

async fn admit(
    listener: &TcpListener,
    answers: Answers,
    limits: Arc<Limits>,
    stop: &CancellationToken,
    connections: &mut JoinSet<()>,
) {
    loop {
        let room = connections.len() < limits.connections.get();
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Some(ended) = connections.join_next() => note(ended),
            (stream, peer) = accept::next(|| listener.accept()), if room => {
                let (answers, limits, stop) = (answers.clone(), Arc::clone(&limits), stop.clone());
                connections.spawn(async move {
                    if let Err(error) = connection::converse(stream, answers, &limits, &stop).await {
                        debug!(%peer, %error, "challenge connection ended early");
                    }
                });
            }
        }
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        warn!(%error, "challenge connection panicked");
    }
}
