//! Sealing every key in a database anew, when the key file is rotated.

use std::path::{Path, PathBuf};

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{Connection as _, Sqlite, SqliteConnection, Transaction};

use super::sqlite::BUSY;
use super::{StoreError, migrate};
use crate::vault::{SealError, Sealed, Vault};

/// A column with something sealed to the key file in it.
struct Column {
    /// The values after a row id, by row id.
    after: &'static str,
    /// Puts a value into the row of a row id.
    set: &'static str,
}

macro_rules! column {
    ($table:literal, $column:literal) => {
        Column {
            after: concat!(
                "SELECT rowid, ",
                $column,
                " FROM ",
                $table,
                " WHERE rowid > ? AND ",
                $column,
                " IS NOT NULL ORDER BY rowid LIMIT 256"
            ),
            set: concat!("UPDATE ", $table, " SET ", $column, " = ? WHERE rowid = ?"),
        }
    };
}

/// Every column of that kind, of whatever version of the schema.
const COLUMNS: [Column; 3] = [
    column!("certificate", "sealed_key"),
    column!("certificate", "previous_key"),
    column!("acme_order", "sealed_key"),
];

/// How many keys were found in a database.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Resealed {
    /// Sealed anew, or before by a rotation that was interrupted.
    pub(crate) sealed: usize,
    /// Sealed to neither identity, so they did not open before either. They are as they were.
    pub(crate) foreign: usize,
}

/// Seals every key in a database that nobody else writes to the newest identity, and leaves nothing in its files of what they were
/// sealed to before.
///
/// All of it or, after a crash, nothing is sealed anew. The file is written anew as a whole then, its free pages and its log with it: an
/// old value is in neither. What a file system or a disk keeps of the blocks that were written before is out of reach.
///
/// # Errors
///
/// [`ResealError`]; the keys are as they were, or all sealed anew.
pub(crate) async fn reseal_database(file: &Path, vault: &Vault) -> Result<Resealed, ResealError> {
    migrate::refuse_newer(file).await?;
    // The mode of the journal stays what it is: a copy from before a migration has another than the database.
    let options = SqliteConnectOptions::new()
        .filename(file)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY);
    let mut connection =
        SqliteConnection::connect_with(&options).await.map_err(StoreError::Engine)?;
    let mut found = Resealed::default();
    let mut all = connection.begin().await.map_err(StoreError::Engine)?;
    for column in &COLUMNS {
        reseal_column(&mut all, column, vault, &mut found).await?;
    }
    all.commit().await.map_err(StoreError::Engine)?;
    forget(&mut connection, file).await?;
    connection.close().await.map_err(StoreError::Engine)?;
    Ok(found)
}

async fn reseal_column(
    all: &mut Transaction<'_, Sqlite>,
    column: &Column,
    vault: &Vault,
    found: &mut Resealed,
) -> Result<(), ResealError> {
    let mut last = i64::MIN;
    loop {
        let rows: Vec<(i64, Vec<u8>)> = sqlx::query_as(column.after)
            .bind(last)
            .fetch_all(&mut **all)
            .await
            .map_err(StoreError::Engine)?;
        let Some((newest, _)) = rows.last() else { return Ok(()) };
        last = *newest;
        for (row, sealed) in rows {
            match vault.reseal(&Sealed(sealed)) {
                Ok(None) => found.sealed += 1,
                Ok(Some(anew)) => {
                    set(all, column, row, anew).await?;
                    found.sealed += 1;
                }
                Err(SealError::Open) => found.foreign += 1,
                Err(error @ SealError::Seal) => return Err(ResealError::Seal(error)),
            }
        }
    }
}

async fn set(
    all: &mut Transaction<'_, Sqlite>,
    column: &Column,
    row: i64,
    anew: Sealed,
) -> Result<(), StoreError> {
    let set = sqlx::query(column.set).bind(anew.0).bind(row).execute(&mut **all);
    set.await.map(drop).map_err(StoreError::Engine)
}

/// Writes the whole file anew, and empties its log.
async fn forget(connection: &mut SqliteConnection, file: &Path) -> Result<(), ResealError> {
    sqlx::query("VACUUM").execute(&mut *connection).await.map_err(StoreError::Engine)?;
    let emptied: (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(connection)
        .await
        .map_err(StoreError::Engine)?;
    match emptied {
        (0, ..) => Ok(()),
        _ => Err(ResealError::Read { file: file.into() }),
    }
}

/// Why not every key in a database was sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum ResealError {
    /// The engine, or a schema that a newer program has made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key cannot be sealed.
    #[error(transparent)]
    Seal(SealError),
    /// Somebody reads what was there before.
    #[error("{} is being read by somebody else, perhaps a backup; do it again when that is over", file.display())]
    Read {
        /// The database.
        file: PathBuf,
    },
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::SqliteStore;

    /// Whoever adds a column of bytes says here whether there is something sealed in it.
    #[tokio::test]
    async fn every_column_of_bytes_is_sealed_anew_or_was_never_sealed() {
        const NEVER: [&str; 2] = ["acme_order.csr", "revocation.leaf"];
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        drop(SqliteStore::open(&file).await.unwrap());
        let options = SqliteConnectOptions::new().filename(&file);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT tables.name, columns.name FROM sqlite_schema tables, pragma_table_info(tables.name) columns
             WHERE tables.type = 'table' AND columns.type = 'BLOB' AND tables.name NOT LIKE '\\_sqlx%' ESCAPE '\\'",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let is_resealed = |(table, column): &&(String, String)| {
            let set = format!("UPDATE {table} SET {column} = ? WHERE rowid = ?");
            COLUMNS.iter().any(|column| column.set == set)
        };
        let (resealed, rest): (Vec<_>, Vec<_>) = columns.iter().partition(is_resealed);
        assert_eq!(resealed.len(), COLUMNS.len(), "{resealed:?}");
        let rest: BTreeSet<_> =
            rest.iter().map(|(table, column)| format!("{table}.{column}")).collect();
        assert_eq!(rest, NEVER.map(str::to_owned).into(), "is there something sealed in it?");
    }
}
