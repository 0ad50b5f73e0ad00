//! What somebody else has, or wants too.

use nws_expiry::DnsName;

use crate::{RepoPath, SecretRef};

/// Why nobody or somebody else gets what is asked for; each names the other file, and says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Conflict {
    /// Two files want different certificates in the same place.
    #[error(
        "wants secret {secret}, which {holder} wants with other hosts; give one of them another secretName"
    )]
    Secret {
        /// The Secret.
        secret: SecretRef,
        /// The file that keeps it.
        holder: RepoPath,
    },
    /// Two repositories want a Secret that goes to one.
    #[error(
        "wants secret {secret}, which goes to the repository {repository}, as {holder} asks, and not where the others of this repository go; if other clusters apply it, give it a target of its own, else the same deliver_to"
    )]
    OtherRepository {
        /// The Secret.
        secret: SecretRef,
        /// Where it goes.
        repository: String,
        /// The file that has its way.
        holder: RepoPath,
    },
    /// A tenant's host is no other's.
    #[error(
        "names {host}, for which namespace {namespace} has a certificate{}; use another host, or set names.shared = \"allow\"",
        asked_for(.path.as_ref())
    )]
    HostHeld {
        /// The host.
        host: DnsName,
        /// The namespace that keeps it.
        namespace: String,
        /// The first file that asks for it there.
        path: Option<RepoPath>,
    },
    /// Nobody knows whose it is.
    #[error(
        "names {host}, as does namespace {namespace}{}; neither gets a certificate for it until one leaves it out, or names.shared is \"allow\"",
        asked_for(.path.as_ref())
    )]
    HostContested {
        /// The host.
        host: DnsName,
        /// The other namespace.
        namespace: String,
        /// The first file that asks for it there.
        path: Option<RepoPath>,
    },
    /// One certificate is asked for in two ways.
    #[error(
        "asks for {asked:?} in secret {secret}, for which {holder}, document {document}, asks for {kept:?}, which it gets; write the same in both, or give one of them another secretName"
    )]
    Option {
        /// The Secret.
        secret: SecretRef,
        /// As written here.
        asked: Box<str>,
        /// The file that has its way.
        holder: RepoPath,
        /// The YAML document in it, the first being 1.
        document: usize,
        /// As written there.
        kept: Box<str>,
    },
    /// Not ours to overwrite.
    #[error(
        "wants secret {secret}, which {path} holds and nws-certd did not write; use another secretName, remove that file, or take it over with: nws-certd import repo {secret}"
    )]
    ForeignSecret {
        /// The Secret.
        secret: SecretRef,
        /// The file that holds it.
        path: RepoPath,
    },
    /// Two bundles would fight over the object.
    #[error(
        "holds secret {secret}, as does {other}, which is the one kept up to date; remove this file"
    )]
    DeliveredTwice {
        /// The Secret.
        secret: SecretRef,
        /// The file that counts.
        other: RepoPath,
    },
    /// It is for other groups of clusters than there are now.
    #[error(
        "holds secret {secret} for clusters as they were grouped before, which {other} and the like are for now; it goes by itself if deletion is configured, and else: once all clusters have those, remove this directory as it is, fleet.yaml and all, in one commit"
    )]
    LeftBehind {
        /// The Secret.
        secret: SecretRef,
        /// The file that counts, or one of them.
        other: RepoPath,
    },
}

/// A host may come from a route, whose file asks for nothing itself.
fn asked_for(path: Option<&RepoPath>) -> String {
    path.map_or_else(String::new, |path| format!(" ({path} asks for it)"))
}
