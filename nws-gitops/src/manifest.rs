//! The Secret manifest of a certificate.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_expiry::{Chain, DnsNames, Issued, Leaf};
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::provenance::GROUP_ANNOTATION;
use crate::secret_template::{TEMPLATE_ANNOTATION, TemplatePart};
use crate::{
    CA_ANNOTATION, OWNER_ANNOTATION, PROFILE_ANNOTATION, Provenance, SecretForm, SecretRef,
    SecretTemplate, WantKey,
};

/// The label that makes a Secret ours, with the value `"true"`.
pub const MANAGED_LABEL: &str = "nws-certd/managed";

/// The annotation that says which clusters a Secret is for, where that is not the default target.
pub(crate) const TARGET_ANNOTATION: &str = "nws-certd/target";
/// The annotation by which Helm, and so Fleet, leaves a live object alone when its file goes, with the value `keep`.
pub(crate) const RESOURCE_POLICY: &str = "helm.sh/resource-policy";
/// The annotation that repeats the public leaf, as base64 of its DER.
pub(crate) const CERTIFICATE_ANNOTATION: &str = "nws-certd/certificate";
/// The annotation of a live Secret that lets the sealed-secrets controller take it over, with the value `"true"`.
pub(crate) const MANAGED_ANNOTATION: &str = "sealedsecrets.bitnami.com/managed";

/// The text of a manifest; it holds a private key, so it is wiped on drop and never shown.
#[derive(Clone)]
pub struct Manifest(Zeroizing<String>);

impl Manifest {
    /// The YAML text; the key in it is in clear, unless it is sealed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn of(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        let Self(mut text) = self;
        Zeroizing::new(std::mem::take(&mut *text).into_bytes())
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Manifest(..)")
    }
}

/// Renders a certificate as a plain Secret of type `kubernetes.io/tls`.
///
/// The same certificate of the same provenance always gives the same bytes. Every scalar is quoted, since `1.5` and `on` are
/// names to Kubernetes and something else to YAML. The annotations, sorted, repeat in clear what the certificate says, so that
/// a reviewer can read a diff and the leaf stays legible in a repository where `data` is sealed; and they say who issued it and who
/// wants it, where that is known, and which target it is for, where that is not the default one. Behind ours, the labels and annotations of the
/// template.
pub fn manifest(
    key: &WantKey,
    issued: &Issued,
    provenance: &Provenance,
    form: &SecretForm,
) -> Manifest {
    let private = base64(issued.key().to_pem_as(form.key_encoding).as_bytes());
    let public = before_key(key, issued.chain(), issued.names(), provenance, &form.template);
    // One allocation of the right size: a string that grows leaves copies of the key behind.
    let mut text = Zeroizing::new(String::with_capacity(public.len() + private.len() + 2));
    text.push_str(&public);
    text.push_str(&private);
    text.push_str("\"\n");
    Manifest(text)
}

/// Everything of a manifest down to the key, which is all that follows.
pub(crate) fn before_key(
    key: &WantKey,
    chain: &Chain,
    names: &DnsNames,
    provenance: &Provenance,
    template: &SecretTemplate,
) -> String {
    let certificates = base64(chain.to_pem().as_bytes());
    format!(
        "{}type: \"kubernetes.io/tls\"\ndata:\n  tls.crt: \"{}\"\n  tls.key: \"",
        head(key, chain, names, provenance, template),
        *certificates
    )
}

fn head(
    key: &WantKey,
    chain: &Chain,
    names: &DnsNames,
    provenance: &Provenance,
    template: &SecretTemplate,
) -> String {
    let annotations = annotations(key, chain, names, provenance, template);
    let metadata = metadata(&key.secret, template, annotations);
    format!("apiVersion: \"v1\"\nkind: \"Secret\"\n{metadata}")
}

/// The metadata of an object of ours, with the labels and annotations of a template behind ours.
pub(crate) fn metadata(
    secret: &SecretRef,
    template: &SecretTemplate,
    annotations: BTreeMap<&'static str, String>,
) -> String {
    let mut text = format!(
        "metadata:\n  namespace: {}\n  name: {}\n  labels:\n    {MANAGED_LABEL}: \"true\"\n{}  annotations:\n",
        Quoted(secret.namespace()),
        Quoted(secret.name()),
        template.lines(TemplatePart::Label),
    );
    for (name, value) in annotations {
        text += &format!("    {name}: {}\n", Quoted(&value));
    }
    text += &template.lines(TemplatePart::Annotation);
    text
}

/// Ours, by name.
pub(crate) fn annotations(
    key: &WantKey,
    chain: &Chain,
    names: &DnsNames,
    provenance: &Provenance,
    template: &SecretTemplate,
) -> BTreeMap<&'static str, String> {
    let mut annotations = facts(chain.leaf(), names);
    annotations.extend(claims(key, provenance));
    annotations.extend([
        // A file that moves from one Helm release to another must not take the live Secret with it.
        (RESOURCE_POLICY, "keep".to_owned()),
        (CERTIFICATE_ANNOTATION, certificate(chain)),
        // Going sealed later needs no gap.
        (MANAGED_ANNOTATION, "true".to_owned()),
    ]);
    annotations.extend(template.mark().map(|mark| (TEMPLATE_ANNOTATION, mark)));
    annotations
}

/// What [`CERTIFICATE_ANNOTATION`] says.
pub(crate) fn certificate(chain: &Chain) -> String {
    chain.certificates().next().map(|der| STANDARD.encode(der)).unwrap_or_default()
}

/// What a certificate says of itself, for people.
pub(crate) fn facts(leaf: &Leaf, names: &DnsNames) -> BTreeMap<&'static str, String> {
    let names: Vec<_> = names.iter().map(AsRef::as_ref).collect();
    BTreeMap::from([
        ("nws-certd/dns-names", names.join(",")),
        ("nws-certd/issuer", leaf.issuer()),
        ("nws-certd/not-after", not_after(leaf)),
        ("nws-certd/serial", leaf.serial().to_string()),
        ("nws-certd/sha256", leaf.fingerprint().to_string()),
    ])
}

/// What no certificate says: which clusters it is for, where that is not the default target, who issued it and who wants it.
pub(crate) fn claims(key: &WantKey, provenance: &Provenance) -> BTreeMap<&'static str, String> {
    let target = (!key.target.is_default()).then(|| key.target.to_string());
    let Provenance { ca, profile, owner, group } = provenance;
    let all = [
        (TARGET_ANNOTATION, target),
        (CA_ANNOTATION, ca.clone()),
        (PROFILE_ANNOTATION, profile.as_ref().map(ToString::to_string)),
        (OWNER_ANNOTATION, owner.as_ref().map(ToString::to_string)),
        (GROUP_ANNOTATION, group.as_ref().map(ToString::to_string)),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// The end of the certificate, to the second, as RFC 3339.
pub(crate) fn not_after(leaf: &Leaf) -> String {
    // Certificates end at whole seconds of the years 1950 to 9999 (RFC 5280 §4.1.2.5), which RFC 3339 can write.
    leaf.not_after().format(&Rfc3339).unwrap_or_else(|_| leaf.not_after().to_string())
}

fn base64(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(STANDARD.encode(bytes))
}

/// A YAML double-quoted scalar (YAML 1.2 §7.3.1) in printable ASCII.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                ' '..='~' => write!(f, "{c}")?,
                _ => write!(f, "\\U{:08X}", u32::from(c))?,
            }
        }
        f.write_str("\"")
    }
}
