//! Whole orders against the fake CA, in a time that only waiting moves.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod accounts;
mod away;
mod chains;
mod daemon;
mod faults;
mod journal;
mod key_change;
mod liar;
mod lies;
mod lost;
mod orders;
mod paced;
mod passing;
mod proxied;
mod renewal_info;
mod replaces;
mod revocation;
mod trouble;
mod wire;
mod world;
