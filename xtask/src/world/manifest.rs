//! Reading manifests as a cluster would.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::tls::Identity;

/// What Helm is told of an object that it is to leave alone.
const RESOURCE_POLICY: &str = "helm.sh/resource-policy";

/// What a manifest asks a cluster to have, as far as the worlds' clusters know it.
pub(crate) enum Object {
    Secret(TlsSecret),
    Sealed(SealedSecret),
}

/// An object by what a cluster tells it apart by.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Reference {
    pub(crate) kind: Kind,
    pub(crate) name: SecretName,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Secret,
    SealedSecret,
}

/// Where a Secret is, and so a SealedSecret, which becomes the Secret of its own name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct SecretName {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// A Secret of type `kubernetes.io/tls`.
pub(crate) struct TlsSecret {
    pub(crate) name: SecretName,
    pub(crate) annotations: Annotations,
    pub(crate) identity: Identity,
}

/// A SealedSecret, closed.
#[derive(Clone)]
pub(crate) struct SealedSecret {
    pub(crate) name: SecretName,
    pub(crate) annotations: Annotations,
    /// Base64 by the Secret's keys.
    pub(crate) encrypted: BTreeMap<String, String>,
    /// Those that the Secret gets.
    pub(crate) template: Annotations,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Annotations(BTreeMap<String, String>);

impl Annotations {
    /// Whether an annotation says `true`.
    pub(crate) fn say(&self, annotation: &str) -> bool {
        self.0.get(annotation).is_some_and(|value| value == "true")
    }

    /// Whether Helm is told to leave the object alone when its file goes.
    pub(crate) fn keep(&self) -> bool {
        self.0.get(RESOURCE_POLICY).is_some_and(|value| value == "keep")
    }
}

impl Object {
    /// Reads one manifest; `None` if it is of another kind.
    ///
    /// # Errors
    ///
    /// If the text is no YAML, or the object lacks what a cluster insists on.
    pub(crate) fn read(text: &str) -> Result<Option<Self>> {
        let manifest: Manifest = serde_saphyr::from_str(text)?;
        let object = match (manifest.kind.as_deref(), manifest.kind_of_secret.as_deref()) {
            (Some("Secret"), Some("kubernetes.io/tls")) => Self::Secret(manifest.secret()?),
            (Some("SealedSecret"), None) => Self::Sealed(manifest.sealed()?),
            _ => return Ok(None),
        };
        Ok(Some(object))
    }

    pub(crate) fn reference(&self) -> Reference {
        let (kind, name) = match self {
            Self::Secret(secret) => (Kind::Secret, &secret.name),
            Self::Sealed(sealed) => (Kind::SealedSecret, &sealed.name),
        };
        Reference { kind, name: name.clone() }
    }

    pub(crate) fn annotations(&self) -> &Annotations {
        match self {
            Self::Secret(secret) => &secret.annotations,
            Self::Sealed(sealed) => &sealed.annotations,
        }
    }
}

impl TlsSecret {
    /// Reads one manifest; `None` if it is something else than a TLS Secret.
    ///
    /// # Errors
    ///
    /// As [`Object::read`].
    pub(crate) fn read(text: &str) -> Result<Option<Self>> {
        Ok(match Object::read(text)? {
            Some(Object::Secret(secret)) => Some(secret),
            Some(Object::Sealed(_)) | None => None,
        })
    }
}

#[derive(Deserialize)]
struct Manifest {
    kind: Option<String>,
    #[serde(rename = "type")]
    kind_of_secret: Option<String>,
    metadata: Option<Metadata>,
    #[serde(default)]
    data: BTreeMap<String, String>,
    spec: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Metadata {
    namespace: String,
    name: String,
    #[serde(default)]
    annotations: Annotations,
}

/// The `spec` of a SealedSecret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sealing {
    encrypted_data: BTreeMap<String, String>,
    template: Template,
}

#[derive(Deserialize)]
struct Template {
    #[serde(rename = "type")]
    kind_of_secret: String,
    #[serde(default)]
    metadata: TemplateMetadata,
}

#[derive(Default, Deserialize)]
struct TemplateMetadata {
    #[serde(default)]
    annotations: Annotations,
}

impl Manifest {
    fn secret(self) -> Result<TlsSecret> {
        let identity =
            Identity { certificate: self.decode("tls.crt")?, key: self.decode("tls.key")? };
        let (name, annotations) = self.metadata.context("the Secret has no metadata")?.split();
        Ok(TlsSecret { name, annotations, identity })
    }

    fn sealed(self) -> Result<SealedSecret> {
        let (name, annotations) =
            self.metadata.context("the SealedSecret has no metadata")?.split();
        let spec = self.spec.context("the SealedSecret has no spec")?;
        let Sealing { encrypted_data: encrypted, template } = serde_json::from_value(spec)?;
        let kind = template.kind_of_secret;
        ensure!(kind == "kubernetes.io/tls", "the SealedSecret is for a Secret of type {kind}");
        Ok(SealedSecret { name, annotations, encrypted, template: template.metadata.annotations })
    }

    fn decode(&self, key: &str) -> Result<String> {
        let value = self.data.get(key).with_context(|| format!("the Secret has no {key}"))?;
        let value = BASE64_STANDARD.decode(value).with_context(|| format!("{key} is no base64"))?;
        String::from_utf8(value).with_context(|| format!("{key} is no PEM"))
    }
}

impl Metadata {
    fn split(self) -> (SecretName, Annotations) {
        let Self { namespace, name, annotations } = self;
        (SecretName { namespace, name }, annotations)
    }
}

#[cfg(test)]
mod tests {
    use super::{Object, TlsSecret};

    const SECRET: &str = r#"
apiVersion: "v1"
kind: "Secret"
type: "kubernetes.io/tls"
metadata:
  namespace: "shop"
  name: "shop-tls"
  labels:
    nws-certd/managed: "true"
data:
  "tls.crt": "bGVhZg=="
  "tls.key": "a2V5"
"#;

    #[test]
    fn a_tls_secret_is_read_whole() {
        let secret = TlsSecret::read(SECRET).unwrap().unwrap();
        assert_eq!(secret.name.to_string(), "shop/shop-tls");
        assert_eq!(
            (secret.identity.certificate.as_str(), secret.identity.key.as_str()),
            ("leaf", "key")
        );
    }

    #[test]
    fn what_is_no_tls_secret_is_left_alone() {
        let cases = [
            ("fleet.yaml", "defaultNamespace: shop\nlabels: {a: b}\n"),
            ("opaque", "kind: Secret\ntype: Opaque\nmetadata: {namespace: a, name: b}\n"),
            ("ingress", "kind: Ingress\nmetadata: {namespace: a, name: b}\nspec: {}\n"),
        ];
        for (case, text) in cases {
            assert!(TlsSecret::read(text).unwrap().is_none(), "{case}");
        }
    }

    #[test]
    fn a_tls_secret_that_a_cluster_would_refuse_is_an_error() {
        let cases = [
            ("no key", SECRET.replace("tls.key", "tls.kee")),
            ("no base64", SECRET.replace("a2V5", "?")),
            ("no namespace", SECRET.replace("namespace:", "namespaze:")),
        ];
        for (case, text) in cases {
            assert!(TlsSecret::read(&text).is_err(), "{case}");
        }
    }

    const SEALED: &str = r#"
apiVersion: "bitnami.com/v1alpha1"
kind: "SealedSecret"
metadata:
  namespace: "shop"
  name: "shop-tls"
  annotations:
    helm.sh/resource-policy: "keep"
spec:
  encryptedData:
    tls.crt: "AQA="
    tls.key: "AQB="
  template:
    type: "kubernetes.io/tls"
    metadata:
      annotations:
        sealedsecrets.bitnami.com/managed: "true"
"#;

    #[test]
    fn a_sealed_secret_has_annotations_of_its_own_and_those_of_its_secret() {
        let Some(Object::Sealed(sealed)) = Object::read(SEALED).unwrap() else {
            panic!("it is something else")
        };
        assert_eq!(sealed.name.to_string(), "shop/shop-tls");
        assert_eq!(sealed.encrypted["tls.key"], "AQB=");
        let managed = "sealedsecrets.bitnami.com/managed";
        assert!(sealed.annotations.keep() && !sealed.annotations.say(managed));
        assert!(!sealed.template.keep() && sealed.template.say(managed));
    }

    #[test]
    fn a_sealed_secret_for_another_type_of_secret_is_an_error() {
        let text = SEALED.replace("kubernetes.io/tls", "Opaque");
        let error = Object::read(&text).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("the SealedSecret is for a Secret of type Opaque"));
    }
}
