//! What there is to see to, and what helps.

use time::OffsetDateTime;
use time::macros::format_description;

use super::{Finding, Severity};
use crate::bundles::{Bundle, IgnoreLine};
use crate::{Fault, FaultReason, RepoPath, SecretRef, WantKey};

/// What a finding is; each says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FindingReason {
    /// It cannot be served as it is written.
    #[error(transparent)]
    Fault(FaultReason),
    /// Whoever reads the repository, or ever has, can be the hosts.
    #[error(
        "secret {secret} holds a private key in clear; seal it, and replace the key too, as the history keeps this one"
    )]
    ClearKey {
        /// Its name, with its namespace where the file states it.
        secret: String,
    },
    /// Ours are as the configuration has them, which is said as long as it is so.
    #[error(
        "git.encryption = \"none\": nws-certd writes its private keys in clear, where every clone and fork, Fleet's bundles and Helm's releases keep them for good; seal them (git.encryption)"
    )]
    KeysInClear,
    /// It has ended, and nobody is known to renew it.
    #[error("the certificate in secret {secret} ended at {}; {}", instant(*not_after), renewal(secret, *ours))]
    Ended {
        /// The Secret.
        secret: SecretRef,
        /// When.
        not_after: OffsetDateTime,
        /// Whether it is ours, but no manifest wants it any more.
        ours: bool,
    },
    /// It will end, and should have been renewed by now.
    #[error("the certificate in secret {secret} ends at {} and should be renewed by now; {}", instant(*not_after), renewal(secret, *ours))]
    Ending {
        /// The Secret.
        secret: SecretRef,
        /// When.
        not_after: OffsetDateTime,
        /// Whether it is ours, but no manifest wants it any more.
        ours: bool,
    },
    /// What the clusters serve is what was applied last.
    #[error(
        "holds secret {secret}, as does {other}; remove one of them, or tell the clusters apart with [[targets]]"
    )]
    HeldTwice {
        /// The Secret.
        secret: SecretRef,
        /// The first file.
        other: RepoPath,
    },
    /// Fleet deploys an application anew for a certificate.
    #[error("a renewal of {} deploys {} anew too; {}", some(secrets), dirs(others), apart(cure.as_ref()))]
    SeveralBundles {
        /// What would be renewed; at least one.
        secrets: Vec<WantKey>,
        /// The other bundles that hold it; none is the top.
        others: Vec<Option<RepoPath>>,
        /// What keeps it out of them.
        cure: Option<IgnoreLine>,
    },
    /// Fleet packs it and no more.
    #[error(
        "a renewal of {} reaches no cluster, as Fleet deploys a chart's templates and what a kustomization lists, and nothing beside; list it there, or give it a bundle of its own (git.layout)",
        some(.secrets)
    )]
    NotDeployed {
        /// What would be renewed; at least one.
        secrets: Vec<WantKey>,
    },
    /// No GitRepo leads there.
    #[error(
        "a renewal of {} reaches no cluster, as no path of a GitRepo leads to it; add one, or give it another place (git.root)",
        some(.secrets)
    )]
    InNoBundle {
        /// What would be renewed; at least one.
        secrets: Vec<WantKey>,
    },
    /// Fleet cannot store it.
    #[error(
        "the bundle takes more than {}, which is all that etcd stores of one; split it, or have Fleet keep bundles in an OCI registry",
        mebibytes(Bundle::LIMIT)
    )]
    TooLarge,
    /// It grows.
    #[error("the bundle takes {} of the {} that etcd stores of one; split it before it grows, or have Fleet keep bundles in an OCI registry", mebibytes(*stored), mebibytes(Bundle::LIMIT))]
    Large {
        /// What it takes, in bytes.
        stored: u64,
    },
}

impl FindingReason {
    /// One word for all of a sort.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Fault(_) => "fault",
            Self::ClearKey { .. } => "clear-key",
            Self::KeysInClear => "keys-in-clear",
            Self::Ended { .. } | Self::Ending { .. } => "unattended",
            Self::HeldTwice { .. } => "held-twice",
            Self::SeveralBundles { .. } => "several-bundles",
            Self::NotDeployed { .. } | Self::InNoBundle { .. } => "not-deployed",
            Self::TooLarge | Self::Large { .. } => "bundle-size",
        }
    }
}

impl Finding {
    pub(super) fn of_fault(fault: &Fault) -> Self {
        use FaultReason::{
            AnotherDuration, CertManager, CertResolver, NoCertificate, NotFollowed, OtherIssuer,
            UnmappedIssuer,
        };
        // Somebody has left it to somebody else, or it is served all the same, or mends itself.
        let is_meant = matches!(
            fault.reason,
            CertManager { .. }
                | CertResolver { .. }
                | UnmappedIssuer { .. }
                | OtherIssuer { .. }
                | NotFollowed { .. }
                | AnotherDuration { .. }
                | NoCertificate
        );
        Self {
            severity: if is_meant { Severity::Warning } else { Severity::Error },
            place: Some(fault.path.clone()),
            document: fault.document,
            field: fault.field.clone(),
            reason: FindingReason::Fault(fault.reason.clone()),
        }
    }
}

fn renewal(secret: &SecretRef, ours: bool) -> String {
    if ours {
        "no manifest wants it, so it is not renewed: remove it, or have one want it".into()
    } else {
        format!(
            "renew it, or have a manifest want it and take it over with: nws-certd import repo {secret}"
        )
    }
}

/// As many as one reads, and how many more.
fn some(secrets: &[WantKey]) -> String {
    const MOST: usize = 3;
    let names = secrets.iter().take(MOST).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match secrets.len().saturating_sub(MOST) {
        0 => names,
        more => format!("{names} or {more} more"),
    }
}

fn dirs(dirs: &[Option<RepoPath>]) -> String {
    let names = dirs.iter().map(|dir| dir.as_ref().map_or(".", RepoPath::as_str));
    names.collect::<Vec<_>>().join(" and ")
}

fn apart(cure: Option<&IgnoreLine>) -> String {
    match cure {
        Some(IgnoreLine { file, line }) => format!("add the line {line:?} to {file}"),
        None => "give it a bundle of its own (git.layout)".into(),
    }
}

fn mebibytes(bytes: u64) -> String {
    let hundredths = bytes.saturating_mul(100) >> 20;
    format!("{}.{:02} MiB", hundredths / 100, hundredths % 100)
}

fn instant(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");
    at.to_offset(time::UtcOffset::UTC).format(&format).unwrap_or_else(|_| at.to_string())
}
