//! What was used of the CAs' limits.

use nws_expiry::budget::{Bucket, Level, LimitKind};
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use time::OffsetDateTime;

use super::StoreError;
use super::load::{each, get};
use super::write::done;

/// How far one bucket of one CA is used.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Used {
    /// The CA's directory.
    pub ca: String,
    /// Which bucket.
    pub bucket: Bucket,
    /// How far.
    pub level: Level,
}

/// What says that more is used counts, whatever came first: orders end in any order, and too little used costs a refusal.
pub(super) async fn used(to: &mut SqliteConnection, uses: &[Used]) -> Result<(), StoreError> {
    let sql = "INSERT INTO budget (ca, kind, subject, whole_at) VALUES (?, ?, ?, ?)
               ON CONFLICT (ca, kind, subject) DO UPDATE SET whole_at = max(whole_at, excluded.whole_at)";
    for Used { ca, bucket, level } in uses {
        let row = sqlx::query(sql).bind(ca.clone()).bind(bucket.kind().as_str());
        let row = row.bind(bucket.subject()).bind(level.is_whole_at());
        done(row.execute(&mut *to).await)?;
    }
    Ok(())
}

pub(super) async fn forget(
    to: &mut SqliteConnection,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    done(sqlx::query("DELETE FROM budget WHERE whole_at <= ?").bind(until).execute(to).await)
}

pub(super) async fn all(from: &SqlitePool) -> Result<Vec<Used>, StoreError> {
    let rows = sqlx::query("SELECT ca, kind, subject, whole_at FROM budget");
    each(rows, from, read).await
}

fn read(row: &SqliteRow) -> Result<Used, StoreError> {
    let (kind, subject) = (get::<String>(row, "kind")?, get::<String>(row, "subject")?);
    let known = LimitKind::ALL.into_iter().find(|known| known.as_str() == kind);
    let bucket = known.and_then(|kind| Bucket::of(kind, &subject));
    let unreadable = || StoreError::Unreadable {
        what: "used limit",
        reason: format!("{kind:?} of {subject:?} is none"),
    };
    Ok(Used {
        ca: get(row, "ca")?,
        bucket: bucket.ok_or_else(unreadable)?,
        level: Level::whole_at(get(row, "whole_at")?),
    })
}
