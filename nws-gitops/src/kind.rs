//! The kinds of objects that can want a certificate.

use std::fmt;

/// A kind of object that can want a certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// `networking.k8s.io/v1`, by `spec.tls`.
    Ingress,
    /// `cert-manager.io/v1`, by `spec.secretName`.
    Certificate,
    /// `nws-certd/v1`, our own: an entry of a file `nws-certd.yaml`.
    Certificates,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ingress, Self::Certificate, Self::Certificates];

    /// As manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Certificate => "Certificate",
            Self::Certificates => "Certificates",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
