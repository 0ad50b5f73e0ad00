//! The accounts at CAs.

use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use time::OffsetDateTime;

use super::load::{each, get};
use super::write::done;
use super::{AccountFacts, StoreError};

/// The account at a CA, or that there is none.
pub(super) async fn keep(
    to: &mut SqliteConnection,
    directory: &str,
    url: Option<&str>,
    thumbprint: &str,
) -> Result<(), StoreError> {
    let sql = "DELETE FROM account WHERE directory = ?";
    done(sqlx::query(sql).bind(directory.to_owned()).execute(&mut *to).await)?;
    let Some(url) = url else { return Ok(()) };
    let sql = "INSERT INTO account (directory, url, thumbprint) VALUES (?, ?, ?)";
    let row = sqlx::query(sql)
        .bind(directory.to_owned())
        .bind(url.to_owned())
        .bind(thumbprint.to_owned());
    done(row.execute(to).await)
}

/// The account at a CA, which we have ended.
pub(super) async fn end(
    to: &mut SqliteConnection,
    directory: &str,
    url: &str,
    thumbprint: &str,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    keep(to, directory, Some(url), thumbprint).await?;
    let sql = "UPDATE account SET ended_at = ? WHERE directory = ?";
    done(sqlx::query(sql).bind(at).bind(directory.to_owned()).execute(to).await)
}

pub(super) async fn all(from: &SqlitePool) -> Result<Vec<AccountFacts>, StoreError> {
    let rows =
        sqlx::query("SELECT directory, url, thumbprint, ended_at FROM account ORDER BY directory");
    each(rows, from, account).await
}

fn account(row: &SqliteRow) -> Result<AccountFacts, StoreError> {
    Ok(AccountFacts {
        directory: get(row, "directory")?,
        url: get(row, "url")?,
        thumbprint: get(row, "thumbprint")?,
        ended_at: get(row, "ended_at")?,
    })
}
