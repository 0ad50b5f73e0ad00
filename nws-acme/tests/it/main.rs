//! Whole orders against the fake CA, in a time that only waiting moves.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod accounts;
mod faults;
mod journal;
mod orders;
mod world;
