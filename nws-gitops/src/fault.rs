//! What is wrong with a file, and what to do about it.

use std::fmt;

use nws_expiry::{DnsName, InvalidDnsName, InvalidProfile, InvalidRenewBefore, UnknownKeyType};

use crate::{EmptyHold, InvalidSecretRef, RefusalReason, RepoPath, SecretRef};

/// Something in the repository that keeps a certificate from being served as it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The file.
    pub path: RepoPath,
    /// The YAML document in it, the first being 1; none if it concerns the whole file.
    pub document: Option<usize>,
    /// The field, as in `spec.tls[0].hosts[1]`; none if it concerns the whole document.
    pub field: Option<String>,
    /// What is wrong, and the remedy.
    pub reason: FaultReason,
    /// The hosts that go without a certificate for it, or with another than is asked for, as written.
    pub(crate) hosts: Vec<String>,
}

impl Fault {
    /// The host names it concerns, as they are written in the file; of a text that cannot be read, whatever looks like one.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// Whether it concerns this host name, in whatever case either is written.
    pub fn mentions(&self, host: &str) -> bool {
        self.hosts.iter().any(|written| written.eq_ignore_ascii_case(host))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path)?;
        if let Some(document) = self.document {
            write!(f, ", document {document}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ", {field}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Why something in a file cannot be served; each says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FaultReason {
    /// No YAML or JSON.
    #[error("cannot be read ({detail}); correct it, or leave the file out with discover.exclude")]
    Syntax {
        /// The reader's words, without the text it stumbled over.
        detail: String,
    },
    /// Kubernetes takes UTF-8 only.
    #[error("is not UTF-8; convert it")]
    NotUtf8,
    /// No API server would take it.
    #[error(
        "has {size} bytes, where {limit} are read at most; split it, or leave it out with discover.exclude"
    )]
    TooLarge {
        /// The file's size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// What it will say is known only once it is rendered.
    #[error(
        "is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude"
    )]
    Template,
    /// What is deployed is not what the file says.
    #[error(
        "is changed by {kustomization} ({field}), which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude"
    )]
    Kustomized {
        /// The kustomization that does.
        kustomization: RepoPath,
        /// What changes it, as in `patches[0]`.
        field: String,
    },
    /// What is deployed is in another namespace than the file says, if it says any.
    #[error(
        "is put into namespace {namespace:?} by {kustomization}; write that as its metadata.namespace too, or leave out the one that is not for you with discover.exclude"
    )]
    KustomizedNamespace {
        /// The kustomization that does.
        kustomization: RepoPath,
        /// Its `namespace`.
        namespace: String,
    },
    /// A part of an object, which another one takes in.
    #[error(
        "is a patch of {kustomization} and no object by itself; commit the rendered manifest, or leave the file out with discover.exclude"
    )]
    KustomizePatch {
        /// The kustomization that applies it.
        kustomization: RepoPath,
    },
    /// It may change everything that it names.
    #[error("is named by {kustomization}, which cannot be read; correct that file")]
    KustomizationUnreadable {
        /// The kustomization.
        kustomization: RepoPath,
    },
    /// Removed from Kubernetes, or from what serves the kind.
    #[error("has the API version {found:?}, which is no longer served; write {current:?}")]
    OldApi {
        /// As written.
        found: String,
        /// What to write instead.
        current: &'static str,
    },
    /// Only the cluster's administrators could let another namespace's Secret be used, and git does not tell.
    #[error(
        "names a Secret in namespace {namespace:?}, and a certificate is put only where the object that wants it is; leave the namespace out, or move the object there"
    )]
    SecretElsewhere {
        /// As written.
        namespace: String,
    },
    /// Nothing says which hosts the listener serves.
    #[error(
        "has no hostname, and no route in the repository that attaches to it has one; write it here, or as the route's hostnames"
    )]
    NoRoute,
    /// Labels of namespaces are known to the cluster only.
    #[error(
        "selects namespaces by labels, which the repository does not tell; write the listener's hostname, or select by kubernetes.io/metadata.name"
    )]
    NamespaceSelector,
    /// No rule of Traefik's.
    #[error(
        "is no rule at character {at}, where {wanted} is due; correct it, or write the hosts as tls.domains"
    )]
    Rule {
        /// The byte at which, the first being 1.
        at: usize,
        /// What would be right there.
        wanted: &'static str,
    },
    /// A certificate names its hosts one by one.
    #[error(
        "names hosts by the pattern {pattern:?}, which cannot be listed; write the hosts one by one as tls.domains"
    )]
    HostPattern {
        /// As written.
        pattern: Box<str>,
    },
    /// Its rules go by something else than hosts.
    #[error("names no host in any rule; write the hosts as tls.domains")]
    NoHostInRules,
    /// Traefik orders it by itself, in each cluster.
    #[error(
        "is left to Traefik, which orders from {resolver:?} by itself; remove it to have the certificate from here"
    )]
    CertResolver {
        /// As written.
        resolver: Box<str>,
    },
    /// Somebody else's.
    #[error(
        "is left to cert-manager because of the annotation {annotation:?}; remove it, or set discover.cert_manager = \"adopt\""
    )]
    CertManager {
        /// The first such annotation.
        annotation: String,
    },
    /// A Secret in the wrong namespace would be useless, and readable by the wrong people.
    #[error("states no namespace, nor does a fleet.yaml above it; add metadata.namespace")]
    NoNamespace,
    /// It may state a namespace for everything below it.
    #[error("has its namespace from {path}, which cannot be read; correct that file")]
    FleetUnreadable {
        /// The `fleet.yaml`.
        path: RepoPath,
    },
    /// Nobody reads thousands.
    #[error("has more faults than are listed; correct those first")]
    More,
    /// A field that Kubernetes needs is not there.
    #[error("is missing or empty; add it")]
    Missing,
    /// YAML took it for something else.
    #[error("is {found}, not a string; quote it")]
    NotAString {
        /// What YAML took it for.
        found: &'static str,
    },
    /// Not the shape Kubernetes wants.
    #[error("is {found}, not {wanted}; correct it")]
    Shape {
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// No name a certificate can carry.
    #[error(transparent)]
    Host(#[from] InvalidDnsName),
    /// No Secret Kubernetes would take.
    #[error(transparent)]
    Secret(#[from] InvalidSecretRef),
    /// No kind of key a certificate is made for. Until it is one, nothing new is ordered, and what is there stays as it is.
    #[error(transparent)]
    KeyType(#[from] UnknownKeyType),
    /// No name a CA could give a profile. Until it is one, nothing new is ordered, and what is there stays as it is.
    #[error(transparent)]
    Profile(#[from] InvalidProfile),
    /// No time before the end. Until it is one, nothing new is ordered, and what is there is renewed as if it said nothing.
    #[error(transparent)]
    RenewBefore(#[from] InvalidRenewBefore),
    /// Nobody can tell whether that is a hold. Until somebody can, nothing new is ordered, and what is there is renewed.
    #[error(transparent)]
    Hold(#[from] EmptyHold),
    /// HTTP-01 cannot prove a wildcard (RFC 8555 §7.1.3).
    #[error(
        "{name} is a wildcard, which cannot be validated over HTTP-01; list the hosts one by one"
    )]
    Wildcard {
        /// The name.
        name: DnsName,
    },
    /// The operator decides which names are ours.
    #[error("{name} is not among the allowed names; add it to names.allow, or remove the host")]
    NotAllowed {
        /// The name.
        name: DnsName,
    },
    /// Two files want different certificates in the same place.
    #[error(
        "wants secret {secret}, which {holder} wants with other hosts; give one of them another secretName"
    )]
    Conflict {
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
    /// One certificate is asked for in two ways.
    #[error(
        "asks for {asked:?} in secret {secret}, for which {holder}, document {document}, asks for {kept:?}, which it gets; write the same in both, or give one of them another secretName"
    )]
    OptionConflict {
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
    /// Something stands where the certificate would go.
    #[error(transparent)]
    NoPlace(#[from] RefusalReason),
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
    /// Ours by its label, but not as we wrote it.
    #[error(
        "carries nws-certd's label but no certificate that can be read; a new one will take its place"
    )]
    NoCertificate,
}
