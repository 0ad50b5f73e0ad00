//! A SealedSecret as text: everything but its two sealed values.

use std::collections::BTreeMap;

use nws_expiry::{Chain, DnsNames, KeyEncoding};

use super::{KEY_ENCODING_ANNOTATION, SEAL_KEY_ANNOTATION};
use crate::manifest::{
    CERTIFICATE_ANNOTATION, MANAGED_ANNOTATION, RESOURCE_POLICY, certificate, claims, facts,
    metadata,
};
use crate::secret_template::TEMPLATE_ANNOTATION;
use crate::{Provenance, Scope, SecretForm, SecretTemplate, WantKey};

/// What stands between the two sealed values.
pub(crate) const BETWEEN: &str = "\"\n    tls.key: \"";

/// What anybody may know of a SealedSecret, and what decides its text.
pub(crate) struct Public<'a> {
    pub(crate) key: &'a WantKey,
    /// Only its leaf is told.
    pub(crate) chain: &'a Chain,
    pub(crate) names: &'a DnsNames,
    pub(crate) provenance: &'a Provenance,
    pub(crate) form: &'a SecretForm,
    pub(crate) key_id: &'a str,
    pub(crate) scope: Scope,
}

type Annotations = BTreeMap<&'static str, String>;

impl Public<'_> {
    /// The file, around its two sealed values.
    pub(super) fn render(&self, certificates: &str, private: &str) -> String {
        [&self.before(), certificates, BETWEEN, private, &self.after()].concat()
    }

    /// Everything down to the first sealed value.
    pub(crate) fn before(&self) -> String {
        let metadata =
            metadata(&self.key.secret, &SecretTemplate::default(), self.own_annotations());
        format!(
            "apiVersion: \"bitnami.com/v1alpha1\"\nkind: \"SealedSecret\"\n{metadata}spec:\n  encryptedData:\n    tls.crt: \""
        )
    }

    /// Everything behind the second.
    pub(crate) fn after(&self) -> String {
        let annotations = self.annotations_of_secret();
        let metadata = metadata(&self.key.secret, &self.form.template, annotations);
        // Every scalar is quoted, so each line of the text is one of YAML.
        let deeper: String = metadata.lines().map(|line| format!("    {line}\n")).collect();
        format!("\"\n  template:\n{deeper}    type: \"kubernetes.io/tls\"\n")
    }

    /// What we read back, and what the controller opens it by.
    fn own_annotations(&self) -> Annotations {
        let mut annotations = claims(self.key, self.provenance);
        annotations.extend([
            (RESOURCE_POLICY, "keep".to_owned()),
            (CERTIFICATE_ANNOTATION, certificate(self.chain)),
            (SEAL_KEY_ANNOTATION, self.key_id.to_owned()),
        ]);
        if self.form.key_encoding != KeyEncoding::default() {
            annotations.insert(KEY_ENCODING_ANNOTATION, self.form.key_encoding.to_string());
        }
        annotations.extend(self.scope.annotation().map(|mark| (mark, "true".to_owned())));
        annotations
    }

    /// What the Secret in the cluster says, but for the leaf, which it holds in clear.
    ///
    /// Helm does not own that Secret, its SealedSecret does, and it goes with it whatever it carries. Yet while a plain manifest makes
    /// way for this one, Helm deletes what is no longer in its release, if it does not find `keep` on the live object; and the
    /// controller, which may have been there first, has put these annotations in place of the former. `managed` lets
    /// another SealedSecret of the same name, made anew, take the Secret over at once. The scope is marked here too, as kubeseal does.
    fn annotations_of_secret(&self) -> Annotations {
        let mut annotations = claims(self.key, self.provenance);
        annotations.extend(facts(self.chain.leaf(), self.names));
        annotations.extend([
            (RESOURCE_POLICY, "keep".to_owned()),
            (MANAGED_ANNOTATION, "true".to_owned()),
        ]);
        annotations.extend(self.scope.annotation().map(|mark| (mark, "true".to_owned())));
        annotations.extend(self.form.template.mark().map(|mark| (TEMPLATE_ANNOTATION, mark)));
        annotations
    }
}
