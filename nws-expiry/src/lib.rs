//! What a certificate is, and when to act on it.
//!
//! The bottom of the workspace: values and decisions, nothing else. There is no I/O here, no clock and no runtime; every
//! function that depends on time takes `now`, so the same facts always give the same plan.
//!
//! The way through: names ([`DnsName`], [`DnsNames`]), what a certificate says ([`Leaf`], [`Chain`]), the key that belongs to
//! it ([`PrivateKey`]), and the proof that all three fit ([`Issued`]); how it is asked for ([`KeyType`], [`Profile`]). Then when
//! to act: [`decide`] looks at one certificate, a [`Window`] is when its CA wants it renewed, [`retry_after`] looks at one
//! failure, and [`Agenda`] keeps what is due across all of them.

mod names;
pub use names::{DnsName, DnsNames, InvalidDnsName, NoNames};
mod key;
pub use key::{InvalidPrivateKey, KeyType, PrivateKey, UnknownKeyType};
mod profile;
pub use profile::{InvalidProfile, Profile};
mod validity;
pub use validity::Validity;
mod leaf;
pub use leaf::{Fingerprint, InvalidCertificate, InvalidFingerprint, Leaf, Serial};
mod chain;
pub use chain::{Chain, InvalidChain};
mod issued;
pub use issued::{Issued, Mismatch};
mod spread;
pub use spread::Spread;
mod window;
pub use window::Window;
mod sweep;
pub use sweep::{InvalidSweepTime, SweepTime};
mod renew_before;
pub use renew_before::{InvalidRenewBefore, RenewBefore};
mod policy;
pub use policy::{Policy, Rule, Timing};
mod decide;
pub use decide::{Decision, Held, Reason, Subject, decide};
mod backoff;
pub use backoff::{FailureClass, retry_after};
mod agenda;
pub use agenda::{Agenda, Change, Due, Entry, Urgency};
pub mod allot;
pub mod budget;
