//! The public face against real git: bare repositories in temporary directories, fixed author and time.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod adoptions;
mod deliveries;
mod durable;
mod found;
mod interleavings;
mod layouts;
mod mirrors;
mod options;
mod races;
mod rendering;
mod repositories;
mod world;
