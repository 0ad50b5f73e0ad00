//! What a manifest may say of how its certificate is made.

use nws_expiry::{KeyType, Profile};

/// The annotation of an object that names the [`KeyType`] of its certificates.
pub const KEY_TYPE_ANNOTATION: &str = "nws-certd/key-type";

/// The annotation that names a [`Profile`]: on what wants a certificate the one to ask for, on a Secret of ours the one
/// that was asked for.
pub const PROFILE_ANNOTATION: &str = "nws-certd/profile";

/// How a certificate is to be made. What is not stated is the operator's to decide.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CertificateOptions {
    /// The kind of its key.
    pub key_type: Option<KeyType>,
    /// The profile to ask the CA for.
    pub profile: Option<Profile>,
}
