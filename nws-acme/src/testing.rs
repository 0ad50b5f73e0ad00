//! A CA inside the process: a real state machine of RFC 8555 behind [`Transport`](crate::Transport), without sockets.
//!
//! It verifies every signature, nonce and URL, validates by asking a [`Validator`], and issues real chains that end at a root of
//! its own. It misbehaves only as told ([`Faults`]), and counts what it is asked ([`Endpoint`]). Nothing in it is random but keys.
//!
//! ```
//! use std::sync::Arc;
//!
//! use nws_acme::testing::{FakeCa, RuntimeClock, Unanswered};
//! use nws_acme::{AccountKey, Ca, Limits, Registration, TermsAgreed};
//! use nws_challenge::Token;
//! use nws_expiry::DnsName;
//! use time::macros::datetime;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! let clock = Arc::new(RuntimeClock::starting_at(datetime!(2026-03-02 0:00 UTC)));
//! let nobody = |_: &DnsName, _: &Token| Err(Unanswered::connection("no edge answers"));
//! let fake = FakeCa::new(clock.clone(), nobody);
//!
//! let ca = Ca::new(fake.directory_url(), fake.transport(), Limits::default());
//! let registration = Registration { terms: TermsAgreed, contact: vec![], external_account: None };
//! let account = ca.register(&AccountKey::generate()?, &registration, &*clock).await?;
//! assert!(account.url().as_str().ends_with("/account/0"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
pub use clock::RuntimeClock;
mod validator;
pub use validator::{Unanswered, Validator};
mod answer;
pub use answer::{Answer, Instead};
mod faults;
pub use faults::{Faults, Outage, ReplacesRefusal};
mod endpoint;
pub use endpoint::Endpoint;
mod issuer;
mod jws;
mod new_order;
mod public_key;
mod renewal;
pub use renewal::Renewal;
mod reply;
mod state;

mod fake_ca;
pub use fake_ca::FakeCa;
