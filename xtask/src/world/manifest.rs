//! Reading Secrets as a cluster would.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;

use crate::tls::Identity;

/// A Secret of type `kubernetes.io/tls`.
pub(crate) struct TlsSecret {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) identity: Identity,
}

impl TlsSecret {
    /// Reads one manifest; `None` if it is something else than a TLS Secret.
    ///
    /// # Errors
    ///
    /// If the text is no YAML, or a TLS Secret lacks what a cluster insists on.
    pub(crate) fn read(text: &str) -> Result<Option<Self>> {
        let manifest: Manifest = serde_saphyr::from_str(text)?;
        match (manifest.kind.as_deref(), manifest.kind_of_secret.as_deref()) {
            (Some("Secret"), Some("kubernetes.io/tls")) => {}
            _ => return Ok(None),
        }
        let identity =
            Identity { certificate: manifest.decode("tls.crt")?, key: manifest.decode("tls.key")? };
        let metadata = manifest.metadata.context("the Secret has no metadata")?;
        Ok(Some(Self { namespace: metadata.namespace, name: metadata.name, identity }))
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
}

#[derive(Deserialize)]
struct Metadata {
    namespace: String,
    name: String,
}

impl Manifest {
    fn decode(&self, key: &str) -> Result<String> {
        let value = self.data.get(key).with_context(|| format!("the Secret has no {key}"))?;
        let value = BASE64_STANDARD.decode(value).with_context(|| format!("{key} is no base64"))?;
        String::from_utf8(value).with_context(|| format!("{key} is no PEM"))
    }
}

#[cfg(test)]
mod tests {
    use super::TlsSecret;

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
        assert_eq!((secret.namespace.as_str(), secret.name.as_str()), ("shop", "shop-tls"));
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
}
