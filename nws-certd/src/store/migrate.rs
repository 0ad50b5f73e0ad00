//! Bringing the schema up to date, with a copy kept.

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
    sqlx::query("VACUUM INTO ?")
        .bind(copy.to_string_lossy().into_owned())
        .execute(connection)
        .await
        .map_err(StoreError::Engine)?;
    Ok(())
}
