//! What validators are answered.

use nws_challenge::KeyAuthorization;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;
use time::OffsetDateTime;

use super::StoreError;
use super::load::{each, get, parse};
use super::write::done;

pub(super) async fn offer(
    to: &mut SqliteConnection,
    offered: &KeyAuthorization,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO answer (token, key_authorization, until) VALUES (?, ?, ?)";
    let row = sqlx::query(sql)
        .bind(offered.token().as_str().to_owned())
        .bind(offered.as_str().to_owned())
        .bind(until);
    done(row.execute(to).await)
}

pub(super) async fn forget(
    to: &mut SqliteConnection,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    done(sqlx::query("DELETE FROM answer WHERE until <= ?").bind(until).execute(to).await)
}

pub(super) async fn all(
    from: &SqlitePool,
    now: OffsetDateTime,
) -> Result<Vec<(KeyAuthorization, OffsetDateTime)>, StoreError> {
    let rows = sqlx::query("SELECT key_authorization, until FROM answer WHERE until > ?").bind(now);
    each(rows, from, |row| Ok((parse(row, "key_authorization")?, get(row, "until")?))).await
}
