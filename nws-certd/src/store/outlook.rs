//! How the names of certificates looked before an order.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use time::OffsetDateTime;

use super::load::get;
use super::write::{certificate_id, done};
use super::{CertificateKey, NotReady, Outlook, StoreError};

/// Whoever finds this has not ordered: the failure is the names', though it cost the CA nothing.
pub(super) async fn not_ready(
    to: &mut SqliteConnection,
    key: &CertificateKey,
    found: &NotReady,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    let id = certificate_id(to, key).await?;
    // Since the first look, which is this one if the clock was set back behind it.
    let sql = "UPDATE certificate SET looks_failed = looks_failed + 1, wait_until = ?1,
                 not_ready_since = min(coalesce(not_ready_since, ?2), ?2), not_ready_at = ?2, not_ready_why = ?3,
                 failing_since = min(coalesce(failing_since, ?2), ?2), parked_at = NULL, parked_why = NULL
               WHERE id = ?4";
    let row = sqlx::query(sql).bind(until).bind(found.at).bind(found.why.join("\n")).bind(id);
    done(row.execute(to).await)
}

pub(super) async fn advised(
    to: &mut SqliteConnection,
    key: &CertificateKey,
    advice: &[String],
) -> Result<(), StoreError> {
    let id = certificate_id(to, key).await?;
    let sql = "UPDATE certificate SET advice = ? WHERE id = ?";
    let text = Some(advice.join("\n")).filter(|text| !text.is_empty());
    done(sqlx::query(sql).bind(text).bind(id).execute(to).await)
}

/// It is ordered for, so whatever was seen before is over.
pub(super) async fn end(to: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
    let sql = "UPDATE certificate SET looks_failed = 0, not_ready_since = NULL, not_ready_at = NULL, not_ready_why = NULL
               WHERE id = ?";
    done(sqlx::query(sql).bind(id).execute(to).await)
}

pub(super) fn outlook(row: &SqliteRow) -> Result<Outlook, StoreError> {
    let times =
        get::<Option<_>>(row, "not_ready_since")?.zip(get::<Option<_>>(row, "not_ready_at")?);
    let not_ready = times.zip(lines(row, "not_ready_why")?);
    let not_ready = not_ready.map(|((since, at), why)| NotReady { since, at, why });
    let looks_failed = u32::try_from(get::<i64>(row, "looks_failed")?).unwrap_or(u32::MAX);
    Ok(Outlook { looks_failed, not_ready, advice: lines(row, "advice")?.unwrap_or_default() })
}

fn lines(row: &SqliteRow, column: &str) -> Result<Option<Vec<String>>, StoreError> {
    let text = get::<Option<String>>(row, column)?;
    Ok(text.map(|text| text.lines().map(str::to_owned).collect()))
}
