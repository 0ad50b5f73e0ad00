//! The public face of nws-expiry, on real certificates.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod ca;
mod certificates;
mod decisions;
mod fairness;
mod feasibility;
mod limiter;
mod made;
mod plans;
mod policy;
mod sweeps;
mod traps;
