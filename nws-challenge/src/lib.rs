//! HTTP-01 (RFC 8555 §8.3) without an ACME client: what a CA's validator asks for, and who answers it.
//!
//! An ACME client learns a [`Token`] from its CA, joins it to the [`Thumbprint`] of its account key and puts the resulting
//! [`KeyAuthorization`] into [`Answers`]. [`respond`] maps a request to a response, purely; [`serve`] runs it on a TCP listener that
//! may face the internet, so everything a stranger can make it hold or wait for has a bound in [`Limits`]. [`EdgeConfig`] is what an edge
//! is told, so that validators reach it.
//!
//! Absent on purpose: ACME itself, account keys and hashing, the store that makes answers durable, and any clock: `Answers` is told
//! the time by its owner. The listener serves the challenge path and `/healthz` and nothing else.
//!
//! # Example
//!
//! ```
//! use std::num::NonZeroUsize;
//!
//! use http::{Method, StatusCode};
//! use nws_challenge::{Answers, KeyAuthorization, Question, Thumbprint, Token, respond};
//! use time::macros::datetime;
//!
//! let token: Token = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0".parse()?;
//! let thumbprint: Thumbprint = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI".parse()?;
//!
//! let answers = Answers::new(NonZeroUsize::MIN);
//! answers.put(KeyAuthorization::new(&token, &thumbprint), datetime!(2026-03-02 12:00 UTC))?;
//!
//! let path = format!("/.well-known/acme-challenge/{token}");
//! let question = Question { method: &Method::GET, path: &path, host: None };
//! let response = respond(question, &answers);
//! assert_eq!(response.status(), StatusCode::OK);
//! assert_eq!(response.body(), &format!("{token}.{thumbprint}"));
//!
//! assert_eq!(answers.forget_expired(datetime!(2026-03-02 12:00 UTC)), 1);
//! assert_eq!(respond(question, &answers).status(), StatusCode::NOT_FOUND);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod base64url;
mod key_authorization;
mod token;

mod stateless;

mod answers;

mod respond;

mod limits;
mod proxy_protocol;
mod serve;

mod edge_config;
pub mod preflight;

#[cfg(any(test, feature = "testing"))]
pub mod fuzzing;

pub use answers::{Answers, TableFull};
pub use edge_config::{
    Account, Backend, Backends, CentralHost, EdgeConfig, EdgeName, EdgeProgram, EdgeWay,
    InvalidAddress, InvalidBackends, InvalidName, Listen, MapFile, OtherPaths, PlainUri, Preamble,
    Thumbprints,
};
pub use key_authorization::{
    InvalidKeyAuthorization, InvalidThumbprint, KeyAuthorization, Thumbprint,
};
pub use limits::Limits;
pub use respond::{Question, respond};
pub use serve::{Opening, ServeError, bind, serve};
pub use stateless::{Hosts, Stateless};
pub use token::{InvalidToken, Token};
