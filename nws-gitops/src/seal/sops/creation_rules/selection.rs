//! Which values a creation rule has encrypted.

use regex::bytes::Regex;
use serde_json::Value;

use super::{SopsKind, UnfitReason, regex, text};

/// By which field a rule tells, if it says; else by ours.
#[derive(Clone, Debug)]
pub(super) struct Selection(Option<(&'static str, Test)>);

#[derive(Clone, Debug)]
enum Test {
    Matches(Regex),
    MatchesNot(Regex),
    EndsWith(String),
    EndsNotWith(String),
    /// A comment says, and there are none.
    Comment,
}

const FIELDS: [&str; 6] = [
    "encrypted_regex",
    "unencrypted_regex",
    "encrypted_suffix",
    "unencrypted_suffix",
    "encrypted_comment_regex",
    "unencrypted_comment_regex",
];

impl Selection {
    pub(super) fn of(rule: &Value) -> Result<Self, UnfitReason> {
        if rule["mac_only_encrypted"] == true {
            return Err(UnfitReason::MacOnlyEncrypted);
        }
        let mut said = Vec::new();
        for field in FIELDS {
            said.extend(text(rule, field)?.map(|value| (field, value)));
        }
        match said[..] {
            [] => Ok(Self(None)),
            [(field, value)] => Ok(Self(Some((field, Test::of(field, value)?)))),
            [(first, _), (second, _), ..] => Err(UnfitReason::TwoSelections { first, second }),
        }
    }

    /// Another way to say the same is as good: each file says itself what is encrypted in it.
    pub(super) fn check(&self, kind: SopsKind) -> Result<(), UnfitReason> {
        let Some((field, test)) = &self.0 else { return Ok(()) };
        let is_same = |path: &&[&str]| test.encrypts(path) == kind.encrypts(path);
        if paths(kind).iter().all(is_same) {
            Ok(())
        } else {
            Err(UnfitReason::Selection { field, ours: kind.rule() })
        }
    }
}

impl Test {
    fn of(field: &'static str, value: &str) -> Result<Self, UnfitReason> {
        Ok(match field {
            "encrypted_regex" => Self::Matches(regex(field, value)?),
            "unencrypted_regex" => Self::MatchesNot(regex(field, value)?),
            "encrypted_suffix" => Self::EndsWith(value.to_owned()),
            "unencrypted_suffix" => Self::EndsNotWith(value.to_owned()),
            _ => Self::Comment,
        })
    }

    fn encrypts(&self, path: &[&str]) -> bool {
        match self {
            Self::Matches(regex) => any_matches(regex, path),
            Self::MatchesNot(regex) => !any_matches(regex, path),
            Self::EndsWith(suffix) => path.iter().any(|name| name.ends_with(suffix)),
            Self::EndsNotWith(suffix) => !path.iter().any(|name| name.ends_with(suffix)),
            Self::Comment => false,
        }
    }
}

fn any_matches(regex: &Regex, path: &[&str]) -> bool {
    path.iter().any(|name| regex.is_match(name.as_bytes()))
}

/// Where the values of a file are.
fn paths(kind: SopsKind) -> &'static [&'static [&'static str]] {
    match kind {
        SopsKind::Secret => &[
            &["apiVersion"],
            &["kind"],
            &["metadata", "namespace"],
            &["metadata", "name"],
            &["metadata", "labels", "nws-certd/managed"],
            &["metadata", "annotations", "nws-certd/certificate"],
            &["type"],
            &["data", "tls.crt"],
            &["data", "tls.key"],
        ],
        SopsKind::SopsSecret => &[
            &["apiVersion"],
            &["kind"],
            &["metadata", "namespace"],
            &["metadata", "name"],
            &["metadata", "labels", "nws-certd/managed"],
            &["metadata", "annotations", "nws-certd/certificate"],
            &["spec", "secretTemplates", "name"],
            &["spec", "secretTemplates", "type"],
            &["spec", "secretTemplates", "labels", "nws-certd/managed"],
            &["spec", "secretTemplates", "annotations", "nws-certd/not-after"],
            &["spec", "secretTemplates", "data", "tls.crt"],
            &["spec", "secretTemplates", "data", "tls.key"],
        ],
    }
}
