//! The shell: sockets in, responses out. Every decision is in `respond`.
//!
//! Each listener has threads of its own, so that nobody who works hard elsewhere in the process keeps a validator waiting.

mod accept;
mod bind;
mod connection;
#[cfg(any(test, feature = "testing"))]
pub(crate) mod fuzzing;
mod opening;
mod places;
mod worker;

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::net::TcpListener;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};

pub use self::bind::bind;
pub use self::opening::Opening;
use self::worker::Worker;
use crate::answers::Answers;
use crate::limits::Limits;

/// Answers HTTP/1.0 and HTTP/1.1 on `listener` until `stop` is cancelled.
///
/// It runs `limits.threads` threads, which share the socket. That is one queue for all: a connection goes to whoever is free, none is lost
/// when one thread ends, and a second process on the same port is still refused, which `SO_REUSEPORT` would give up.
///
/// At `stop` the listener closes, idle connections end at once, and requests that are running have `limits.drain` to finish. Dropping
/// the future instead ends everything at once. Faults of single connections and of `accept` never end the server.
///
/// # Errors
///
/// Only for a listener that cannot be used at all, or if no thread can be had.
///
/// # Example
///
/// ```
/// # use std::num::NonZeroUsize;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use nws_challenge::{Answers, Limits, Opening, bind, serve};
/// use tokio_util::sync::CancellationToken;
///
/// let listener = bind("127.0.0.1:0".parse()?)?;
/// let answers = Answers::new(NonZeroUsize::MIN);
/// let stop = CancellationToken::new();
/// let limits = Limits::default();
/// let server = tokio::spawn(serve(listener, Opening::Http, answers.clone(), limits, stop.clone()));
/// // orders put and withdraw key authorizations here
/// stop.cancel();
/// server.await??;
/// # Ok(())
/// # }
/// ```
pub async fn serve(
    listener: TcpListener,
    opening: Opening,
    answers: Answers,
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr().map_err(|source| ServeError::Listener { source })?;
    let listener = listener.into_std().map_err(|source| ServeError::Listener { source })?;
    // Cancelled when this future is dropped, which ends the threads.
    let abandoned = CancellationToken::new();
    let _abandon = abandoned.clone().drop_guard();
    let (threads, answered) = (limits.threads(), answers.len());
    let site = worker::Site { opening, answers, limits: Arc::new(limits), stop };
    let mut running = start(&listener, &site, threads, &abandoned)?;
    // From now on only the workers hold the socket.
    drop(listener);
    info!(%address, threads, answers = answered, "challenge listener open");
    site.stop.cancelled().await;
    debug!(%address, "challenge listener draining");
    // Nobody ever sends: the channel closes when the last thread has ended.
    let _: Option<()> = running.recv().await;
    info!(%address, "challenge listener closed");
    Ok(())
}

/// Starts the threads; what is returned closes when all have ended.
fn start(
    listener: &std::net::TcpListener,
    site: &worker::Site,
    threads: usize,
    abandoned: &CancellationToken,
) -> Result<mpsc::Receiver<()>, ServeError> {
    let (runs, running) = mpsc::channel(1);
    let drain = CancellationToken::new();
    let closed = Arc::new(drain.clone().drop_guard());
    for number in 0..threads {
        let listener = listener.try_clone().map_err(|source| ServeError::Listener { source })?;
        let worker = Worker { site: site.clone(), listener, threads, closed: closed.clone() };
        spawn(worker, number, (drain.child_token(), abandoned.clone()), runs.clone())?;
    }
    Ok(running)
}

/// Runs a worker on a thread, which holds `runs` until it has ended.
fn spawn(
    worker: Worker,
    number: usize,
    (drain, abandoned): (CancellationToken, CancellationToken),
    runs: mpsc::Sender<()>,
) -> Result<(), ServeError> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|source| ServeError::Thread { source })?;
    let name = format!("http-01 {number}");
    let body = move || {
        runtime.block_on(async move {
            tokio::select! {
                ended = worker.run(drain) => {
                    if let Err(error) = ended {
                        warn!(%error, thread = number, "challenge thread cannot use its listener");
                    }
                }
                () = abandoned.cancelled() => {}
            }
        });
        // With what is left of its connections, before it is told that the thread has ended.
        drop(runtime);
        drop(runs);
    };
    let thread = thread::Builder::new().name(name).spawn(body);
    thread.map(drop).map_err(|source| ServeError::Thread { source })
}

/// Held by each worker until it has closed its listener. Connections drain only then, so that no validator waits in the queue of a
/// socket that nobody accepts from any more.
type UntilClosed = Arc<DropGuard>;

/// Why [`serve`] could not begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The operating system does not know the socket as a bound listener.
    #[error("challenge listener is not a bound socket")]
    Listener {
        /// What it said.
        source: io::Error,
    },
    /// The operating system gave no thread, or nothing to wait with.
    #[error("challenge listener got no thread; raise the limit of threads and open files")]
    Thread {
        /// What it said.
        source: io::Error,
    },
}
