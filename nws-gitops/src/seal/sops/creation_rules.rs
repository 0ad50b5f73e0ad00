//! The creation rules of a `.sops.yaml`, by which `sops` encrypts new files of a repository.

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;

use super::SopsKind;
use crate::reader::read_yaml;
use crate::{AgeRecipients, InvalidAgeRecipients, RepoPath};

mod keys;
mod selection;

use selection::Selection;

/// What `sops` looks for above a new file.
pub(crate) const SOPS_YAML: &str = ".sops.yaml";

/// What a `.sops.yaml` says of new files below it. `sops` goes by the nearest one above a file, and by no other.
///
/// ```
/// use nws_gitops::{CreationRules, SopsKind};
///
/// let rules = CreationRules::parse(
///     "creation_rules:
///       - path_regex: ^certs/
///         encrypted_regex: ^(data|stringData)$
///         age: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
/// )?;
/// assert!(rules.recipients("certs/shop/shop-tls.yaml", SopsKind::Secret)?.is_some());
/// assert!(rules.recipients("apps/shop/secret.yaml", SopsKind::Secret)?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CreationRules(Vec<Rule>);

/// Anybody who writes to the repository can write rules, and each takes memory beyond its text.
const MAX_RULES: usize = 1000;
const MAX_REGEX_BYTES: usize = 64 << 10;

/// Of a rule that cannot be followed it is only told when it is met: it may be for other files.
#[derive(Clone, Debug)]
struct Rule {
    /// Without one, it is for every file.
    path: Result<Option<Regex>, UnfitReason>,
    keys: Result<AgeRecipients, UnfitReason>,
    selection: Result<Selection, UnfitReason>,
}

impl CreationRules {
    /// Reads the text of a `.sops.yaml`. As `sops` does, it passes over fields it does not know.
    ///
    /// # Errors
    ///
    /// [`InvalidCreationRules`] if it is no YAML, has something else than rules where they belong, or more than a person writes.
    pub fn parse(text: &str) -> Result<Self, InvalidCreationRules> {
        let file = read_yaml(text).map_err(|detail| InvalidCreationRules::Syntax { detail })?;
        match &file["creation_rules"] {
            // Then it is for something else, as the rules of `sops publish`.
            Value::Null if file.is_null() || file.is_object() => Ok(Self(Vec::new())),
            Value::Array(rules) if rules.len() > MAX_RULES => {
                Err(InvalidCreationRules::TooMany { found: rules.len() })
            }
            Value::Array(rules) if rules.iter().all(Value::is_object) => {
                Ok(Self(rules.iter().map(Rule::of).collect()))
            }
            _ => Err(InvalidCreationRules::NoRules),
        }
    }

    /// Where a `.sops.yaml` for a file would be, the nearest first, each with the path of the file that its rules are for. `sops`
    /// takes the first that is there.
    pub fn places(file: &RepoPath) -> impl Iterator<Item = (RepoPath, &str)> {
        let top = file.repository().is_empty().then_some(None);
        file.ancestors().map(Some).chain(top).filter_map(|dir| {
            let path = file.relative_to(dir.as_ref())?;
            Some((RepoPath::within(dir.as_ref(), SOPS_YAML), path))
        })
    }

    /// Whom the first rule for a file has it encrypted to; none if no rule is for it. `path` is relative to the folder of the
    /// `.sops.yaml`.
    ///
    /// # Errors
    ///
    /// [`UnfitRule`] if that rule, or one before it, asks for what we cannot do.
    pub fn recipients(
        &self,
        path: &str,
        kind: SopsKind,
    ) -> Result<Option<&AgeRecipients>, UnfitRule> {
        for (index, rule) in self.0.iter().enumerate() {
            let unfit = |reason| UnfitRule { rule: index + 1, reason };
            if rule.is_for(path).map_err(unfit)? {
                return rule.recipients(kind).map(Some).map_err(unfit);
            }
        }
        Ok(None)
    }
}

impl Rule {
    fn of(rule: &Value) -> Self {
        Self {
            path: text(rule, "path_regex")
                .and_then(|text| text.map(|text| regex("path_regex", text)).transpose()),
            keys: keys::age(rule),
            selection: Selection::of(rule),
        }
    }

    fn is_for(&self, path: &str) -> Result<bool, UnfitReason> {
        let regex = self.path.as_ref().map_err(Clone::clone)?;
        Ok(regex.as_ref().is_none_or(|regex| regex.is_match(path.as_bytes())))
    }

    fn recipients(&self, kind: SopsKind) -> Result<&AgeRecipients, UnfitReason> {
        let recipients = self.keys.as_ref().map_err(Clone::clone)?;
        self.selection.as_ref().map_err(Clone::clone)?.check(kind)?;
        Ok(recipients)
    }
}

/// A field that holds a text; none where it is empty, as SOPS takes it.
fn text<'a>(rule: &'a Value, field: &'static str) -> Result<Option<&'a str>, UnfitReason> {
    match &rule[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(&**text).filter(|text| !text.is_empty())),
        _ => Err(UnfitReason::Form { field }),
    }
}

/// As Go has it, where `\w` and the like mean ASCII.
fn regex(field: &'static str, text: &str) -> Result<Regex, UnfitReason> {
    let detail = |error: regex::Error| crate::git::words(&error.to_string());
    let built = RegexBuilder::new(text).unicode(false).size_limit(MAX_REGEX_BYTES).build();
    built.map_err(|error| UnfitReason::Regex { field, detail: detail(error) })
}

/// Why a text holds no creation rules.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidCreationRules {
    /// Nobody can read it.
    #[error("is no YAML: {detail}; correct it, as sops cannot read it either")]
    Syntax {
        /// Where, and what.
        detail: String,
    },
    /// Nobody wrote them by hand.
    #[error(
        "has {found} creation rules, where {MAX_RULES} are read at most; put some into a .sops.yaml further down"
    )]
    TooMany {
        /// How many there are.
        found: usize,
    },
    /// There is something else.
    #[error("has no list of rules in creation_rules; correct it, as sops cannot read it either")]
    NoRules,
}

/// A creation rule that cannot be followed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("creation rule {rule} {reason}")]
pub struct UnfitRule {
    /// Which, the first being 1.
    pub rule: usize,
    /// Why.
    pub reason: UnfitReason,
}

/// Why a creation rule cannot be followed; each says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnfitReason {
    /// No text, or no list of texts, where there should be one.
    #[error(
        "has {field} in another form than sops reads; write a text, or a list where sops takes one"
    )]
    Form {
        /// The field.
        field: &'static str,
    },
    /// Neither Go's syntax nor ours, or only Go's.
    #[error(
        "has a {field} that is not understood: {detail}; write it without what is special to Go, as \\Q and \\C"
    )]
    Regex {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Keys in some other place than an age identity.
    #[error(
        "encrypts with {field}, and nws-certd only with age; put a rule with age recipients alone above it, with a path_regex for the files of nws-certd"
    )]
    OtherKeys {
        /// The field that names them.
        field: &'static str,
    },
    /// A part of the key for each.
    #[error(
        "splits the key by {field}, which nws-certd does not; put a rule with one group of age recipients above it, with a path_regex for the files of nws-certd"
    )]
    SplitKey {
        /// The field that says so.
        field: &'static str,
    },
    /// Nobody that could open it.
    #[error("has an age list that {0}")]
    Recipients(InvalidAgeRecipients),
    /// The cluster could not read what it has to, or others could what they must not.
    #[error("tells by {field} what is encrypted, which is not what {} {} encrypts; write that, or put a rule that has it above", ours.0, ours.1)]
    Selection {
        /// The field that says so.
        field: &'static str,
        /// What we go by: a field and its value.
        ours: (&'static str, &'static str),
    },
    /// SOPS takes one.
    #[error(
        "tells by {first} and by {second} what is encrypted; leave one out, as sops refuses it too"
    )]
    TwoSelections {
        /// One field.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
    /// Then a Secret could be moved to another namespace.
    #[error(
        "has mac_only_encrypted, which leaves names and namespaces without protection; remove it, or put a rule without it above"
    )]
    MacOnlyEncrypted,
}

#[cfg(test)]
mod tests;
