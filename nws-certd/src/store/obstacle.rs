//! What keeps orders from a CA.

use std::str::FromStr;

use nws_expiry::DnsNames;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use time::OffsetDateTime;

use super::StoreError;
use super::load::{each, get, parse};
use super::write::{done, names_text};

/// Something that keeps orders from one CA for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Obstacle {
    /// The CA's directory.
    pub ca: String,
    /// What it is about.
    pub kind: ObstacleKind,
    /// Which one of the kind: a registered domain, a name, or names separated by one space; empty where there is only one.
    pub subject: String,
    /// Who ends it.
    pub stand: Stand,
    /// When it is over, or looked at again.
    pub until: OffsetDateTime,
    /// The CA's words, where it said any.
    pub detail: String,
}

impl Obstacle {
    /// Whether it is about these names or one of them alone, which is forgotten when somebody asks for them.
    pub(crate) fn is_about_names(&self, names: &DnsNames) -> bool {
        subjects(names).any(|subject| subject == self.subject)
    }
}

/// What an obstacle is about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ObstacleKind {
    /// Everything at the CA.
    Ca,
    /// New certificates of our account; renewals are exempt (Let's Encrypt).
    Account,
    /// New certificates of a registered domain; renewals are exempt (Let's Encrypt).
    RegisteredDomain,
    /// Certificates for exactly these names.
    ExactSet,
    /// Certificates with this name.
    Identifier,
    /// The CAA records of its names forbid it to this CA.
    Caa,
    /// The CA does not offer the profile; without a subject, the one that it is configured to issue with where none is asked for.
    Profile,
}

impl ObstacleKind {
    const ALL: [Self; 7] = [
        Self::Ca,
        Self::Account,
        Self::RegisteredDomain,
        Self::ExactSet,
        Self::Identifier,
        Self::Caa,
        Self::Profile,
    ];

    /// The word it is stored as.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Account => "account",
            Self::RegisteredDomain => "registered-domain",
            Self::ExactSet => "exact-set",
            Self::Identifier => "identifier",
            Self::Caa => "caa",
            Self::Profile => "profile",
        }
    }
}

impl FromStr for ObstacleKind {
    type Err = UnknownObstacle;

    fn from_str(text: &str) -> Result<Self, UnknownObstacle> {
        let known = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| UnknownObstacle { found: text.into() })
    }
}

/// A word that is no kind of obstacle.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no kind of obstacle")]
pub struct UnknownObstacle {
    /// The word.
    pub found: String,
}

/// Who ends an obstacle.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stand {
    /// Time does.
    Waits,
    /// A person does; it is looked at again all the same.
    Held,
}

/// A newer obstacle of the same kind and subject takes the place of the older.
pub(super) async fn met(to: &mut SqliteConnection, met: &Obstacle) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO obstacle (ca, kind, subject, held, until, detail) VALUES (?, ?, ?, ?, ?, ?)";
    let row = sqlx::query(sql)
        .bind(met.ca.clone())
        .bind(met.kind.as_str())
        .bind(met.subject.clone())
        .bind(met.stand == Stand::Held)
        .bind(met.until)
        .bind(met.detail.clone());
    done(row.execute(to).await)
}

pub(super) async fn forget(
    to: &mut SqliteConnection,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    done(sqlx::query("DELETE FROM obstacle WHERE until <= ?").bind(until).execute(to).await)
}

/// Forgets what is held at a CA for a person, who may have acted: everything, or all that asks for no profile. What is held for
/// single names stays: asking for those again is for who has acted for them.
pub(super) async fn lift(to: &mut SqliteConnection) -> Result<(), StoreError> {
    let sql = "DELETE FROM obstacle WHERE held AND kind IN (?, ?)";
    let row = sqlx::query(sql).bind(ObstacleKind::Ca.as_str()).bind(ObstacleKind::Profile.as_str());
    done(row.execute(to).await)
}

/// Forgets what is about these names alone, at every CA, and what a person who asks for them has ended.
pub(super) async fn clear(to: &mut SqliteConnection, names: &DnsNames) -> Result<(), StoreError> {
    lift(&mut *to).await?;
    for subject in subjects(names) {
        let sql = "DELETE FROM obstacle WHERE subject = ?";
        done(sqlx::query(sql).bind(subject).execute(&mut *to).await)?;
    }
    Ok(())
}

fn subjects(names: &DnsNames) -> impl Iterator<Item = String> {
    names.iter().map(ToString::to_string).chain([names_text(names)])
}

pub(super) async fn all(from: &SqlitePool) -> Result<Vec<Obstacle>, StoreError> {
    let rows = sqlx::query("SELECT ca, kind, subject, held, until, detail FROM obstacle");
    each(rows, from, obstacle).await
}

fn obstacle(row: &SqliteRow) -> Result<Obstacle, StoreError> {
    Ok(Obstacle {
        ca: get(row, "ca")?,
        kind: parse(row, "kind")?,
        subject: get(row, "subject")?,
        stand: if get(row, "held")? { Stand::Held } else { Stand::Waits },
        until: get(row, "until")?,
        detail: get(row, "detail")?,
    })
}
