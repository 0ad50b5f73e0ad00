//! The kinds of objects that can want a certificate.

use std::fmt;

/// A kind of object that can want a certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// `networking.k8s.io/v1`, by `spec.tls`.
    Ingress,
    /// `cert-manager.io/v1`, by `spec.secretName`.
    Certificate,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Certificate];

    /// As manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Certificate => "Certificate",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
