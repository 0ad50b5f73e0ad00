//! The git host says that the branch was pushed to.
//!
//! `POST /webhook` takes the push events of GitHub, GitLab, Gitea, Forgejo and Gogs. A push of our branch is a hint to look at it now
//! instead of at the next poll; everything else is answered and changes nothing. Of several repositories all are looked at: a look is
//! cheap, and by which of its names a git host speaks of a repository is not for us to know. Nothing is read from a body before its signature is
//! found right. A delivery that is sent twice costs a second look at most, so neither its age nor its number is remembered.
//!
//! It is plain HTTP: what ends TLS stands in front of it, and has to where GitLab sends its secret in clear.

mod answer;
mod connection;
mod event;
mod intake;
mod outcome;
mod payload;
mod refusals;
mod secret;
mod signature;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use axum::serve::Listener as _;
use nws_gitops::BranchName;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use answer::Desk;
pub(crate) use secret::WebhookSecret;
pub use secret::{UnfitSecret, WebhookSecretError};

/// Connections that are served at once; more wait in the kernel's queue. A git host opens one for each delivery.
const CONNECTIONS: usize = 64;

/// What the listener needs to know, and whom it tells.
#[derive(Debug)]
pub(crate) struct Webhook {
    /// What the git host signs with.
    pub(crate) secret: WebhookSecret,
    /// The branches whose pushes count, one for each repository.
    pub(crate) branches: Vec<BranchName>,
    /// Told of each push; those that come before it is looked at are one.
    pub(crate) hint: Arc<Notify>,
}

/// Takes deliveries until told to stop; then requests that are running have a few seconds to finish.
///
/// # Errors
///
/// Only for a listener that cannot be used at all.
pub(crate) async fn serve(
    mut listener: TcpListener,
    webhook: Webhook,
    stop: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    info!(%address, branch = said(&webhook.branches), "webhook listener open");
    let mut connections = JoinSet::new();
    admit(&mut listener, Arc::new(Desk::new(webhook)), &stop, &mut connections).await;
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        note(ended);
    }
    info!(%address, "webhook listener closed");
    Ok(())
}

async fn admit(
    listener: &mut TcpListener,
    desk: Arc<Desk>,
    stop: &CancellationToken,
    connections: &mut JoinSet<()>,
) {
    loop {
        let room = connections.len() < CONNECTIONS;
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            Some(ended) = connections.join_next() => note(ended),
            // axum's `accept`, as it goes on after any error.
            (stream, peer) = listener.accept(), if room => {
                let (desk, stop) = (Arc::clone(&desk), stop.clone());
                connections.spawn(async move {
                    if let Err(error) = connection::converse(stream, peer, &desk, &stop).await {
                        debug!(%peer, %error, "webhook connection ended early");
                    }
                });
            }
        }
    }
}

/// Each once, as they are spoken of.
fn said(branches: &[BranchName]) -> String {
    let each: BTreeSet<_> = branches.iter().map(BranchName::as_str).collect();
    each.into_iter().collect::<Vec<_>>().join(" or ")
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        warn!(%error, "webhook connection panicked");
    }
}

#[cfg(test)]
mod tests;
