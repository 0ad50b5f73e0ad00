//! What CAs say of when to renew (RFC 9773).

use nws_expiry::Window;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use time::{Duration, OffsetDateTime};

use super::load::{each, get, parse};
use super::write::done;
use super::{RenewalFacts, StoreError};

pub(super) async fn keep(to: &mut SqliteConnection, said: &RenewalFacts) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO renewal_info
               (fingerprint, window_start, window_end, explanation_url, asked_at, next_at, failures, last_error)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let row = sqlx::query(sql)
        .bind(said.fingerprint.to_string())
        .bind(said.window.as_ref().map(Window::start))
        .bind(said.window.as_ref().map(Window::end))
        .bind(said.explanation_url.clone())
        .bind(said.asked_at)
        .bind(said.next_at)
        .bind(i64::from(said.failures))
        .bind(said.last_error.clone());
    done(row.execute(&mut *to).await)?;
    forget_replaced(to, said.asked_at).await
}

/// What was said of certificates that nobody asks about any more is of no use: days have passed since the CA was to be
/// asked again.
async fn forget_replaced(to: &mut SqliteConnection, now: OffsetDateTime) -> Result<(), StoreError> {
    const KEPT: Duration = Duration::days(10);
    let sql = "DELETE FROM renewal_info WHERE julianday(next_at) < julianday(?)";
    done(sqlx::query(sql).bind(now - KEPT).execute(to).await)
}

pub(super) async fn all(from: &SqlitePool) -> Result<Vec<RenewalFacts>, StoreError> {
    let rows = sqlx::query(
        "SELECT fingerprint, window_start, window_end, explanation_url, asked_at, next_at, failures, last_error FROM renewal_info",
    );
    each(rows, from, said).await
}

fn said(row: &SqliteRow) -> Result<RenewalFacts, StoreError> {
    let ends = get::<Option<_>>(row, "window_start")?.zip(get::<Option<_>>(row, "window_end")?);
    Ok(RenewalFacts {
        fingerprint: parse(row, "fingerprint")?,
        window: ends.and_then(|(start, end)| Window::new(start, end)),
        explanation_url: get(row, "explanation_url")?,
        asked_at: get(row, "asked_at")?,
        next_at: get(row, "next_at")?,
        failures: u32::try_from(get::<i64>(row, "failures")?).unwrap_or(u32::MAX),
        last_error: get(row, "last_error")?,
    })
}
