//! `nws-certd run`: the listeners, the socket and the daemon, until a signal.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use nws_challenge::{Answers, Limits, Opening, TableFull};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::config::{ChallengeSettings, Config};
use crate::control::{self, Desk};
use crate::daemon::{Daemon, Parts};
use crate::failure::Causes;
use crate::open::Opened;
use crate::repository::Repository;
use crate::store::StoreError;
use crate::webhook::{self, Webhook, WebhookSecret, WebhookSecretError};

/// Requests that may wait for the next turn.
const REQUESTS: usize = 64;

/// Serves until SIGTERM or SIGINT, then hands over: no new orders, orders under way reach a resting place, answers go on meanwhile.
pub(crate) async fn run(config: &Config, opened: Opened) -> Result<(), ServeError> {
    let (narrator, accounts, examiner) = (opened.narrator(), opened.accounts(), opened.examiner());
    let Opened { parts, state, .. } = opened;
    let in_clear = parts.repositories.iter().filter(|one| one.has_keys_in_clear());
    in_clear.for_each(say_what_none_means);
    load_answers(&parts).await?;
    let listeners = listen_to_validators(&config.challenge)?;
    let hooked = hook(config)?;
    let socket = state.paths().control_socket();
    let control = control::bind(&socket)
        .map_err(|source| ServeError::Socket { socket: socket.clone(), source })?;

    let (stop_daemon, stop_servers) = (CancellationToken::new(), CancellationToken::new());
    stop_on_signal(stop_daemon.clone())?;
    let mut servers = JoinSet::new();
    for (listener, opening) in listeners {
        servers.spawn(answer(listener, opening, parts.answers.clone(), stop_servers.clone()));
    }
    let pushed = Arc::new(Notify::new());
    for (listener, secret) in hooked {
        let branches = config.git.iter().map(|one| one.remote.branch.clone()).collect();
        let webhook = Webhook { secret, branches, hint: pushed.clone() };
        servers.spawn(take_pushes(listener, webhook, stop_servers.clone()));
    }
    if let Some(watcher) = &parts.watcher {
        servers.spawn(watcher.clone().run(stop_daemon.clone()));
    }
    let daemon = Daemon::new(parts);
    let (requests, asked) = mpsc::channel(REQUESTS);
    let (reports, stop) = (daemon.reports(), stop_daemon.clone());
    let desk = Desk { reports, requests, narrator, accounts, examiner, stop };
    let api = tokio::spawn(control::serve(control, socket, desk, stop_daemon.clone()));
    daemon.run(asked, pushed, stop_daemon).await;
    stop_servers.cancel();
    while servers.join_next().await.is_some() {}
    // Whoever still waits at the socket has been answered by the daemon's end.
    let _ = api.await;
    info!("stopped");
    Ok(())
}

/// In full where nothing was seen of the repository yet, so that it is read before the first key is pushed.
fn say_what_none_means(of: &Repository) {
    let repository = of.known_as();
    if of.left_at.is_some() {
        warn!(
            repository,
            "git.encryption = \"none\": private keys stand in clear in the repository and in every clone of it"
        );
        return;
    }
    warn!(
        repository,
        "git.encryption = \"none\": every private key will stand in clear in the repository, and for good, whatever is deleted later: in its history, in every clone and fork, in Fleet's Bundles and Contents and in Helm's releases. Whoever can read any of these can be the hosts. To have keys sealed to the clusters, set git.encryption to \"sealed-secrets\", \"sops-age\" or \"sops-secret\"; a key that was pushed in clear once has to be replaced"
    );
}

/// Every answer that is not over is given again before the first request comes in.
async fn load_answers(parts: &Parts) -> Result<(), ServeError> {
    for (key_authorization, until) in
        parts.store.answers(parts.clock.now()).await.map_err(ServeError::Answers)?
    {
        parts.answers.put(key_authorization, until).map_err(ServeError::TooManyAnswers)?;
    }
    Ok(())
}

/// The listeners of `[challenge]`, each with what its connections begin with.
fn listen_to_validators(
    settings: &ChallengeSettings,
) -> Result<Vec<(TcpListener, Opening)>, ServeError> {
    let mut all = Vec::new();
    for (key, addresses, opening) in [
        ("challenge.listen", &settings.listen, Opening::Http),
        ("challenge.listen_proxy_protocol", &settings.listen_proxy_protocol, Opening::ProxyHeader),
    ] {
        let listeners = listen(key, addresses)?;
        all.extend(listeners.into_iter().map(|listener| (listener, opening)));
    }
    Ok(all)
}

fn listen(key: &'static str, addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ServeError> {
    let mut listeners = Vec::new();
    for &address in addresses {
        let bound = nws_challenge::bind(address);
        listeners.push(bound.map_err(|source| ServeError::Listen { key, address, source })?);
    }
    Ok(listeners)
}

/// The webhook's listeners, each with the secret that pushes are signed with.
fn hook(config: &Config) -> Result<Vec<(TcpListener, WebhookSecret)>, ServeError> {
    let Some(settings) = &config.webhook else {
        return Ok(Vec::new());
    };
    let secret = WebhookSecret::read(&settings.secret_file).map_err(ServeError::WebhookSecret)?;
    let listeners = listen("webhook.listen", &settings.listen)?;
    Ok(listeners.into_iter().map(|listener| (listener, secret.clone())).collect())
}

async fn take_pushes(listener: TcpListener, webhook: Webhook, stop: CancellationToken) {
    if let Err(error) = webhook::serve(listener, webhook, stop).await {
        error!(error = %Causes(&error), "pushes are not taken any more on one address; the branch is polled");
    }
}

async fn answer(
    listener: TcpListener,
    opening: Opening,
    answers: Answers,
    stop: CancellationToken,
) {
    let limits = Limits::default();
    if let Err(error) = nws_challenge::serve(listener, opening, answers, limits, stop).await {
        error!(error = %Causes(&error), "HTTP-01 is not answered any more on one address");
    }
}

fn stop_on_signal(stop: CancellationToken) -> Result<(), ServeError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stop.cancel();
    });
    Ok(())
}

/// Why the daemon could not serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A listener.
    #[error("{key}: cannot listen on {address}; free it, or choose another")]
    Listen {
        /// The setting.
        key: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The secret that pushes are signed with.
    #[error("webhook.secret_file")]
    WebhookSecret(#[source] WebhookSecretError),
    /// The socket of the operators' API.
    #[error("cannot open the control socket {}", socket.display())]
    Socket {
        /// The socket.
        socket: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The stored answers.
    #[error("cannot load the challenge answers")]
    Answers(#[source] StoreError),
    /// More stored answers than the table holds.
    #[error("cannot load the challenge answers")]
    TooManyAnswers(#[source] TableFull),
    /// The signals.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

#[cfg(test)]
mod tests;
