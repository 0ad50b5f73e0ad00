//! What a certificate is, and when to act on it.
//!
//! The bottom of the workspace: values and decisions, nothing else. There is no I/O here, no clock and no runtime; every
//! function that depends on time takes `now`, so the same facts always give the same plan.
//!
//! The way through: names ([`DnsName`], [`DnsNames`]), what a certificate says ([`Leaf`], [`Chain`]), the key that belongs to
//! it ([`PrivateKey`]), and the proof that all three fit ([`Issued`]); how it is asked for ([`KeyType`], [`Profile`]). Then when
//! to act: [`decide`] looks at one certificate, a [`Window`] is when its CA wants it renewed, [`Backoff`] looks at one
//! failure and [`Failing`] at many in a row, and [`Agenda`] keeps what is due across all of them. At last how much at once: a
//! [`budget`] is what a CA allows, and [`allot`](mod@allot) shares it out.
//!
//! Is this certificate due, and if not, when next?
//!
//! ```
//! use nws_expiry::{Decision, Held, KeyType, Leaf, Policy, Reason, Rule, Spread, Subject, SweepTime, decide};
//! use time::macros::datetime;
//! # fn of_90_days() -> Box<[u8]> {
//! #     let mut params = rcgen::CertificateParams::new(["shop.example".to_owned()]).unwrap();
//! #     params.not_before = datetime!(2026-01-01 0:00 UTC);
//! #     params.not_after = datetime!(2026-04-01 0:00 UTC);
//! #     params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().der().as_ref().into()
//! # }
//!
//! let der = of_90_days();
//! let leaf = Leaf::from_der(&der)?;
//! let names = "shop.example".parse::<nws_expiry::DnsName>()?.into();
//! let want = Subject { names: &names, key_type: KeyType::EcdsaP256, spread: Spread::NONE };
//! let policy = Policy { renew_before: None, sweep: SweepTime::of("my platform") };
//!
//! let until = datetime!(2026-03-02 0:00 UTC);
//! let now = datetime!(2026-02-01 0:00 UTC);
//! let decision = decide(now, want, Some(Held::from(&leaf)), &policy);
//! assert_eq!(decision, Decision::Keep { until, rule: Rule::Lifetime });
//!
//! let Decision::Order(reason) = decide(until, want, Some(Held::from(&leaf)), &policy) else { unreachable!() };
//! assert_eq!(reason.to_string(), "due for renewal by its lifetime since 2026-03-02 00:00:00Z");
//! assert_eq!(decide(now, want, None, &policy), Decision::Order(Reason::Absent));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Would the CA take this order now?
//!
//! ```
//! use nws_expiry::budget::{Claim, Exemption, Ledger, Limits};
//! use nws_expiry::{DnsName, DnsNames};
//! use time::macros::datetime;
//!
//! let now = datetime!(2026-03-01 12:00 UTC);
//! let names: DnsNames = "shop.example".parse::<DnsName>()?.into();
//! let claim = Claim { names: &names, exemption: Exemption::None };
//!
//! let mut ledger = Ledger::new(Limits::LETS_ENCRYPT);
//! assert_eq!(ledger.check(now, &claim), Ok(()));
//! for failure in 1..=5 {
//!     ledger.failed(now, names.first());
//! }
//! assert_eq!(
//!     ledger.check(now, &claim).unwrap_err().to_string(),
//!     "the limit of 5/1h for failed validations of the name (shop.example) is used up until 2026-03-01 12:12:00Z",
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What goes now, and when is there something to do again?
//!
//! ```
//! use nws_expiry::allot::{Book, Tenants, Work, allot};
//! use nws_expiry::budget::{Claim, Exemption, Ledger, Limits};
//! use nws_expiry::{Agenda, Change, DnsName, DnsNames, Entry, Urgency};
//! use time::Duration;
//! use time::macros::datetime;
//!
//! let now = datetime!(2026-03-01 12:00 UTC);
//! let [shop, blog] = ["shop.example", "blog.example"].map(|name| name.parse::<DnsName>());
//! let (shop, blog) = (DnsNames::from(shop?), DnsNames::from(blog?));
//! let ends = Urgency::Ends(now + Duration::days(29));
//!
//! let mut agenda = Agenda::default();
//! agenda.apply(Change::Set(shop.clone(), Entry { at: now, urgency: ends, action: "a" }));
//! let tomorrow = now + Duration::DAY;
//! agenda.apply(Change::Set(blog, Entry { at: tomorrow, urgency: Urgency::Nothing, action: "b" }));
//!
//! let works = agenda.due(now).into_iter().map(|due| Work {
//!     key: due.key,
//!     ca: 0,
//!     tenant: due.entry.action,
//!     claim: Claim { names: due.key, exemption: Exemption::SameSet },
//!     urgency: due.entry.urgency,
//!     since: due.entry.at,
//!     have: None,
//! });
//! let ledger = Ledger::new(Limits::LETS_ENCRYPT);
//! let plan = allot(now, works.collect(), &[Book { ledger: &ledger, ahead: &[] }], &Tenants::default());
//! assert_eq!(plan.go, [&shop]);
//! assert_eq!(plan.next().into_iter().chain(agenda.next_after(now)).min(), Some(tomorrow));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod told;

mod names;
pub use names::{DnsName, DnsNames, InvalidDnsName, NoNames};
mod key;
pub use key::{InvalidPrivateKey, KeyEncoding, KeyType, PrivateKey, UnknownKeyType};
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
pub use backoff::{Backoff, Doubling, FailureClass, InvalidWait, Steps};
mod parking;
pub use parking::{Failing, Leads, Parking};
mod agenda;
pub use agenda::{Agenda, Change, Due, Entry, Urgency};
pub mod allot;
pub mod budget;
