//! Whether one certificate is to be ordered now, and if not, when to look again.

use std::fmt;

use time::OffsetDateTime;

use crate::told::to_the_second;
use crate::{DnsNames, KeyType, Leaf, Policy, Profile, Rule, Spread, Timing, Window};

/// What is wanted of a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Its names.
    pub names: &'a DnsNames,
    /// The kind of its key.
    pub key_type: KeyType,
    /// Its place among the others.
    pub spread: Spread,
}

/// What there is of it, and what is said of that.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    /// The certificate.
    pub leaf: &'a Leaf,
    /// When the CA suggests that it be renewed, if it does (RFC 9773).
    pub suggested: Option<Window>,
    /// Why it is to be replaced whatever its dates say, if it is.
    pub replace: Option<Reason>,
}

impl<'a> From<&'a Leaf> for Held<'a> {
    /// A certificate of which nobody says anything.
    fn from(leaf: &'a Leaf) -> Self {
        Self { leaf, suggested: None, replace: None }
    }
}

/// What to do about one certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// It stands; look again at this instant, not before.
    Keep {
        /// When it becomes due.
        until: OffsetDateTime,
        /// By which rule.
        rule: Rule,
    },
    /// A new one is to be ordered.
    Order(Reason),
}

/// Why a certificate is to be ordered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// There is none.
    Absent,
    /// There is one, but not for everyone who wants it, and without its key it cannot be given to them.
    KeyNotHeld,
    /// The one there is names other hosts.
    NamesDiffer {
        /// Its names; `None` for no DNS name at all.
        have: Option<DnsNames>,
    },
    /// The one there is has another kind of key.
    KeyTypeDiffers {
        /// The kind of its key; `None` for one that is never asked for.
        have: Option<KeyType>,
    },
    /// The one there is was issued with another profile of the CA.
    ProfileDiffers {
        /// Its profile; `None` for the CA's default.
        have: Option<Profile>,
    },
    /// An operator asks for another one.
    Asked {
        /// When.
        at: OffsetDateTime,
    },
    /// The one there is was revoked.
    Revoked {
        /// When.
        at: OffsetDateTime,
    },
    /// The CA suggests that it be renewed (RFC 9773).
    Suggested {
        /// Since when.
        since: OffsetDateTime,
        /// When it ends.
        not_after: OffsetDateTime,
    },
    /// Its time to be renewed has come.
    Due {
        /// Since when.
        since: OffsetDateTime,
        /// By which rule.
        rule: Rule,
        /// When it ends.
        not_after: OffsetDateTime,
    },
    /// It has ended.
    Expired {
        /// When.
        not_after: OffsetDateTime,
    },
}

impl Reason {
    /// It is due since then, by that rule.
    pub fn from_timing(due: Timing, not_after: OffsetDateTime) -> Self {
        let Timing { at: since, rule } = due;
        match rule {
            Rule::Suggested => Self::Suggested { since, not_after },
            Rule::Lifetime | Rule::RenewBefore | Rule::Sweep | Rule::Emergency => {
                Self::Due { since, rule, not_after }
            }
        }
    }

    /// Since when it holds, where that is an instant that the certificate's dates or its CA set.
    pub fn since(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Due { since, .. } | Self::Suggested { since, .. } => Some(*since),
            Self::Absent
            | Self::KeyNotHeld
            | Self::NamesDiffer { .. }
            | Self::KeyTypeDiffers { .. }
            | Self::ProfileDiffers { .. }
            | Self::Asked { .. }
            | Self::Revoked { .. }
            | Self::Expired { .. } => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("there is no certificate yet"),
            Self::KeyNotHeld => f.write_str("reissue: key not held, and somebody lacks it"),
            Self::NamesDiffer { have: Some(have) } => write!(f, "the certificate is for {have}"),
            Self::NamesDiffer { have: None } => f.write_str("the certificate is for no DNS name"),
            Self::KeyTypeDiffers { have: Some(have) } => {
                write!(f, "the certificate has a key of type {have}")
            }
            Self::KeyTypeDiffers { have: None } => {
                f.write_str("the certificate has a key of another type")
            }
            Self::ProfileDiffers { have: Some(have) } => {
                write!(f, "the certificate was issued with the profile {have}")
            }
            Self::ProfileDiffers { have: None } => {
                f.write_str("the certificate was issued with the CA's default profile")
            }
            Self::Asked { at } => write!(f, "asked for at {}", to_the_second(*at)),
            Self::Revoked { at } => {
                write!(f, "the certificate was revoked at {}", to_the_second(*at))
            }
            Self::Suggested { since, .. } => {
                write!(f, "the CA suggests renewal since {}", to_the_second(*since))
            }
            Self::Due { since, rule, .. } => {
                write!(f, "due for renewal {rule} since {}", to_the_second(*since))
            }
            Self::Expired { not_after } => write!(f, "expired at {}", to_the_second(*not_after)),
        }
    }
}

/// Decides about one certificate: what is wanted, what there is, and when renewals are due.
///
/// The same facts give the same decision, and [`Decision::Keep`] is honest: asked again at `until`, it says to order.
pub fn decide(
    now: OffsetDateTime,
    want: Subject<'_>,
    have: Option<Held<'_>>,
    policy: &Policy,
) -> Decision {
    let Some(held) = have else {
        return Decision::Order(Reason::Absent);
    };
    let leaf = held.leaf;
    if !leaf.is_for(want.names) {
        return Decision::Order(Reason::NamesDiffer { have: leaf.names().cloned() });
    }
    if leaf.key_type() != Some(want.key_type) {
        return Decision::Order(Reason::KeyTypeDiffers { have: leaf.key_type() });
    }
    if now >= leaf.not_after() {
        return Decision::Order(Reason::Expired { not_after: leaf.not_after() });
    }
    let due = policy.timing(leaf.validity(), held.suggested, want.spread);
    match held.replace {
        Some(reason) => Decision::Order(reason),
        None if now < due.at => Decision::Keep { until: due.at, rule: due.rule },
        None => Decision::Order(Reason::from_timing(due, leaf.not_after())),
    }
}
