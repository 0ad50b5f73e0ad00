//! Bringing the schema up to date, with a copy kept.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sqlx::SqliteConnection;
use sqlx::migrate::Migrator;

use super::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// Runs what migrations are missing. A file that has data is first copied to `FILE.before-VERSION`.
pub(super) async fn run(connection: &mut SqliteConnection, file: &Path) -> Result<(), StoreError> {
    if let Some(have) = version(connection).await?
        && let Some(want) = MIGRATIONS.iter().map(|migration| migration.version).max()
        && have < want
    {
        keep_copy(connection, &file.with_added_extension(format!("before-{want}"))).await?;
    }
    MIGRATIONS.run(connection).await.map_err(StoreError::Migrate)
}

/// The newest migration that was applied; `None` for a new file.
async fn version(connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    let table: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_optional(&mut *connection)
            .await
            .map_err(StoreError::Engine)?;
    match table {
        None => Ok(None),
        Some(_) => sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(connection)
            .await
            .map_err(StoreError::Engine),
    }
}

async fn keep_copy(connection: &mut SqliteConnection, copy: &Path) -> Result<(), StoreError> {
    if copy.exists() {
        return Ok(());
    }
    // Half a copy must not pass for one: it gets its name when it is whole and on the disk.
    let half = copy.with_added_extension("half");
    fs::remove_file(&half).or_else(absent_is_fine).map_err(StoreError::Copy)?;
    sqlx::query("VACUUM INTO ?")
        .bind(half.to_string_lossy().into_owned())
        .execute(connection)
        .await
        .map_err(StoreError::Engine)?;
    let synced = File::open(&half).and_then(|file| file.sync_all());
    synced.and_then(|()| fs::rename(&half, copy)).map_err(StoreError::Copy)
}

fn absent_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use sqlx::Connection as _;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;
    use crate::store::{SqliteStore, Store as _};

    const ACCOUNT: &str =
        "INSERT INTO account VALUES ('https://ca.example/d', 'https://ca.example/a/1')";

    async fn connect(file: &Path) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    #[tokio::test]
    async fn a_file_of_an_older_version_is_brought_up_to_date_and_kept_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let mut old = connect(&file).await;
        let first = MIGRATIONS.iter().take(1).cloned().collect();
        Migrator::with_migrations(first).run(&mut old).await.unwrap();
        sqlx::query(ACCOUNT).execute(&mut old).await.unwrap();
        old.close().await.unwrap();

        // What a full disk left of an earlier start.
        fs::write(dir.path().join("state.db.before-2.half"), "").unwrap();

        let store = SqliteStore::open(&file).await.unwrap();
        assert_eq!(store.load().await.unwrap().accounts.len(), 1);

        let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap();
        let copy = file.with_added_extension(format!("before-{newest}"));
        let mut copy = connect(&copy).await;
        assert_eq!(version(&mut copy).await.unwrap(), Some(1), "the copy is of before");
        let accounts: i64 =
            sqlx::query_scalar("SELECT count(*) FROM account").fetch_one(&mut copy).await.unwrap();
        assert_eq!(accounts, 1);
    }

    #[tokio::test]
    async fn a_new_file_and_one_that_is_up_to_date_are_not_copied() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        for _ in 0..2 {
            drop(SqliteStore::open(&file).await.unwrap());
        }
        let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let copies = names.filter(|name| name.to_string_lossy().contains("before"));
        assert_eq!(copies.count(), 0);
    }
}
