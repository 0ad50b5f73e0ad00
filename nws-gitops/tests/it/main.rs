//! The public face against real git: bare repositories in temporary directories, fixed author and time.

#![expect(clippy::unwrap_used, reason = "what cannot be set up is a failed test")]

mod adoptions;
mod apart;
mod cert_manager;
mod controller;
mod deliveries;
mod disk;
mod durable;
mod found;
mod installed;
mod interleavings;
mod large;
mod layouts;
mod lint;
mod mirrors;
mod options;
mod outgoing;
mod passes;
mod races;
mod read_back;
mod rendering;
mod repositories;
mod sealed_secrets;
mod signed;
mod snapshots;
mod sops;
mod unsealable;
mod work_tree;
mod world;
