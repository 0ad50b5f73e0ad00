//! A git host over https: `git http-backend` behind TLS and a token, as hosting services have it.
//!
//! Like the git host over ssh it is the daemon's alone. At every request it looks at what anybody on the machine could read of the
//! programs that run.

mod cgi;
mod onlooker;

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

use crate::files;
use crate::tls::ListenerCa;
use crate::world::GitHost;
use onlooker::Onlooker;

/// What goes with a token where the daemon is told of nothing else.
const USER: &str = "x-access-token";

/// A running host; it ends when dropped.
pub(crate) struct HttpsHost {
    port: u16,
    repository: PathBuf,
    token_file: PathBuf,
    ca_file: PathBuf,
    ca: String,
    shared: Arc<Shared>,
    _accepting: AbortOnDropHandle<()>,
}

struct Shared {
    git: PathBuf,
    projects: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    token: String,
    moved_to: Option<String>,
    admitted: usize,
    refused: usize,
    followed: usize,
    onlooker: Onlooker,
}

impl HttpsHost {
    /// Listens on a free port of 127.0.0.1 under the name `localhost`, certified by a CA of its own. It lets nobody in yet, and the
    /// daemon's files are not written.
    pub(crate) async fn start(git: &Path, folder: &Path, repository: &Path) -> Result<Self> {
        let ca = ListenerCa::generate()?;
        let tls = TlsAcceptor::from(Arc::new(ca.issue(&["localhost".to_owned()])?.server()?));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("the https git host cannot listen")?;
        let port = listener.local_addr()?.port();
        let projects = repository.parent().context("the repository has no folder")?.to_owned();
        let shared = Arc::new(Shared { git: git.to_owned(), projects, state: Mutex::default() });
        let accepting = tokio::spawn(accept(listener, tls, Arc::clone(&shared)));
        Ok(Self {
            port,
            repository: repository.to_owned(),
            token_file: folder.join("git-token"),
            ca_file: folder.join("git-ca.pem"),
            ca: ca.pem(),
            shared,
            _accepting: AbortOnDropHandle::new(accepting),
        })
    }

    /// Where the repository is reached.
    pub(crate) fn url(&self) -> String {
        let name = self.repository.file_name().unwrap_or_default().display();
        format!("https://localhost:{}/{name}", self.port)
    }

    /// The daemon's `[git.https]`.
    pub(crate) fn settings(&self) -> String {
        let (token, ca) = (self.token_file.display(), self.ca_file.display());
        format!("[git.https]\ntoken_file = \"{token}\"\nca_file = \"{ca}\"\n")
    }

    /// Takes this token, and no other any more.
    pub(crate) fn accept_token(&self, token: &str) {
        self.shared.state().token = token.to_owned();
    }

    /// Gives the daemon a token; whoever watches the machine is to see none of them.
    pub(crate) fn give_token(&self, token: &str) -> Result<()> {
        self.shared.state().onlooker.look_for(token);
        files::write_with_mode(&self.token_file, format!("{token}\n"), 0o600)
    }

    /// Lets everybody read the daemon's token.
    pub(crate) fn expose_token(&self) -> Result<()> {
        files::write_with_mode(&self.token_file, files::read(&self.token_file)?, 0o644)
    }

    /// Tells the daemon to trust the CA of this host.
    pub(crate) fn trust_own_ca(&self) -> Result<()> {
        files::write(&self.ca_file, &self.ca)
    }

    /// Tells the daemon to trust another CA, as if somebody stood between it and this host.
    pub(crate) fn trust_another_ca(&self) -> Result<()> {
        files::write(&self.ca_file, ListenerCa::generate()?.pem())
    }

    /// Leads everybody to another name of this machine, as a host does whose repository has moved.
    pub(crate) fn move_away(&self) {
        self.shared.state().moved_to = Some(format!("https://127.0.0.1:{}{MOVED}", self.port));
    }

    pub(crate) fn move_back(&self) {
        self.shared.state().moved_to = None;
    }

    /// Requests with the token, and with another or none.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.shared.state();
        (state.admitted, state.refused)
    }

    /// Checks that nobody could have read a token off the programs that ran at any request, and that none followed a redirect.
    ///
    /// # Errors
    ///
    /// With the program and where the token stood; or if no program was seen that could have held one.
    pub(crate) fn check_discretion(&self) -> Result<()> {
        let state = self.shared.state();
        ensure!(state.followed == 0, "a redirect was followed");
        state.onlooker.check()
    }
}

/// The way from a git host over ssh to this one, in the daemon's configuration: what to replace, and by what.
pub(crate) fn instead_of_ssh(ssh: &GitHost, https: &HttpsHost) -> [(String, String); 2] {
    let (key, known_hosts) = (ssh.deploy_key(), ssh.known_hosts());
    let (key, known_hosts) = (key.display(), known_hosts.display());
    let table = format!("[git.ssh]\nkey = \"{key}\"\nknown_hosts = \"{known_hosts}\"\n");
    [(ssh.url(&https.repository), https.url()), (table, https.settings())]
}

/// Below this path is what is asked for by whoever follows.
const MOVED: &str = "/moved";

async fn accept(listener: TcpListener, tls: TlsAcceptor, shared: Arc<Shared>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve(stream, tls.clone(), Arc::clone(&shared)));
            }
            Err(error) => {
                eprintln!("the https git host cannot accept: {error}");
                sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, tls: TlsAcceptor, shared: Arc<Shared>) {
    // A client that does not trust us breaks off, as it should: the scenario sees what it says.
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(|request| answer(request, Arc::clone(&shared)));
    let builder = auto::Builder::new(TokioExecutor::new());
    let _broken_off = builder.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let refusal = shared.state().refusal(&request);
    let answer = match refusal {
        Some(refusal) => refusal,
        None => cgi::answer(&shared.git, &shared.projects, USER, request).await,
    };
    Ok(answer
        .unwrap_or_else(|error| said(StatusCode::INTERNAL_SERVER_ERROR, &error))
        .map(Full::new))
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is answered to whoever is not let in; `None` to whoever is.
    fn refusal(&mut self, request: &Request<Incoming>) -> Option<Result<Response<Bytes>>> {
        self.onlooker.look();
        if request.uri().path().starts_with(MOVED) {
            self.followed += 1;
        }
        if let Some(to) = &self.moved_to {
            return Some(redirect(&format!("{to}{}", request.uri())));
        }
        let credentials = BASE64_STANDARD.encode(format!("{USER}:{}", self.token));
        let presented = request.headers().get(AUTHORIZATION).map(|value| value.as_bytes());
        if presented == Some(format!("Basic {credentials}").as_bytes()) {
            self.admitted += 1;
            return None;
        }
        self.refused += 1;
        Some(unauthorized())
    }
}

fn redirect(to: &str) -> Result<Response<Bytes>> {
    let response = Response::builder().status(StatusCode::MOVED_PERMANENTLY).header(LOCATION, to);
    Ok(response.body(Bytes::new())?)
}

fn unauthorized() -> Result<Response<Bytes>> {
    let response = Response::builder().status(StatusCode::UNAUTHORIZED);
    Ok(response.header(WWW_AUTHENTICATE, "Basic realm=\"git\"").body(Bytes::new())?)
}

fn said(status: StatusCode, error: &anyhow::Error) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(format!("https git host: {error:#}\n")));
    *response.status_mut() = status;
    response
}
