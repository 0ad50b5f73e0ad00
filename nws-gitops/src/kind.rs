//! The kinds of objects that can want a certificate.

use std::fmt;

/// A kind of object that can want a certificate.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// `networking.k8s.io/v1`, by `spec.tls`.
    Ingress,
    /// `gateway.networking.k8s.io/v1`, by `spec.listeners[].tls`.
    Gateway,
    /// `gateway.networking.k8s.io/v1`: listeners that somebody else adds to a Gateway.
    ListenerSet,
    /// The same while it was an experiment, `gateway.networking.x-k8s.io/v1alpha1`.
    XListenerSet,
    /// `traefik.io/v1alpha1`, by `spec.tls`.
    IngressRoute,
    /// The same for TCP.
    IngressRouteTcp,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Ingress,
        Self::Gateway,
        Self::ListenerSet,
        Self::XListenerSet,
        Self::IngressRoute,
        Self::IngressRouteTcp,
    ];

    /// As manifests write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Gateway => "Gateway",
            Self::ListenerSet => "ListenerSet",
            Self::XListenerSet => "XListenerSet",
            Self::IngressRoute => "IngressRoute",
            Self::IngressRouteTcp => "IngressRouteTCP",
        }
    }

    /// The kind that manifests write so.
    pub(crate) fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// The field that names a Secret, within the place that wants it.
    pub(crate) fn secret_field(self) -> &'static str {
        match self {
            Self::Ingress | Self::IngressRoute | Self::IngressRouteTcp => "secretName",
            Self::Gateway | Self::ListenerSet | Self::XListenerSet => "name",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
