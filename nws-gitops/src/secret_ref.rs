//! Which Secret, in which clusters.

use std::fmt;
use std::str::FromStr;

/// A Secret by namespace and name, written `namespace/name`.
///
/// The namespace is a label, the name a subdomain (RFC 1123, as Kubernetes' object names).
///
/// ```
/// use nws_gitops::SecretRef;
///
/// let secret: SecretRef = "shop/shop-tls".parse()?;
/// assert_eq!((secret.namespace(), secret.name()), ("shop", "shop-tls"));
/// # Ok::<(), nws_gitops::InvalidSecretRef>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SecretRef {
    namespace: Box<str>,
    name: Box<str>,
}

impl SecretRef {
    /// The longest name, in characters.
    pub const MAX_NAME_LEN: usize = 253;
    /// The longest namespace, in characters.
    pub const MAX_NAMESPACE_LEN: usize = 63;

    /// Checks both parts.
    ///
    /// # Errors
    ///
    /// [`InvalidSecretRef`] says which part Kubernetes would refuse.
    pub fn new(namespace: &str, name: &str) -> Result<Self, InvalidSecretRef> {
        if namespace.len() > Self::MAX_NAMESPACE_LEN || !is_label(namespace) {
            return Err(InvalidSecretRef::Namespace { found: namespace.into() });
        }
        if name.len() > Self::MAX_NAME_LEN || !name.split('.').all(is_label) {
            return Err(InvalidSecretRef::Name { found: name.into() });
        }
        Ok(Self { namespace: namespace.into(), name: name.into() })
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for SecretRef {
    type Err = InvalidSecretRef;

    fn from_str(text: &str) -> Result<Self, InvalidSecretRef> {
        match text.split_once('/') {
            Some((namespace, name)) => Self::new(namespace, name),
            None => Err(InvalidSecretRef::NoSlash { found: text.into() }),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Letters, digits and inner hyphens (RFC 1123 §2.1, lower case only).
pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Why a text names no Secret.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidSecretRef {
    /// One part only.
    #[error("{found:?} names no secret; write it as namespace/name")]
    NoSlash {
        /// As written.
        found: String,
    },
    /// No RFC 1123 label.
    #[error("{found:?} is no namespace; a namespace has up to 63 of a-z, 0-9 and inner '-'")]
    Namespace {
        /// As written.
        found: String,
    },
    /// No RFC 1123 subdomain.
    #[error("{found:?} is no secret name; a name has up to 253 of a-z, 0-9, inner '-' and '.'")]
    Name {
        /// As written.
        found: String,
    },
}

/// A group of clusters that get the same Secrets: `default`, unless the configuration names others.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Target(Box<str>);

impl Target {
    /// The name of the default target.
    pub const DEFAULT: &str = "default";

    /// The target as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the target of whatever the configuration does not single out.
    pub fn is_default(&self) -> bool {
        &*self.0 == Self::DEFAULT
    }
}

impl Default for Target {
    fn default() -> Self {
        Self(Self::DEFAULT.into())
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        if text.len() <= SecretRef::MAX_NAMESPACE_LEN && is_label(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidTarget { found: text.into() })
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no [`Target`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no target; a target has up to 63 of a-z, 0-9 and inner '-'")]
pub struct InvalidTarget {
    /// As written.
    pub found: String,
}

/// What is wanted, by name: one Secret in one target.
///
/// Two targets may both have `shop/shop-tls`, and those are two wants. Written `shop/shop-tls` in the default target,
/// `eu:shop/shop-tls` in another.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct WantKey {
    /// The clusters.
    pub target: Target,
    /// The Secret there.
    pub secret: SecretRef,
}

impl fmt::Display for WantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.target.is_default() {
            write!(f, "{}:", self.target)?;
        }
        write!(f, "{}", self.secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_text() {
        for text in ["shop/shop-tls", "a/1.5", "kube-system/123"] {
            assert_eq!(text.parse::<SecretRef>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn secrets_kubernetes_would_refuse() {
        let long = format!("shop/{}", "a".repeat(254));
        for text in [
            "",
            "shop",
            "/shop",
            "shop/",
            "Shop/tls",
            "shop.a/tls",
            "shop/-tls",
            "shop/a..b",
            "shop/a/b",
            &long,
        ] {
            assert!(text.parse::<SecretRef>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_other_targets_are_written_out() {
        let secret: SecretRef = "shop/shop-tls".parse().unwrap();
        let key = |target| WantKey { target, secret: secret.clone() }.to_string();
        assert_eq!(key(Target::default()), "shop/shop-tls");
        assert_eq!(key("eu".parse().unwrap()), "eu:shop/shop-tls");
    }
}
