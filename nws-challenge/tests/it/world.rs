//! A running server, and peers that speak to it in plain bytes.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::time::Duration;

use nws_challenge::{Answers, KeyAuthorization, Limits, Opening, ServeError, serve};
use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
pub(crate) const PATH: &str =
    "/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
pub(crate) const BODY: &str =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

/// A test that waits this long for an event has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) answers: Answers,
    pub(crate) stop: CancellationToken,
    server: JoinHandle<Result<(), ServeError>>,
}

impl World {
    pub(crate) async fn start(limits: Limits) -> Self {
        Self::behind(Opening::Http, limits).await
    }

    pub(crate) async fn behind(opening: Opening, limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let world = Self::on(listener, opening, Answers::new(NonZeroUsize::MIN), limits);
        world.answer();
        world
    }

    pub(crate) fn on(
        listener: TcpListener,
        opening: Opening,
        answers: Answers,
        limits: Limits,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, opening, answers.clone(), limits, stop.clone()));
        Self { address, answers, stop, server }
    }

    pub(crate) fn answer(&self) {
        let authorization: KeyAuthorization = BODY.parse().unwrap();
        self.answers.put(authorization, datetime!(2026-03-02 12:00 UTC)).unwrap();
    }

    pub(crate) async fn connect(&self) -> Peer {
        Peer::to(self.address).await
    }

    pub(crate) async fn ended(self) -> Result<(), ServeError> {
        patiently(self.server).await.unwrap()
    }

    pub(crate) fn abort(self) {
        self.server.abort();
    }
}

pub(crate) struct Peer(TcpStream);

impl Peer {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// One request on a connection that stays open.
    pub(crate) async fn get(&mut self, path: &str) -> Response {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: edge\r\n\r\n")).await;
        let mut got = String::new();
        loop {
            got.push(char::from(patiently(self.0.read_u8()).await.unwrap()));
            if let Some(response) = Response::complete(&got) {
                return response;
            }
        }
    }

    /// The one response of a connection that the server closes after it.
    pub(crate) async fn receive_all(&mut self) -> Response {
        let mut got = String::new();
        patiently(self.0.read_to_string(&mut got)).await.unwrap();
        Response::parse(&got).unwrap()
    }

    /// Awaits the end of a connection on which nothing more is said.
    pub(crate) async fn closed(&mut self) {
        let mut got = Vec::new();
        match patiently(self.0.read_to_end(&mut got)).await {
            Ok(_) => assert_eq!(String::from_utf8(got).unwrap(), ""),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

pub(crate) struct Response {
    pub(crate) status: String,
    pub(crate) body: String,
    headers: Vec<(String, String)>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn complete(text: &str) -> Option<Self> {
        let response = Self::parse(text)?;
        let length: usize = response.header("content-length")?.parse().unwrap();
        (response.body.len() == length).then_some(response)
    }

    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Self { status, body: body.to_owned(), headers })
    }
}

async fn patiently<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, event).await.expect("the event did not happen")
}
