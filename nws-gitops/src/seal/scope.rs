//! How far a sealed value can be carried.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::SecretRef;

/// Where a value of a SealedSecret opens. Sealed-secrets' own words and default.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Scope {
    /// Only in the Secret that it was sealed for.
    #[default]
    Strict,
    /// In any Secret of the namespace.
    NamespaceWide,
    /// In any Secret of the cluster.
    ClusterWide,
}

impl Scope {
    /// From the narrowest.
    pub const ALL: [Self; 3] = [Self::Strict, Self::NamespaceWide, Self::ClusterWide];

    /// As the configuration has it: `strict`, `namespace-wide` or `cluster-wide`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::NamespaceWide => "namespace-wide",
            Self::ClusterWide => "cluster-wide",
        }
    }

    /// The OAEP label (RFC 8017 §7.1) that binds a value to its place (`EncryptionLabel` of sealed-secrets).
    pub(crate) fn label(self, secret: &SecretRef) -> String {
        match self {
            Self::Strict => secret.to_string(),
            Self::NamespaceWide => secret.namespace().to_owned(),
            Self::ClusterWide => String::new(),
        }
    }

    /// The annotation that tells the controller, with the value `"true"`; the narrowest has none.
    pub(crate) fn annotation(self) -> Option<&'static str> {
        match self {
            Self::Strict => None,
            Self::NamespaceWide => Some("sealedsecrets.bitnami.com/namespace-wide"),
            Self::ClusterWide => Some("sealedsecrets.bitnami.com/cluster-wide"),
        }
    }

    /// What the annotations of a SealedSecret say, as its controller reads them: the widest counts.
    pub(crate) fn of(annotations: &Value) -> Self {
        let mut widest_first = Self::ALL.into_iter().rev();
        let is_marked =
            |scope: &Self| scope.annotation().is_some_and(|name| annotations[name] == "true");
        widest_first.find(is_marked).unwrap_or_default()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        found.ok_or_else(|| UnknownScope { found: text.into() })
    }
}

/// A text that is no [`Scope`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no scope; write strict, namespace-wide or cluster-wide")]
pub struct UnknownScope {
    /// As written.
    pub found: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_scope_is_its_text_its_label_and_its_mark() {
        let secret = "shop/shop-tls".parse().unwrap();
        let cases = [
            (Scope::Strict, "strict", "shop/shop-tls"),
            (Scope::NamespaceWide, "namespace-wide", "shop"),
            (Scope::ClusterWide, "cluster-wide", ""),
        ];
        for (scope, text, label) in cases {
            assert_eq!(scope.to_string(), text);
            assert_eq!(text.parse(), Ok(scope));
            assert_eq!(scope.label(&secret), label, "{scope}");
            let marks = scope.annotation().map(|name| (name.to_owned(), json!("true")));
            assert_eq!(Scope::of(&marks.into_iter().collect()), scope);
        }
        for text in ["", "Strict", "namespace_wide", "cluster"] {
            assert_eq!(text.parse::<Scope>(), Err(UnknownScope { found: text.into() }));
        }
    }

    #[test]
    fn the_widest_mark_counts_as_for_the_controller() {
        const NAMESPACE: &str = "sealedsecrets.bitnami.com/namespace-wide";
        const CLUSTER: &str = "sealedsecrets.bitnami.com/cluster-wide";
        let cases = [
            (json!({NAMESPACE: "true", CLUSTER: "true"}), Scope::ClusterWide),
            (json!({NAMESPACE: "true", CLUSTER: "false"}), Scope::NamespaceWide),
            (json!({NAMESPACE: "yes", CLUSTER: true}), Scope::Strict),
            (json!(null), Scope::Strict),
        ];
        for (annotations, want) in cases {
            assert_eq!(Scope::of(&annotations), want, "{annotations}");
        }
    }
}
