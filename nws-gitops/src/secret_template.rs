//! Labels and annotations that a Secret has because somebody asked for them.

use std::collections::BTreeMap;
use std::fmt;

use crate::ObjectId;
use crate::manifest::{Quoted, RESOURCE_POLICY};

/// The annotation of a Secret of ours that says which labels and annotations are of a template: the name of the git blob that they
/// would make. What somebody else adds or changes does not go with it.
pub(crate) const TEMPLATE_ANNOTATION: &str = "nws-certd/template";

/// The labels and annotations of a Secret beside ours.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SecretTemplate(BTreeMap<(TemplatePart, Box<str>), Box<str>>);

/// What a template sets.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum TemplatePart {
    Label,
    Annotation,
}

impl TemplatePart {
    pub(crate) const ALL: [Self; 2] = [Self::Label, Self::Annotation];

    /// The field of an object's metadata that holds them.
    pub(crate) fn field(self) -> &'static str {
        match self {
            Self::Label => "labels",
            Self::Annotation => "annotations",
        }
    }
}

/// One label or annotation that Kubernetes would take, and that is nobody else's to set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TemplateEntry {
    part: TemplatePart,
    name: Box<str>,
    value: Box<str>,
}

impl fmt::Display for TemplateEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.value)
    }
}

impl SecretTemplate {
    /// How long all names and values together may be.
    pub const MAX_BYTES: usize = 16 << 10;

    /// Whether it sets nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The labels, by name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.of(TemplatePart::Label)
    }

    /// The annotations, by name.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.of(TemplatePart::Annotation)
    }

    /// With this label.
    ///
    /// # Errors
    ///
    /// [`InvalidTemplateEntry`] if Kubernetes would not take it, or it is not for a template to set.
    pub fn with_label(self, name: &str, value: &str) -> Result<Self, InvalidTemplateEntry> {
        self.with(TemplateEntry::new(TemplatePart::Label, name, value)?)
    }

    /// With this annotation.
    ///
    /// # Errors
    ///
    /// As [`Self::with_label`].
    pub fn with_annotation(self, name: &str, value: &str) -> Result<Self, InvalidTemplateEntry> {
        self.with(TemplateEntry::new(TemplatePart::Annotation, name, value)?)
    }

    fn with(mut self, entry: TemplateEntry) -> Result<Self, InvalidTemplateEntry> {
        let TemplateEntry { part, name, value } = entry;
        self.0.insert((part, name), value);
        Ok(self)
    }

    fn of(&self, part: TemplatePart) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter().filter(move |((of, _), _)| *of == part);
        all.map(|((_, name), value)| (&**name, &**value))
    }

    /// Each by itself.
    pub(crate) fn entries(&self) -> impl Iterator<Item = TemplateEntry> {
        self.0.iter().map(|((part, name), value)| TemplateEntry {
            part: *part,
            name: name.clone(),
            value: value.clone(),
        })
    }

    /// As lines of a manifest. Names are quoted too: `on` is one.
    pub(crate) fn lines(&self, part: TemplatePart) -> String {
        let line = |(name, value)| format!("    {}: {}\n", Quoted(name), Quoted(value));
        self.of(part).map(line).collect()
    }

    /// What [`TEMPLATE_ANNOTATION`] says of it, if it sets anything.
    pub(crate) fn mark(&self) -> Option<String> {
        let sections = TemplatePart::ALL.map(|part| (part.field(), self.lines(part)));
        let text: String =
            sections.into_iter().map(|(field, lines)| format!("{field}:\n{lines}")).collect();
        let mark = ObjectId::of_blob(text.as_bytes())?;
        (!self.is_empty()).then(|| mark.to_string())
    }
}

impl FromIterator<TemplateEntry> for SecretTemplate {
    fn from_iter<T: IntoIterator<Item = TemplateEntry>>(entries: T) -> Self {
        let one = |TemplateEntry { part, name, value }| ((part, name), value);
        Self(entries.into_iter().map(one).collect())
    }
}

impl TemplateEntry {
    pub(crate) fn new(
        part: TemplatePart,
        name: &str,
        value: &str,
    ) -> Result<Self, InvalidTemplateEntry> {
        if !is_qualified_name(name) {
            return Err(InvalidTemplateEntry::Name { found: name.into() });
        }
        if is_reserved(name) {
            return Err(InvalidTemplateEntry::Reserved { name: name.into() });
        }
        match part {
            TemplatePart::Label if !value.is_empty() && !is_name(value) => {
                Err(InvalidTemplateEntry::LabelValue { found: value.into() })
            }
            TemplatePart::Label | TemplatePart::Annotation => {
                Ok(Self { part, name: name.into(), value: value.into() })
            }
        }
    }

    /// How many bytes it takes.
    pub(crate) fn len(&self) -> usize {
        self.name.len() + self.value.len()
    }

    /// Which label or annotation it is.
    pub(crate) fn key(&self) -> (TemplatePart, &str) {
        (self.part, &self.name)
    }
}

/// The marks of whoever else looks after Secrets would have them taken for theirs; ours are what we know them by.
pub(crate) fn is_reserved(name: &str) -> bool {
    const DOMAINS: [&str; 6] = [
        "nws-certd",
        "cert-manager.io",
        "controller.cert-manager.io",
        "kubectl.kubernetes.io",
        "meta.helm.sh",
        "sealedsecrets.bitnami.com",
    ];
    const NAMES: [&str; 2] = [RESOURCE_POLICY, "app.kubernetes.io/managed-by"];
    let domain = name.split_once('/').map(|(domain, _)| domain);
    NAMES.contains(&name) || domain.is_some_and(|domain| DOMAINS.contains(&domain))
}

/// Kubernetes' rule for the names of labels and annotations.
fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((domain, name)) => is_domain(domain) && is_name(name),
        None => is_name(text),
    }
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.starts_with('-')
            && !label.ends_with('-')
            && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.len() <= 253 && text.split('.').all(|label| !label.is_empty() && is_label(label))
}

/// Its rule for what stands behind the slash, and for the values of labels.
fn is_name(text: &str) -> bool {
    let is_edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    text.len() <= 63
        && is_edge(bytes.first())
        && is_edge(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

/// Why a label or annotation of a template is not set; each says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidTemplateEntry {
    /// Kubernetes would not take it.
    #[error(
        "{found:?} is no name of a label or annotation; write up to 63 of a-z, A-Z, 0-9 and inner '-', '_' and '.', perhaps behind a domain and '/'"
    )]
    Name {
        /// As written.
        found: Box<str>,
    },
    /// Kubernetes would not take it.
    #[error(
        "{found:?} is no value of a label; write up to 63 of a-z, A-Z, 0-9 and inner '-', '_' and '.'"
    )]
    LabelValue {
        /// As written.
        found: Box<str>,
    },
    /// It decides whose the Secret is.
    #[error("sets {name}, by which nws-certd or another program knows its Secrets; remove it")]
    Reserved {
        /// As written.
        name: Box<str>,
    },
    /// An object takes no more than 256 KiB of annotations, and a bundle of many Secrets not much more in all.
    #[error(
        "is more than the {} bytes that a Secret takes of labels and annotations; leave some out",
        SecretTemplate::MAX_BYTES
    )]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_template_may_set() {
        let long = "a".repeat(64);
        use TemplatePart::{Annotation, Label};
        let cases = [
            (Label, "team", "shop", true),
            (Label, "team", "", true),
            (Label, "app.kubernetes.io/part-of", "Shop_1.a", true),
            (Annotation, "reflector.v1.k8s.emberstack.com/reflection-allowed", "true", true),
            (Annotation, "note", "any text\nof \u{e9}", true),
            (Annotation, "on", "off", true),
            (Label, "team", "a b", false),
            (Label, "team", "-a", false),
            (Label, "team", &long, false),
            (Label, &long, "a", false),
            (Label, "", "a", false),
            (Label, "a/b/c", "a", false),
            (Label, "/b", "a", false),
            (Label, "A.example/b", "a", false),
            (Label, "-a.example/b", "a", false),
            (Annotation, "a b", "a", false),
            (Label, "nws-certd/managed", "false", false),
            (Annotation, "nws-certd/anything", "a", false),
            (Annotation, "helm.sh/resource-policy", "delete", false),
            (Annotation, "helm.sh/hook", "pre-install", true),
            (Label, "app.kubernetes.io/managed-by", "Helm", false),
            (Annotation, "cert-manager.io/certificate-name", "a", false),
            (Label, "controller.cert-manager.io/fao", "true", false),
            (Annotation, "sealedsecrets.bitnami.com/managed", "false", false),
        ];
        for (part, name, value, want) in cases {
            let entry = TemplateEntry::new(part, name, value);
            assert_eq!(entry.is_ok(), want, "{part:?} {name}: {entry:?}");
        }
    }

    #[test]
    fn the_mark_tells_one_template_from_another() {
        let entry = |part, name, value| TemplateEntry::new(part, name, value).unwrap();
        let of = |entries: Vec<TemplateEntry>| SecretTemplate::from_iter(entries).mark();
        let label = entry(TemplatePart::Label, "a", "b");
        let annotation = entry(TemplatePart::Annotation, "a", "b");
        let all = [
            of(vec![]),
            of(vec![label.clone()]),
            of(vec![annotation.clone()]),
            of(vec![label, annotation]),
            of(vec![entry(TemplatePart::Label, "a", "c")]),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!((distinct.len(), &all[0]), (all.len(), &None));
    }
}
