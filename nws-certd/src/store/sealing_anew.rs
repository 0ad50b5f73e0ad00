//! That everything is to be sealed anew, until it is.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;
use time::OffsetDateTime;

use super::StoreError;
use super::load::{each, get};
use super::write::done;

/// Who asks again while it is under way changes nothing.
pub(super) async fn asked(to: &mut SqliteConnection, at: OffsetDateTime) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO sealing_anew (only, asked_at) VALUES (1, ?) ON CONFLICT (only) DO NOTHING";
    done(sqlx::query(sql).bind(at).execute(to).await)
}

pub(super) async fn over(to: &mut SqliteConnection) -> Result<(), StoreError> {
    done(sqlx::query("DELETE FROM sealing_anew").execute(to).await)
}

/// Since when, if it is so.
pub(super) async fn since(from: &SqlitePool) -> Result<Option<OffsetDateTime>, StoreError> {
    let rows = sqlx::query("SELECT asked_at FROM sealing_anew");
    Ok(each(rows, from, |row| get(row, "asked_at")).await?.into_iter().next())
}
