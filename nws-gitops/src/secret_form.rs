//! How a Secret is written around its certificate.

use nws_expiry::KeyEncoding;

use crate::SecretTemplate;

/// What of a Secret is neither its certificate nor ours.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SecretForm {
    /// Its labels and annotations beside ours.
    pub template: SecretTemplate,
    /// How its key is written down.
    pub key_encoding: KeyEncoding,
}
