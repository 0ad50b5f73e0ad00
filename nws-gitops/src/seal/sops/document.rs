//! What stands in a SOPS file besides SOPS' own block.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_expiry::{Chain, DnsNames, Issued};
use zeroize::Zeroizing;

use super::SopsKind;
use super::node::{Key, Node};
use crate::manifest::{
    CERTIFICATE_ANNOTATION, MANAGED_ANNOTATION, MANAGED_LABEL, RESOURCE_POLICY, annotations,
};
use crate::{Provenance, SecretForm, SecretTemplate, WantKey};

/// A document before anything in it is encrypted.
pub(super) type Plain = Node<Zeroizing<String>>;

/// What a document says in clear.
pub(super) struct Facts<'a> {
    pub(super) key: &'a WantKey,
    pub(super) chain: &'a Chain,
    pub(super) names: &'a DnsNames,
    pub(super) provenance: &'a Provenance,
    pub(super) template: &'a SecretTemplate,
}

/// What stands under `data`, in base64.
pub(super) struct Data {
    pub(super) certificates: Zeroizing<String>,
    pub(super) key: Zeroizing<String>,
}

impl Data {
    pub(super) fn of(issued: &Issued, form: &SecretForm) -> Self {
        let key = issued.key().to_pem_as(form.key_encoding);
        let base64 = |bytes: &[u8]| Zeroizing::new(STANDARD.encode(bytes));
        Self {
            certificates: base64(issued.chain().to_pem().as_bytes()),
            key: base64(key.as_bytes()),
        }
    }

    fn into_node(self) -> Plain {
        Node::of([("tls.crt", Node::Leaf(self.certificates)), ("tls.key", Node::Leaf(self.key))])
    }
}

impl Facts<'_> {
    /// The document of a certificate.
    pub(super) fn document(&self, kind: SopsKind, data: Data) -> Plain {
        match kind {
            SopsKind::Secret => Node::of([
                ("apiVersion", text("v1")),
                ("kind", text("Secret")),
                ("metadata", self.metadata()),
                ("type", text(TYPE)),
                ("data", data.into_node()),
            ]),
            SopsKind::SopsSecret => Node::of([
                ("apiVersion", text("isindir.github.com/v1alpha3")),
                ("kind", text("SopsSecret")),
                ("metadata", self.metadata()),
                ("spec", Node::of([("secretTemplates", Node::Sequence(vec![self.secret(data)]))])),
            ]),
        }
    }

    /// The Secret that a SopsSecret becomes. It is in the namespace of the SopsSecret, and has its certificate.
    fn secret(&self, data: Data) -> Plain {
        let mut annotations = self.annotations();
        annotations.retain(|(name, _)| name.as_str() != CERTIFICATE_ANNOTATION);
        Node::of([
            ("name", text(self.key.secret.name())),
            ("type", text(TYPE)),
            ("labels", Node::Mapping(self.labels())),
            ("annotations", Node::Mapping(annotations)),
            ("data", data.into_node()),
        ])
    }

    fn metadata(&self) -> Plain {
        Node::of([
            ("namespace", text(self.key.secret.namespace())),
            ("name", text(self.key.secret.name())),
            ("labels", Node::Mapping(self.labels())),
            ("annotations", Node::Mapping(self.annotations())),
        ])
    }

    fn labels(&self) -> Vec<(Key, Plain)> {
        let ours = (Key::Plain(MANAGED_LABEL), text("true"));
        std::iter::once(ours).chain(self.template.labels().map(theirs)).collect()
    }

    /// Without what only others than SOPS go by. Helm's would have to go before the object may, and the MAC with it.
    fn annotations(&self) -> Vec<(Key, Plain)> {
        let Self { key, chain, names, provenance, template } = self;
        let mut ours = annotations(key, chain, names, provenance, template);
        ours.retain(|name, _| ![RESOURCE_POLICY, MANAGED_ANNOTATION].contains(name));
        let ours = ours.into_iter().map(|(name, value)| (Key::Plain(name), text(value)));
        ours.chain(template.annotations().map(theirs)).collect()
    }
}

const TYPE: &str = "kubernetes.io/tls";

fn text(text: impl Into<String>) -> Plain {
    Node::Leaf(Zeroizing::new(text.into()))
}

fn theirs((name, value): (&str, &str)) -> (Key, Plain) {
    (Key::Any(name.to_owned()), text(value))
}
