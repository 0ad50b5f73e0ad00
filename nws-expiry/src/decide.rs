//! Whether one certificate is to be ordered now, and if not, when to look again.

use std::fmt;

use time::{Duration, OffsetDateTime, UtcOffset};

use crate::{DnsNames, KeyType, Leaf, Profile, Spread, SweepTime, Window};

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

/// When certificates are renewed. All thresholds are taken from the certificate's own dates.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long before the end to renew; `None` for a third of the lifetime, half of one under ten days (Let's Encrypt's
    /// integration guide). Never more than half of the lifetime, or a renewed certificate would be due at once.
    pub renew_before: Option<Duration>,
    /// When the daily sweep is, which renews whatever ends within [`Policy::FLOOR`].
    pub sweep: SweepTime,
}

impl Policy {
    /// The sweep renews what ends within this, or within a third of the lifetime where that is shorter.
    pub const FLOOR: Duration = Duration::days(7);
    /// Lifetimes under this are renewed at half instead of at two thirds.
    const SHORT_LIVED: Duration = Duration::days(10);

    /// Why a certificate is due, and so since when: what the CA suggests goes before our own plan, and the sweep before both.
    fn due(&self, held: &Held<'_>, spread: Spread) -> Reason {
        let (leaf, not_after) = (held.leaf, held.leaf.not_after());
        let swept = self.swept(leaf);
        match held.suggested.map(|window| window.at(spread)) {
            Some(since) if since <= swept => Reason::Suggested { since, not_after },
            Some(_) => Reason::Due { since: swept, not_after },
            None => Reason::Due { since: self.planned(leaf, spread).min(swept), not_after },
        }
    }

    fn planned(&self, leaf: &Leaf, spread: Spread) -> OffsetDateTime {
        let lifetime = leaf.lifetime();
        let usual = lifetime / if lifetime < Self::SHORT_LIVED { 2 } else { 3 };
        let before = self.renew_before.map_or(usual, |before| before.min(lifetime / 2));
        leaf.not_after() - before - spread.part_of(lifetime / 20)
    }

    fn swept(&self, leaf: &Leaf) -> OffsetDateTime {
        self.sweep.at_or_after(leaf.not_after() - Self::FLOOR.min(leaf.lifetime() / 3))
    }
}

/// What to do about one certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Decision {
    /// It stands; look again at this instant, not before.
    Keep {
        /// When it becomes due.
        until: OffsetDateTime,
    },
    /// A new one is to be ordered.
    Order(Reason),
}

/// Why a certificate is to be ordered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reason {
    /// There is none.
    Absent,
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
    /// Since when it holds, where that is an instant that the certificate's dates or its CA set.
    pub fn since(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Due { since, .. } | Self::Suggested { since, .. } => Some(*since),
            Self::Absent
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
            Self::Due { since, .. } => write!(f, "due for renewal since {}", to_the_second(*since)),
            Self::Expired { not_after } => write!(f, "expired at {}", to_the_second(*not_after)),
        }
    }
}

fn to_the_second(instant: OffsetDateTime) -> String {
    let at = instant.to_offset(UtcOffset::UTC);
    format!("{} {:02}:{:02}:{:02}Z", at.date(), at.hour(), at.minute(), at.second())
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
    let due = policy.due(&held, want.spread);
    match (held.replace, due.since()) {
        (Some(reason), _) => Decision::Order(reason),
        (None, Some(until)) if now < until => Decision::Keep { until },
        (None, _) => Decision::Order(due),
    }
}
