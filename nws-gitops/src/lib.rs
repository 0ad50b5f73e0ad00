//! The GitOps repository: what is wanted, what is there already, and how a certificate gets there.
//!
//! Not here: when a certificate is due (`nws-expiry`), how one is got (`nws-acme`), and any network but through the `git`
//! binary. Every call blocks; nothing reads a clock or the environment.
//!
//! The way through: a [`Mirror`] of one branch is fetched, and [`Mirror::inventory`] says what its tip wants ([`Wanted`],
//! with [`CertificateOptions`] and [`Overrides`]), what it holds ([`Delivered`], with its [`Provenance`]) and what is wrong with it ([`Fault`]).
//! [`deliveries`] turns issued certificates into file [`Edit`]s, rendered by [`manifest`] and placed where the [`Layout`] of their
//! [`Target`] says ([`Targets`]); [`sealed_secret`] renders one so that only whoever has the key of a [`SealingCertificate`] opens it,
//! [`sops_manifest`] so that only [`AgeRecipients`] can;
//! [`Mirror::commit`] builds on exactly the tip that was read, signed if there is a [`SigningKey`], and [`Mirror::push`] lands only if
//! the branch is still there, and never with a private key in clear where the mirror is [sealed](Mirror::sealed).
//! What somebody else wrote becomes ours only by [`adoption`], which changes nothing that is served.
//! [`Mirror::maintain`], now and then, keeps the mirror small. [`Bundles`] says of a list of files what Fleet makes of them, and
//! which bundles a change of one of them deploys anew. A [`Snapshot`] is a repository that is there already, and [`lint()`] says what in it
//! somebody should see to.
//! Several repositories, each with a [`RepositoryName`], have one
//! inventory ([`Mirrors`]): what is wanted in one is delivered into another, as [`Targets`] says.
//!
//! ```no_run
//! use nws_gitops::{Author, Discover, Message, Mirror, Provenance, Seals, WantKey, deliveries};
//! # fn issued() -> Vec<(WantKey, nws_expiry::Issued, Provenance)> { Vec::new() }
//! # fn pass(mirror: &Mirror, author: &Author, now: time::OffsetDateTime) -> Result<(), Box<dyn std::error::Error>> {
//! let tip = mirror.fetch()?;
//! let inventory = mirror.inventory(&tip, &Discover::default())?;
//! inventory.faults.iter().for_each(|fault| println!("{fault}"));
//! inventory.wanted.iter().for_each(|wanted| println!("{}: {}", wanted.key, wanted.names));
//!
//! let issued = issued();
//! let issued: Vec<_> = issued.iter().map(|(key, issued, by)| (key.clone(), issued, by)).collect();
//! let plan = deliveries(&inventory, &issued, &Seals::clear(now));
//! let message = Message::for_deliveries(&plan.deliveries);
//! if let Some(commit) = mirror.commit(&tip, &plan.edits, &message, author, now)? {
//!     mirror.push(&commit)?;
//! }
//! # Ok(())
//! # }
//! ```

mod object_id;
pub use object_id::{InvalidObjectId, ObjectId};
mod repo_path;
pub use repo_path::{InvalidRepoPath, RepoPath};
mod repository_name;
pub use repository_name::{InvalidRepositoryName, RepositoryName};
mod secret_ref;
pub use secret_ref::{InvalidSecretRef, InvalidTarget, SecretRef, Target, WantKey};
mod files;
pub use files::FileError;
mod git;
pub use git::{Git, GitError, Remedy, Version};
mod ssh;
pub use ssh::{Ssh, SshError};
mod https;
pub use https::{
    Https, HttpsError, HttpsOptions, HttpsProxy, InvalidHttpsProxy, InvalidUserName, UnfitToken,
    UserName,
};
mod signing;
pub use signing::{SignError, SigningKey, SigningKeyError};
mod remote;
pub use remote::{BranchName, InvalidBranchName, InvalidRemoteUrl, Remote, RemoteUrl};
mod outgoing;
pub use outgoing::{Exposure, OutgoingKey};
mod mirror;
pub use mirror::{
    Commit, CommitError, FetchError, Maintenance, Mirror, MirrorError, Mirrors, ObjectError,
    PushError, ReadError, Recovery, Stored, Tip, Unreadable,
};
mod seal_group;
pub use seal_group::{GroupName, InvalidGroupName, SealGroup};
mod layout;
pub use layout::{Destination, FleetClusters, Layout, RefusalReason, UnknownLayout};
mod targets;
pub use targets::{InvalidTargets, Targets};
mod clear_key;
pub use clear_key::KeyFormat;
mod ca_name;
pub use ca_name::{CaName, InvalidCaName};
mod issuer;
pub use issuer::{InvalidIssuerName, IssuerName, IssuerRef, Issuers};
mod opting;
pub use opting::{ENABLED_ANNOTATION, InvalidEnabled, Opting};
mod discover;
pub use discover::{
    CertManager, Discover, InvalidNamePattern, InvalidPathPattern, NamePattern, NamePatterns,
    PathPattern, SharedHosts,
};
mod kind;
pub use kind::Kind;
mod fault;
mod reader;
pub use fault::{Conflict, Fault, FaultReason};
mod options;
pub use options::{CertificateOptions, KEY_TYPE_ANNOTATION, PROFILE_ANNOTATION};
mod overrides;
pub use overrides::{EmptyHold, HOLD_ANNOTATION, Hold, Overrides, RENEW_BEFORE_ANNOTATION};
mod owner;
pub use owner::{OWNER_ANNOTATION, Owner};
mod provenance;
pub use provenance::{CA_ANNOTATION, Provenance};
mod secret_template;
pub use secret_template::{InvalidTemplateEntry, SecretTemplate};
mod secret_form;
pub use secret_form::SecretForm;
mod inventory;
mod parallel;
pub use inventory::{Delivered, Inventory, Source, Tips, Wanted, WantedBy};
mod manifest;
pub use manifest::{MANAGED_LABEL, Manifest, manifest};
mod seal;
pub use seal::{
    AgeRecipients, Condition, CreationRules, InvalidAgeRecipients, InvalidCreationRules,
    InvalidSealingCertificate, NotSealable, Scope, SealError, SealedTo, SealingCertificate,
    SopsError, SopsKind, UnfitReason, UnfitRule, UnknownScope, sealed_secret, sops_manifest,
};
mod seals;
pub use seals::{Seal, Sealed, SealedOtherwise, Seals};
mod delivery;
pub use delivery::{Content, Delivery, Edit, Occasion, Plan, Refusal, deliveries};
mod read_back;
pub use read_back::{Written, written};
mod adoption;
pub use adoption::{Adoptable, NotAdoptable, adoptable, adoption};
mod removal;
pub use removal::{
    Deletion, Due, Fate, Fates, Known, Left, Removal, RemovalPlan, RemovalStep, State, Superseded,
    Survey, TooMany, Unwanted, fates, removals,
};
mod message;
pub use message::{Author, InvalidAuthor, Message};
mod snapshot;
pub use snapshot::{Snapshot, SnapshotError};
mod bundles;
pub use bundles::{Bundle, Bundles, FleetPath, IgnoreLine, InvalidFleetPath, PackedFile, Touched};
mod lint;
pub use lint::{ClearKey, Facts, Finding, FindingReason, Rules, Severity, lint};

#[cfg(any(test, feature = "testing"))]
pub mod fuzzing;
