//! One thread of a listener: it accepts connections and gives each a place.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::places::{Heard, Places};
use super::{Opening, UntilClosed, accept, connection};
use crate::answers::Answers;
use crate::limits::Limits;

/// What all threads of a listener share.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) opening: Opening,
    pub(super) answers: Answers,
    pub(super) limits: Arc<Limits>,
    pub(super) stop: CancellationToken,
}

pub(super) struct Worker {
    pub(super) site: Site,
    pub(super) listener: std::net::TcpListener,
    /// How many share the listener's places.
    pub(super) threads: usize,
    pub(super) closed: UntilClosed,
}

impl Worker {
    /// Serves until the site stops and all connections have ended; they begin to end at `drain`.
    pub(super) async fn run(self, drain: CancellationToken) -> io::Result<()> {
        let Self { site, listener, threads, closed } = self;
        let listener = TcpListener::from_std(listener)?;
        let share = site.limits.connections.get().div_ceil(threads);
        let mut places = Places::new(NonZeroUsize::new(share).unwrap_or(NonZeroUsize::MIN));
        let mut connections = JoinSet::new();
        admit(&site, &listener, &drain, &mut places, &mut connections).await;
        drop(listener);
        drop(closed);
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
        Ok(())
    }
}

async fn admit(
    site: &Site,
    listener: &TcpListener,
    drain: &CancellationToken,
    places: &mut Places,
    connections: &mut JoinSet<()>,
) {
    loop {
        tokio::select! {
            biased;
            () = site.stop.cancelled() => return,
            Some(ended) = connections.join_next_with_id() => {
                places.left(ended.as_ref().map_or_else(JoinError::id, |(id, ())| *id));
                note(ended);
            }
            (stream, peer) = accept::next(|| listener.accept()) => {
                places.make_room();
                let heard = Arc::new(Heard::now());
                let talk = talk(stream, peer, site, drain.clone(), heard.clone());
                places.take(connections.spawn(talk), heard);
            }
        }
    }
}

fn talk(
    stream: TcpStream,
    peer: std::net::SocketAddr,
    site: &Site,
    drain: CancellationToken,
    heard: Arc<Heard>,
) -> impl Future<Output = ()> + Send + 'static {
    let Site { opening, answers, limits, .. } = site.clone();
    async move {
        let ended = connection::converse(stream, opening, answers, &limits, &drain, &heard).await;
        if let Err(error) = ended {
            debug!(%peer, %error, "challenge connection ended early");
        }
    }
}

fn note<T>(ended: Result<T, JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        warn!(%error, "challenge connection panicked");
    }
}
