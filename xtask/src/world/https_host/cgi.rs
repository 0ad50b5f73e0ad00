//! One request, answered by `git http-backend` (git-http-backend(1)) over CGI (RFC 3875).

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::process;
use crate::world::PATIENCE;

/// Far above what a scenario pushes.
const BODY_LIMIT: usize = 64 << 20;

/// Answers a request of a user who was let in, for any repository in `projects`.
pub(super) async fn answer(
    git: &Path,
    projects: &Path,
    user: &str,
    request: Request<Incoming>,
) -> Result<Response<Bytes>> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await;
    let body = body.map_err(|error| anyhow!(error))?.to_bytes();
    let mut command = backend(git, projects, user);
    command
        .env("REQUEST_METHOD", head.method.as_str())
        .env("PATH_INFO", head.uri.path())
        .env("QUERY_STRING", head.uri.query().unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string());
    let headers = [
        ("CONTENT_TYPE", CONTENT_TYPE),
        ("HTTP_CONTENT_ENCODING", CONTENT_ENCODING),
        ("GIT_PROTOCOL", HeaderName::from_static("git-protocol")),
    ];
    for (variable, header) in headers {
        command.env(variable, text(&head.headers, &header)?);
    }
    let ended = process::fed(command, &body, PATIENCE).await?;
    let stderr = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.success(), "git http-backend failed ({}): {stderr}", ended.status);
    response(&ended.stdout)
}

fn backend(git: &Path, projects: &Path, user: &str) -> Command {
    let mut command = process::isolated(git);
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", projects)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REMOTE_USER", user);
    command
}

/// A header as text; empty where there is none.
fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str> {
    Ok(headers.get(name).map(|value| value.to_str()).transpose()?.unwrap_or_default())
}

/// Reads what a CGI program answers: headers, of which `Status` is none of HTTP's, an empty line, and the body.
fn response(answer: &[u8]) -> Result<Response<Bytes>> {
    const END: &[u8] = b"\r\n\r\n";
    let end = answer.windows(END.len()).position(|window| window == END);
    let end = end.context("git http-backend answers without headers")?;
    let mut response = Response::builder();
    for line in std::str::from_utf8(&answer[..end])?.lines() {
        let (name, value) = line.split_once(": ").context("a header without a value")?;
        response = match name {
            "Status" => response.status(status(value)?),
            _ => response.header(name, value),
        };
    }
    Ok(response.body(Bytes::copy_from_slice(&answer[end + END.len()..]))?)
}

/// Reads `404 Not Found`.
fn status(value: &str) -> Result<StatusCode> {
    let code = value.split(' ').next().unwrap_or(value);
    Ok(StatusCode::from_bytes(code.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::response;

    #[test]
    fn an_answer_is_split_into_status_headers_and_body() {
        let plain = response(b"Content-Type: text/plain\r\n\r\na\r\n\r\nb").unwrap();
        assert_eq!((plain.status().as_u16(), plain.body().as_ref()), (200, &b"a\r\n\r\nb"[..]));
        assert_eq!(plain.headers()["content-type"], "text/plain");
        let missing = response(b"Status: 404 Not Found\r\nExpires: 0\r\n\r\n").unwrap();
        assert_eq!((missing.status().as_u16(), missing.headers().len()), (404, 1));
        assert!(response(b"Content-Type: text/plain\r\n").is_err());
    }
}
