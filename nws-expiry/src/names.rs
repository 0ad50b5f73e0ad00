//! Host names as certificates carry them.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A DNS name as it stands in a certificate: lower case, no trailing dot, A-labels, an optional leading `*.`
///
/// (RFC 5280 §4.2.1.6, RFC 6125 §6.4.3 for the wildcard, RFC 1123 §2.1 for the letters.) At least two labels, the last one not
/// all digits, so that an IP address is never taken for a name.
///
/// ```
/// use nws_expiry::DnsName;
///
/// let name: DnsName = "shop.example".parse()?;
/// assert!(!name.is_wildcard());
/// assert_eq!(
///     "Shop.example.".parse::<DnsName>().unwrap_err().to_string(),
///     "host name \"Shop.example.\" has upper-case letters; write \"shop.example\"",
/// );
/// # Ok::<(), nws_expiry::InvalidDnsName>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct DnsName(Box<str>);

impl DnsName {
    /// The longest name in text form, in characters (RFC 1035 §2.3.4: 255 octets on the wire).
    pub const MAX_LEN: usize = 253;
    /// The longest label, in characters (RFC 1035 §2.3.4).
    pub const MAX_LABEL_LEN: usize = 63;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the name begins with `*.`, which HTTP-01 cannot validate (RFC 8555 §7.1.3).
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with("*.")
    }
}

impl FromStr for DnsName {
    type Err = InvalidDnsName;

    fn from_str(text: &str) -> Result<Self, InvalidDnsName> {
        refuse_what_has_a_correct_form(text)?;
        if text.len() > Self::MAX_LEN {
            return Err(InvalidDnsName::TooLong { len: text.len() });
        }
        let host = text.strip_prefix("*.").unwrap_or(text);
        for label in host.split('.') {
            check_label(text, label)?;
        }
        match host.rsplit_once('.') {
            None => Err(InvalidDnsName::SingleLabel { name: text.into() }),
            Some((_, last)) if last.bytes().all(|b| b.is_ascii_digit()) => {
                Err(InvalidDnsName::NotAHost { name: text.into() })
            }
            Some(_) => Ok(Self(text.into())),
        }
    }
}

fn refuse_what_has_a_correct_form(text: &str) -> Result<(), InvalidDnsName> {
    let corrected = || text.trim_end_matches('.').to_ascii_lowercase();
    if !text.is_ascii() {
        return Err(InvalidDnsName::Unicode { name: text.into(), corrected: a_labels(text) });
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(InvalidDnsName::UpperCase { name: text.into(), corrected: corrected() });
    }
    if text.len() > 1 && text.ends_with('.') {
        return Err(InvalidDnsName::TrailingDot { name: text.into(), corrected: corrected() });
    }
    Ok(())
}

/// The A-label form (RFC 5890 §2.3.2.1), where there is one.
fn a_labels(text: &str) -> Option<String> {
    let (wildcard, host) = match text.strip_prefix("*.") {
        Some(host) => ("*.", host),
        None => ("", text),
    };
    let host = idna::domain_to_ascii_strict(host.trim_end_matches('.')).ok()?;
    Some(format!("{wildcard}{host}"))
}

fn check_label(name: &str, label: &str) -> Result<(), InvalidDnsName> {
    if label.is_empty() {
        return Err(InvalidDnsName::EmptyLabel { name: name.into() });
    }
    if label.len() > DnsName::MAX_LABEL_LEN {
        return Err(InvalidDnsName::LabelTooLong { name: name.into(), len: label.len() });
    }
    if let Some(found) = label.chars().find(|c| !matches!(c, 'a'..='z' | '0'..='9' | '-')) {
        return Err(InvalidDnsName::Character { name: name.into(), found });
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(InvalidDnsName::Hyphen { name: name.into(), label: label.into() });
    }
    Ok(())
}

impl AsRef<str> for DnsName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for DnsName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DnsName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Why a text is no [`DnsName`]; where there is a correct form, the message carries it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidDnsName {
    /// Certificates and caches compare bytes, so only one spelling is let in.
    #[error("host name {name:?} has upper-case letters; write {corrected:?}")]
    UpperCase {
        /// As written.
        name: String,
        /// As it should be written.
        corrected: String,
    },
    /// The root's dot is never part of a name in a certificate.
    #[error("host name {name:?} ends with a dot; write {corrected:?}")]
    TrailingDot {
        /// As written.
        name: String,
        /// As it should be written.
        corrected: String,
    },
    /// Certificates carry A-labels (RFC 5280 §7.2).
    #[error("host name {name:?} is not ASCII; write {}", corrected.as_deref().map_or_else(
        || "its A-label form (xn--...)".to_owned(), |name| format!("{name:?}")))]
    Unicode {
        /// As written.
        name: String,
        /// Its A-label form, where there is one.
        corrected: Option<String>,
    },
    /// Two dots in a row, a dot in front, or nothing at all.
    #[error("host name {name:?} has an empty label")]
    EmptyLabel {
        /// As written.
        name: String,
    },
    /// A label over [`DnsName::MAX_LABEL_LEN`].
    #[error("host name {name:?} has a label of {len} characters; 63 are allowed")]
    LabelTooLong {
        /// As written.
        name: String,
        /// The label's length.
        len: usize,
    },
    /// Over [`DnsName::MAX_LEN`].
    #[error("host name has {len} characters; 253 are allowed")]
    TooLong {
        /// The text's length.
        len: usize,
    },
    /// Anything but a-z, 0-9 and hyphen; a `*` that is not the whole first label.
    #[error("host name {name:?} has the character {found:?}; a label is made of a-z, 0-9 and '-'")]
    Character {
        /// As written.
        name: String,
        /// The first character that does not belong.
        found: char,
    },
    /// A hyphen at the edge of a label (RFC 1123 §2.1).
    #[error("host name {name:?} has the label {label:?}, which begins or ends with a hyphen")]
    Hyphen {
        /// As written.
        name: String,
        /// The label.
        label: String,
    },
    /// Public CAs issue for no bare label.
    #[error("host name {name:?} has only one label; write it with its domain")]
    SingleLabel {
        /// As written.
        name: String,
    },
    /// The last label is a number, as in an IPv4 address.
    #[error("{name:?} is an address or number, not a host name")]
    NotAHost {
        /// As written.
        name: String,
    },
}

/// The names of one certificate: at least one, sorted, each once.
///
/// ```
/// use nws_expiry::{DnsName, DnsNames};
///
/// let www: DnsName = "www.shop.example".parse()?;
/// let shop: DnsName = "shop.example".parse()?;
/// let names = DnsNames::new([www.clone(), shop, www])?;
/// assert_eq!(names.to_string(), "shop.example, www.shop.example");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct DnsNames(Box<[DnsName]>);

impl DnsNames {
    /// Sorts the names and drops repetitions.
    ///
    /// # Errors
    ///
    /// [`NoNames`] if there is none.
    pub fn new(names: impl IntoIterator<Item = DnsName>) -> Result<Self, NoNames> {
        let names: BTreeSet<_> = names.into_iter().collect();
        if names.is_empty() { Err(NoNames) } else { Ok(Self(names.into_iter().collect())) }
    }

    /// The names in order.
    pub fn iter(&self) -> std::slice::Iter<'_, DnsName> {
        self.0.iter()
    }

    /// The first name in order, which stands for the certificate in tables and subjects.
    pub fn first(&self) -> &DnsName {
        &self.0[0]
    }

    /// How many names there are; never zero.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether `name` is one of them, letter for letter; a wildcard contains only itself.
    pub fn contains(&self, name: &DnsName) -> bool {
        self.0.binary_search(name).is_ok()
    }

    /// All names of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let names: BTreeSet<_> = self.iter().chain(other).cloned().collect();
        Self(names.into_iter().collect())
    }
}

impl From<DnsName> for DnsNames {
    fn from(name: DnsName) -> Self {
        Self(Box::new([name]))
    }
}

impl<'a> IntoIterator for &'a DnsNames {
    type Item = &'a DnsName;
    type IntoIter = std::slice::Iter<'a, DnsName>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for DnsNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.first().as_str())?;
        self.iter().skip(1).try_for_each(|name| write!(f, ", {name}"))
    }
}

impl<'de> Deserialize<'de> for DnsNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// A certificate needs at least one name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no host name")]
pub struct NoNames;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_are_let_in() {
        for text in [
            "shop.example",
            "*.shop.example",
            "a.b",
            "1.example",
            "xn--bcher-kva.example",
            "a-b.c--d.e",
        ] {
            assert_eq!(text.parse::<DnsName>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn names_that_are_refused_and_how() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long = format!("{}example", "abcdefg.".repeat(31));
        let cases: [(&str, &str); 15] = [
            ("", r#"host name "" has an empty label"#),
            (".", r#"host name "." has an empty label"#),
            (
                "Shop.Example",
                r#"host name "Shop.Example" has upper-case letters; write "shop.example""#,
            ),
            ("shop.example.", r#"host name "shop.example." ends with a dot; write "shop.example""#),
            (
                "bücher.example",
                r#"host name "bücher.example" is not ASCII; write "xn--bcher-kva.example""#,
            ),
            (
                "*.Bücher.example.",
                r#"host name "*.Bücher.example." is not ASCII; write "*.xn--bcher-kva.example""#,
            ),
            ("shop..example", r#"host name "shop..example" has an empty label"#),
            (
                "-shop.example",
                r#"host name "-shop.example" has the label "-shop", which begins or ends with a hyphen"#,
            ),
            (
                "sh_op.example",
                r#"host name "sh_op.example" has the character '_'; a label is made of a-z, 0-9 and '-'"#,
            ),
            (
                "a.*.example",
                r#"host name "a.*.example" has the character '*'; a label is made of a-z, 0-9 and '-'"#,
            ),
            ("*", r#"host name "*" has the character '*'; a label is made of a-z, 0-9 and '-'"#),
            ("localhost", r#"host name "localhost" has only one label; write it with its domain"#),
            ("10.0.0.1", r#""10.0.0.1" is an address or number, not a host name"#),
            (
                &long_label,
                &format!("host name {long_label:?} has a label of 64 characters; 63 are allowed"),
            ),
            (&long, "host name has 255 characters; 253 are allowed"),
        ];
        for (text, said) in cases {
            assert_eq!(text.parse::<DnsName>().unwrap_err().to_string(), said, "{text}");
        }
    }

    proptest! {
        /// What is let in is written back letter for letter, and a correction is itself let in or refused for another fault.
        #[test]
        fn a_name_is_its_text(text in "[*.a-zA-Z0-9-]{0,40}") {
            match text.parse::<DnsName>() {
                Ok(name) => prop_assert_eq!(name.to_string(), text),
                Err(InvalidDnsName::UpperCase { corrected, .. } | InvalidDnsName::TrailingDot { corrected, .. }) => {
                    let again = corrected.parse::<DnsName>();
                    let same_fault = matches!(again, Err(InvalidDnsName::UpperCase { .. } | InvalidDnsName::TrailingDot { .. }));
                    prop_assert!(!same_fault);
                }
                Err(_) => {}
            }
        }

        /// Order and repetition never make another set of names.
        #[test]
        fn a_set_has_no_order(mut labels in prop::collection::vec("[a-c]", 1..6)) {
            let parse = |labels: &[String]| {
                DnsNames::new(labels.iter().map(|l| format!("{l}.example").parse().unwrap())).unwrap()
            };
            let names = parse(&labels);
            labels.reverse();
            labels.push(labels[0].clone());
            prop_assert_eq!(parse(&labels), names);
        }
    }

    #[test]
    fn there_is_always_a_name() {
        assert_eq!(DnsNames::new([]), Err(NoNames));
    }
}
