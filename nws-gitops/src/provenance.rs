//! Who issued a certificate, as its Secret says.

use nws_expiry::Profile;

use crate::{GroupName, Owner};

/// The annotation of a Secret that names the CA by the URL of its directory.
pub const CA_ANNOTATION: &str = "nws-certd/ca";

/// The annotation of a Secret that says for which group of clusters its file is, where each has one of its own.
pub(crate) const GROUP_ANNOTATION: &str = "nws-certd/group";

/// What only whoever ordered a certificate knows of it; written into its Secret for people and for a store that is lost.
///
/// Read back it is a claim: anybody who can write to the repository can write this too. What is absent is not known.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Provenance {
    /// The URL of the CA's directory (RFC 8555 §7.1.1).
    pub ca: Option<String>,
    /// The profile it was asked for.
    pub profile: Option<Profile>,
    /// Who wanted it when it was written; [`deliveries`](crate::deliveries) fills it in.
    pub owner: Option<Owner>,
    /// For which of several groups of clusters it was written; [`deliveries`](crate::deliveries) fills it in.
    pub group: Option<GroupName>,
}
