//! Whom a SOPS file is encrypted to.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use age::x25519::Recipient;

/// Native age recipients (X25519, `age1…`), at least one; each can open by itself.
///
/// A set: sorted by text, and what is written twice counts once.
///
/// ```
/// use nws_gitops::AgeRecipients;
///
/// let one = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
/// let recipients: AgeRecipients = format!("{one}, {one}").parse()?;
/// assert_eq!(recipients.to_string(), one);
/// # Ok::<(), nws_gitops::InvalidAgeRecipients>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct AgeRecipients(BTreeMap<Box<str>, Recipient>);

impl AgeRecipients {
    /// Takes a list of recipients.
    ///
    /// # Errors
    ///
    /// [`InvalidAgeRecipients`] names the first entry that is none, or says that there is none at all.
    pub fn new<T: AsRef<str>>(
        entries: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidAgeRecipients> {
        let read = |entry: T| recipient(entry.as_ref().trim());
        let all = entries.into_iter().map(read).collect::<Result<BTreeMap<_, _>, _>>()?;
        if all.is_empty() { Err(InvalidAgeRecipients::None) } else { Ok(Self(all)) }
    }

    /// Each as text, sorted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.keys().map(AsRef::as_ref)
    }

    pub(super) fn recipients(&self) -> impl Iterator<Item = (&str, &Recipient)> {
        self.0.iter().map(|(text, recipient)| (&**text, recipient))
    }
}

fn recipient(text: &str) -> Result<(Box<str>, Recipient), InvalidAgeRecipients> {
    // Before anything that would repeat the text: this one must never be shown.
    if text.to_ascii_uppercase().contains("AGE-SECRET-KEY-") {
        return Err(InvalidAgeRecipients::Identity);
    }
    let found = || Box::from(text);
    match kind(text) {
        Kind::X25519 => match text.parse::<Recipient>() {
            Ok(recipient) => Ok((recipient.to_string().into(), recipient)),
            Err(_) => Err(InvalidAgeRecipients::Damaged { found: found() }),
        },
        Kind::PostQuantum => Err(InvalidAgeRecipients::PostQuantum { found: found() }),
        Kind::Plugin => Err(InvalidAgeRecipients::Plugin { found: found() }),
        Kind::Ssh => Err(InvalidAgeRecipients::Ssh { found: found() }),
        Kind::Other => Err(InvalidAgeRecipients::Other { found: found() }),
    }
}

/// What a text is meant as, as SOPS tells them apart.
enum Kind {
    X25519,
    PostQuantum,
    Plugin,
    Ssh,
    Other,
}

fn kind(text: &str) -> Kind {
    match text.strip_prefix("age1") {
        Some(rest) if rest.starts_with("pq1") => Kind::PostQuantum,
        // Bech32 has a single 1, between the prefix and what it holds; that of a plugin has its name in front.
        Some(rest) if rest.contains('1') => Kind::Plugin,
        Some(_) => Kind::X25519,
        None if text.starts_with("ssh-") => Kind::Ssh,
        None => Kind::Other,
    }
}

/// Commas between recipients, as a `.sops.yaml` has them; one too many is no matter.
impl FromStr for AgeRecipients {
    type Err = InvalidAgeRecipients;

    fn from_str(text: &str) -> Result<Self, InvalidAgeRecipients> {
        Self::new(text.split(',').filter(|entry| !entry.trim().is_empty()))
    }
}

impl fmt::Display for AgeRecipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, recipient) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            f.write_str(recipient)?;
        }
        Ok(())
    }
}

impl fmt::Debug for AgeRecipients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Why a list is not one of recipients; each says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidAgeRecipients {
    /// Nobody could open what is encrypted to nobody.
    #[error("names no age recipient; write at least one, as age-keygen -y prints it")]
    None,
    /// A private key. It is not repeated.
    #[error(
        "holds an age identity, which is a private key; write its recipient, as age-keygen -y prints it, and make a new identity if this one was committed"
    )]
    Identity,
    /// It has the form of one, but a letter is wrong or missing.
    #[error("{found:?} is damaged; copy the recipient anew, as age-keygen -y prints it")]
    Damaged {
        /// As written.
        found: Box<str>,
    },
    /// SOPS opens them from 3.12 on, and Flux not everywhere.
    #[error(
        "{found:?} is a post-quantum recipient, which few versions of SOPS and Flux can open; write an X25519 one, as age-keygen makes"
    )]
    PostQuantum {
        /// As written.
        found: Box<str>,
    },
    /// It needs a program beside age, here and in the cluster.
    #[error(
        "{found:?} is of an age plugin, which is not run here; write an X25519 recipient, as age-keygen makes"
    )]
    Plugin {
        /// As written.
        found: Box<str>,
    },
    /// age can encrypt to them, but clusters have no ssh key to open it with.
    #[error("{found:?} is an ssh key; write an X25519 recipient, as age-keygen makes")]
    Ssh {
        /// As written.
        found: Box<str>,
    },
    /// Nothing that age knows.
    #[error("{found:?} is no age recipient; write one as age-keygen -y prints it, as in age1...")]
    Other {
        /// As written.
        found: Box<str>,
    },
}

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret;
    use age::x25519::Identity;

    use super::*;

    const ONE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    const TWO: &str = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";

    #[test]
    fn what_is_a_recipient() {
        use InvalidAgeRecipients as Invalid;
        let found = |text: &str| Box::<str>::from(text);
        let damaged = ONE.replace("ql3", "ql4");
        let cases = [
            (ONE, Ok(vec![ONE])),
            (" age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\n", Ok(vec![ONE])),
            ("", Err(Invalid::None)),
            (" , ", Err(Invalid::None)),
            (&damaged, Err(Invalid::Damaged { found: found(&damaged) })),
            ("age1", Err(Invalid::Damaged { found: found("age1") })),
            ("age1pq1qqqq", Err(Invalid::PostQuantum { found: found("age1pq1qqqq") })),
            ("age1yubikey1qwe", Err(Invalid::Plugin { found: found("age1yubikey1qwe") })),
            ("ssh-ed25519 AAAA", Err(Invalid::Ssh { found: found("ssh-ed25519 AAAA") })),
            ("0xDEADBEEF", Err(Invalid::Other { found: found("0xDEADBEEF") })),
        ];
        for (text, want) in cases {
            let found = text.parse::<AgeRecipients>();
            let want = want.map(|all| AgeRecipients::new(all).unwrap());
            assert_eq!(found, want, "{text}");
        }
    }

    #[test]
    fn they_are_a_set() {
        let list = AgeRecipients::new([ONE, TWO, ONE]).unwrap();
        assert_eq!(list, format!("{TWO},{ONE},").parse().unwrap());
        assert_eq!(list.to_string(), format!("{TWO},{ONE}"));
        assert_eq!(list.to_string().parse(), Ok(list));
    }

    #[test]
    fn an_identity_is_not_repeated() {
        let identity = Identity::generate().to_string();
        let text = identity.expose_secret();
        for text in [text.to_owned(), text.to_lowercase(), format!("key={text}")] {
            let error = text.parse::<AgeRecipients>().unwrap_err();
            assert_eq!(error, InvalidAgeRecipients::Identity, "{text}");
        }
    }
}
