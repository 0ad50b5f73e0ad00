//! What a manifest may say of when its certificate is ordered.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use nws_expiry::RenewBefore;
use time::Duration;

use crate::RepoPath;

/// The annotation of an object that says how long before their end its certificates are renewed.
pub const RENEW_BEFORE_ANNOTATION: &str = "nws-certd/renew-before";

/// The annotation that keeps its certificates from being ordered, and says why.
pub const HOLD_ANNOTATION: &str = "nws-certd/hold";

/// When a certificate is ordered, where its manifests say something of that.
///
/// It is no part of what the certificate is, so those who share one need not agree: of several times the earliest counts, and one
/// hold holds it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Overrides {
    /// How long before its end it is to be renewed; which of several is the earliest depends on its lifetime.
    pub renew_before: BTreeSet<RenewBefore>,
    /// What keeps it from being ordered.
    pub holds: BTreeSet<Hold>,
}

impl Overrides {
    /// The one that renews a certificate of this lifetime first.
    pub fn earliest(&self, lifetime: Duration) -> Option<RenewBefore> {
        self.renew_before.iter().copied().max_by_key(|before| before.of(lifetime))
    }
}

impl<'a> FromIterator<&'a Self> for Overrides {
    /// What all of them say together.
    fn from_iter<I: IntoIterator<Item = &'a Self>>(all: I) -> Self {
        let mut together = Self::default();
        for one in all {
            together.renew_before.extend(&one.renew_before);
            together.holds.extend(one.holds.iter().cloned());
        }
        together
    }
}

/// An annotation that keeps a certificate from being ordered.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Hold {
    /// The file.
    pub path: RepoPath,
    /// The YAML document in it, the first being 1.
    pub document: usize,
    /// As in `metadata.annotations["nws-certd/hold"]`.
    pub field: String,
    /// Why, as written; none if nobody says.
    pub reason: Option<Box<str>>,
}

impl Hold {
    /// As many characters of a reason are shown.
    const SHOWN: usize = 200;
}

impl fmt::Display for Hold {
    /// The place, the reason, the remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, document {}, {}", self.path, self.document, self.field)?;
        if let Some(reason) = &self.reason {
            // Whatever somebody wrote, it is one line, and nothing a terminal would obey.
            let shown: String = reason.chars().take(Self::SHOWN).collect();
            let rest = if shown.len() < reason.len() { "..." } else { "" };
            write!(f, " ({shown:?}{rest})")?;
        }
        f.write_str("; remove the annotation to have it ordered")
    }
}

/// What the text of a hold says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum HoldText {
    /// There is none, as people write it.
    No,
    /// There is one, for this reason if one is told.
    Yes(Option<Box<str>>),
}

impl FromStr for HoldText {
    type Err = EmptyHold;

    fn from_str(text: &str) -> Result<Self, EmptyHold> {
        match text.trim() {
            "" => Err(EmptyHold),
            no if no.eq_ignore_ascii_case("false") => Ok(Self::No),
            yes if yes.eq_ignore_ascii_case("true") => Ok(Self::Yes(None)),
            reason => Ok(Self::Yes(Some(reason.into()))),
        }
    }
}

/// A hold that does not say whether it is one.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("is empty; write why it is held, or remove the annotation to have it ordered")]
pub struct EmptyHold;

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(renew_before: &[&str], holds: &[&str]) -> Overrides {
        let hold = |path: &&str| Hold {
            path: path.parse().unwrap(),
            document: 1,
            field: "f".into(),
            reason: None,
        };
        Overrides {
            renew_before: renew_before.iter().map(|text| text.parse().unwrap()).collect(),
            holds: holds.iter().map(hold).collect(),
        }
    }

    #[test]
    fn the_earliest_is_by_what_it_gives_of_the_lifetime() {
        let both = overrides(&["30d", "40%"], &[]);
        let cases = [
            ("nobody says", &overrides(&[], &[]), 90, None),
            ("the part of a long one", &both, 90, Some("40%")),
            ("the days of a shorter one", &both, 70, Some("30d")),
        ];
        for (case, overrides, days, want) in cases {
            let got = overrides.earliest(Duration::days(days));
            assert_eq!(got, want.map(|text| text.parse().unwrap()), "{case}");
        }
    }

    #[test]
    fn what_several_say_together() {
        let (one, other) = (overrides(&["30d"], &["a", "b"]), overrides(&["33%"], &["b", "c"]));
        let both: Overrides = [&one, &other].into_iter().collect();
        assert_eq!(both, overrides(&["30d", "33%"], &["a", "b", "c"]));
    }

    #[test]
    fn a_hold_is_one_line_with_place_reason_and_remedy() {
        let long = "x".repeat(201);
        let cases = [
            (None, String::new()),
            (Some("an audit"), " (\"an audit\")".into()),
            (Some("two\nlines \u{1b}[31m"), " (\"two\\nlines \\u{1b}[31m\")".into()),
            (Some(&*long), format!(" (\"{}\"...)", "x".repeat(200))),
        ];
        for (reason, want) in cases {
            let (path, field) = ("a.yaml".parse().unwrap(), "f".into());
            let hold = Hold { path, document: 2, field, reason: reason.map(Into::into) };
            let want =
                format!("a.yaml, document 2, f{want}; remove the annotation to have it ordered");
            assert_eq!(hold.to_string(), want);
        }
    }
}
