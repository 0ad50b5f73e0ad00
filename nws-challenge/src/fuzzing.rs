//! What holds of whatever a stranger sends: the body of a fuzz target, which the tests of this crate run too.

use std::num::NonZeroUsize;

use time::macros::datetime;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime;
use tokio_util::sync::CancellationToken;

use crate::proxy_protocol::{self, Preamble};
use crate::serve::{Opening, fuzzing::converse};
use crate::{Answers, KeyAuthorization};

const ANSWER: &str =
    "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0.NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";

/// What stands behind a status of 200.
const ANSWERS: [&str; 2] = [ANSWER, "ok"];

const REFUSALS: [&str; 5] =
    ["", "not found\n", "not a challenge token\n", "no such challenge\n", "only GET and HEAD\n"];

/// Every header that is ever sent, in lower case, but for numbers and dates.
const HEADERS: [&str; 6] = [
    "content-type: text/plain",
    "cache-control: no-store",
    "x-content-type-options: nosniff",
    "allow: get, head",
    "connection: close",
    "connection: keep-alive",
];

/// Sends any bytes to a listener, as a proxy and as a stranger, and reads what comes back.
///
/// # Panics
///
/// If the PROXY header is read otherwise when it comes in pieces, or if anything comes back but what the listener has to say: an answer of the
/// table with 200, a refusal of its own with another status; so nothing of the request is ever echoed.
pub fn challenge(bytes: &[u8]) {
    is_final(bytes);
    for opening in [Opening::Http, Opening::ProxyHeader] {
        assert_eq!(stranger(&said(opening, bytes)), None, "{opening:?}");
    }
}

/// What is decided of some bytes is decided of more.
fn is_final(bytes: &[u8]) {
    let whole = proxy_protocol::read(bytes);
    let begins = (0..bytes.len().min(proxy_protocol::LONGEST)).map(|end| &bytes[..end]);
    for begin in begins {
        let decided = proxy_protocol::read(begin);
        assert!(decided == Preamble::Incomplete || decided == whole, "{decided:?}, {whole:?}");
    }
    assert!(bytes.len() < proxy_protocol::LONGEST || whole != Preamble::Incomplete);
}

#[expect(clippy::expect_used, reason = "without a runtime there is nothing to try")]
fn said(opening: Opening, bytes: &[u8]) -> String {
    let runtime = runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let answers = Answers::new(NonZeroUsize::MIN);
    let authorization: KeyAuthorization = ANSWER.parse().expect("a key authorization");
    answers.put(authorization, datetime!(2026-03-02 12:00 UTC)).expect("a place");
    runtime.block_on(async {
        let (peer, served) = tokio::io::duplex(512);
        let never = CancellationToken::new();
        let ((), said) =
            tokio::join!(converse(served, opening, answers, &never), send(peer, bytes));
        String::from_utf8(said).expect("text")
    })
}

/// Sends all, then its end, and reads what comes back meanwhile.
async fn send(peer: DuplexStream, bytes: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(peer);
    let mut said = Vec::new();
    let sending = async {
        // Whoever is refused is not listened to any more.
        if writer.write_all(bytes).await.is_ok() {
            writer.shutdown().await.ok();
        }
    };
    let (_, ()) = tokio::join!(reader.read_to_end(&mut said), sending);
    said
}

/// Reads responses, of which those to HEAD have no body, and tells what is none of ours.
fn stranger(mut said: &str) -> Option<String> {
    while let Some((head, rest)) = said.split_once("\r\n\r\n") {
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap_or_default();
        let header = lines.find(|line| !is_ours(&line.to_ascii_lowercase()));
        let is_answer = ["HTTP/1.1 200 OK", "HTTP/1.0 200 OK"].contains(&status);
        let bodies = if is_answer { &ANSWERS[..] } else { &REFUSALS[..] };
        let body = rest.find("HTTP/1.").map_or(rest, |next| &rest[..next]);
        if header.is_some() || !(body.is_empty() || bodies.contains(&body)) {
            return Some(format!("{header:?}, {body:?} after {status:?}"));
        }
        said = &rest[body.len()..];
    }
    (!said.is_empty()).then(|| format!("half a response: {said:?}"))
}

fn is_ours(header: &str) -> bool {
    let numbers = ["content-length: ", "date: "];
    HEADERS.contains(&header) || numbers.iter().any(|name| header.starts_with(name))
}

#[cfg(test)]
mod tests;
