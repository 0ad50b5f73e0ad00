use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};

use crate::answers::Answers;
use crate::key_authorization::KeyAuthorization;
use crate::token::Token;

/// Where RFC 8555 §8.3 puts the answers.
const CHALLENGES: &str = "/.well-known/acme-challenge/";

/// What of a request counts.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Its method.
    pub method: &'a Method,
    /// The path of its target, as sent and not percent-decoded; a query after it is ignored.
    pub path: &'a str,
    /// Whom it is for: the host of an absolute target, else the only `Host` header, as sent.
    pub host: Option<&'a str>,
}

impl<'a> Question<'a> {
    /// Of a request. Of several `Host` headers none counts: who reads which of them is what request smuggling lives on.
    pub fn of<B>(request: &'a Request<B>) -> Self {
        let mut headers = request.headers().get_all(HOST).iter();
        let header = headers.next().filter(|_| headers.next().is_none());
        let target = request.uri().host();
        let host = target.or_else(|| header.and_then(|header| header.to_str().ok()));
        Self { method: request.method(), path: request.uri().path(), host }
    }
}

/// The response to one request on the public listener.
///
/// `GET` and `HEAD` of `/.well-known/acme-challenge/{token}` give 200 and the exact key authorization, of `/healthz` 200 and `ok`. What a
/// token in the table stands for comes first; for others `answers` has a rule ([`Stateless`](crate::Stateless)). Other methods there
/// give 405, and every other path 404. Nothing of the request is ever echoed, except a token that is answered.
///
/// The response to `HEAD` has the headers of `GET`, its `Content-Length` included, and an empty body.
pub fn respond(question: Question<'_>, answers: &Answers) -> Response<Bytes> {
    let Question { method, path, host } = question;
    let Some(resource) = Resource::at(path) else {
        return response(StatusCode::NOT_FOUND, method, Bytes::from_static(b"not found\n"));
    };
    if method != Method::GET && method != Method::HEAD {
        return method_not_allowed(method);
    }
    let (status, body) = resource.represent(host, answers);
    response(status, method, body)
}

enum Resource<'a> {
    Challenge { token: &'a str },
    Health,
}

impl<'a> Resource<'a> {
    fn at(path: &'a str) -> Option<Self> {
        let path = path.split_once('?').map_or(path, |(path, _query)| path);
        match path.strip_prefix(CHALLENGES) {
            Some(token) => Some(Self::Challenge { token }),
            None if path == "/healthz" => Some(Self::Health),
            None => None,
        }
    }

    fn represent(&self, host: Option<&str>, answers: &Answers) -> (StatusCode, Bytes) {
        let token = match self {
            Self::Health => return (StatusCode::OK, Bytes::from_static(b"ok")),
            Self::Challenge { token } => token,
        };
        let Ok(token) = token.parse::<Token>() else {
            return (StatusCode::NOT_FOUND, Bytes::from_static(b"not a challenge token\n"));
        };
        match answers.get(&token).or_else(|| unseen(&token, host, answers)) {
            Some(body) => (StatusCode::OK, body),
            None => (StatusCode::NOT_FOUND, Bytes::from_static(b"no such challenge\n")),
        }
    }
}

/// What is answered to a token that is not in the table.
fn unseen(token: &Token, host: Option<&str>, answers: &Answers) -> Option<Bytes> {
    let others = answers.others();
    let thumbprint = others.thumbprint(host)?;
    Some(KeyAuthorization::new(token, thumbprint).into())
}

fn method_not_allowed(method: &Method) -> Response<Bytes> {
    let body = Bytes::from_static(b"only GET and HEAD\n");
    let mut response = response(StatusCode::METHOD_NOT_ALLOWED, method, body);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn response(status: StatusCode, method: &Method, body: Bytes) -> Response<Bytes> {
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(if method == Method::HEAD { Bytes::new() } else { body });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, length);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    // The next order's token may be the same path with another answer, or none.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests;
