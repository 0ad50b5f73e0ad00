//! Certificates that nothing is ordered for, as their names have left.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use super::load::get;
use super::write::{certificate_id, done};
use super::{CertificateKey, Parked, StoreError};

/// Parks it, unless somebody said "now" since it was looked at; one that is parked already stays so since then.
pub(super) async fn park(
    to: &mut SqliteConnection,
    key: &CertificateKey,
    parked: &Parked,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    let id = certificate_id(to, key).await?;
    let sql =
        "UPDATE certificate SET parked_at = coalesce(parked_at, ?), parked_why = ?, wait_until = ?
               WHERE id = ? AND failing_since IS NOT NULL";
    let row = sqlx::query(sql).bind(parked.since).bind(parked.why.clone()).bind(until).bind(id);
    done(row.execute(to).await)
}

/// It is ordered for again, so it is not parked any more.
pub(super) async fn end(to: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
    let sql = "UPDATE certificate SET parked_at = NULL, parked_why = NULL WHERE id = ?";
    done(sqlx::query(sql).bind(id).execute(to).await)
}

pub(super) fn parked(row: &SqliteRow) -> Result<Option<Parked>, StoreError> {
    let both = get::<Option<_>>(row, "parked_at")?.zip(get::<Option<_>>(row, "parked_why")?);
    Ok(both.map(|(since, why)| Parked { since, why }))
}
