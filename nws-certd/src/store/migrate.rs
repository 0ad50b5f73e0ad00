//! Bringing the schema up to date, with a copy kept.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};

use super::sqlite::BUSY;
use super::{StoreError, read_back};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// The schema from which on it is kept which repositories were looked at.
const WITH_FIRST_LOOKS: i64 = 9;

/// The version of the schema that this program brings a database to.
pub(crate) fn newest_schema() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Refuses a file whose schema a newer program has made, before anything is done to it.
pub(super) async fn refuse_newer(file: &Path) -> Result<(), StoreError> {
    if !file.exists() {
        return Ok(());
    }
    // Not even the mode of its journal is changed, as it would be by opening it to write.
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection =
        SqliteConnection::connect_with(&options).await.map_err(StoreError::Engine)?;
    let found = version(&mut connection).await?;
    connection.close().await.map_err(StoreError::Engine)?;
    match found {
        Some(found) if found > newest_schema() => {
            Err(StoreError::Newer { file: file.into(), found, known: newest_schema() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Copies a database as of one instant into an empty file, whoever works with it meanwhile, and says which schema it has. Whoever goes
/// on with the copy looks at each branch as if for the first time.
pub(crate) async fn copy_database(from: &Path, to: &Path) -> Result<i64, StoreError> {
    let options = |file| SqliteConnectOptions::new().filename(file).busy_timeout(BUSY);
    let mut source =
        SqliteConnection::connect_with(&options(from)).await.map_err(StoreError::Engine)?;
    vacuum_into(&mut source, to).await?;
    source.close().await.map_err(StoreError::Engine)?;
    let mut copy =
        SqliteConnection::connect_with(&options(to)).await.map_err(StoreError::Engine)?;
    let version = version(&mut copy).await?.unwrap_or_default();
    if version >= WITH_FIRST_LOOKS {
        read_back::forget_looks(&mut copy).await?;
    }
    copy.close().await.map_err(StoreError::Engine)?;
    Ok(version)
}

/// Runs what migrations are missing. A file that has data is first copied to `FILE.before-VERSION`.
pub(super) async fn run(connection: &mut SqliteConnection, file: &Path) -> Result<(), StoreError> {
    let want = newest_schema();
    if version(connection).await?.is_some_and(|have| have < want) {
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
    vacuum_into(connection, &half).await?;
    let synced = File::open(&half).and_then(|file| file.sync_all());
    synced.and_then(|()| fs::rename(&half, copy)).map_err(StoreError::Copy)
}

async fn vacuum_into(connection: &mut SqliteConnection, to: &Path) -> Result<(), StoreError> {
    let copied =
        sqlx::query("VACUUM INTO ?").bind(to.to_string_lossy().into_owned()).execute(connection);
    copied.await.map(drop).map_err(StoreError::Engine)
}

fn absent_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use nws_expiry::Chain;
    use time::macros::datetime;

    use super::*;
    use crate::store::{SqliteStore, Store as _};

    const ACCOUNT: &str =
        "INSERT INTO account VALUES ('https://ca.example/d', 'https://ca.example/a/1')";

    /// What a daemon of version 2 left: one certificate issued and pushed, another with an open order that waits.
    const VERSION_2: [&str; 8] = [
        ACCOUNT,
        "INSERT INTO certificate (id, names, key_type, chain, sealed_key, issued_at, previous_chain, previous_key)
         VALUES (5, 'shop.example www.shop.example', 'ecdsa-p256', ?1, x'01', '2026-03-01T12:00:00Z', 'before', x'02')",
        "INSERT INTO certificate (id, names, key_type, failures, wait_until, last_error)
         VALUES (7, 'blog.example', 'rsa-2048', 3, '2026-03-01T14:00:00Z', 'connection refused')",
        "INSERT INTO want VALUES ('default', 'shop', 'shop-tls', 5, 'apps/shop.yaml'), ('default', 'blog', 'blog-tls', 7, 'apps/blog.yaml')",
        "INSERT INTO delivery VALUES
         ('default', 'shop', 'shop-tls', 'certs/shop/shop-tls.yaml', ?2, ?3, '2026-03-01T12:01:00Z')",
        "INSERT INTO acme_order (id, certificate, epoch, sealed_key, started_at, state, url) VALUES
         (?2, 5, 1, x'01', '2026-03-01T11:59:00Z', 'issued', 'https://ca.example/o/1'),
         (?4, 7, 1, x'03', '2026-03-01T12:59:00Z', 'open', 'https://ca.example/o/2')",
        "INSERT INTO attempt (certificate, acme_order, began_at, ended_at, outcome) VALUES
         (5, ?2, '2026-03-01T11:59:00Z', '2026-03-01T12:00:00Z', 'issued')",
        "INSERT INTO attempt (certificate, acme_order, began_at, ended_at, times, outcome, error) VALUES
         (7, ?4, '2026-03-01T12:59:00Z', '2026-03-01T13:00:00Z', 4, 'waits', 'connection refused')",
    ];

    async fn leave_version_2(file: &Path, chain: &str) {
        let mut old = connect(file).await;
        let first = MIGRATIONS.iter().take(2).cloned().collect();
        Migrator::with_migrations(first).run(&mut old).await.unwrap();
        for sql in VERSION_2 {
            let row = sqlx::query(sql).bind(chain).bind("a".repeat(64)).bind("b".repeat(40));
            row.bind("c".repeat(64)).execute(&mut old).await.unwrap();
        }
        old.close().await.unwrap();
    }

    /// Which of two CAs issued what there is was never noted, so nobody guesses.
    #[tokio::test]
    async fn of_several_accounts_none_is_taken_for_the_issuer() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        leave_version_2(&file, &chain_for(&["shop.example", "www.shop.example"]).to_pem()).await;
        let mut old = connect(&file).await;
        let other = "INSERT INTO account VALUES ('https://another.example/d', 'https://another.example/a/1')";
        sqlx::query(other).execute(&mut old).await.unwrap();
        old.close().await.unwrap();

        let facts = SqliteStore::open(&file).await.unwrap().load().await.unwrap();
        let issuers: Vec<_> =
            facts.certificates.iter().filter_map(|one| one.issued.as_ref()?.ca.clone()).collect();
        assert_eq!((issuers, facts.orders[0].ca.clone()), (Vec::new(), None));
    }

    #[tokio::test]
    async fn everything_of_version_2_is_there_afterwards_and_belongs_together() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        let chain = chain_for(&["shop.example", "www.shop.example"]);
        leave_version_2(&file, &chain.to_pem()).await;

        let store = SqliteStore::open(&file).await.unwrap();
        let facts = store.load().await.unwrap();
        let [blog, shop] = &facts.certificates[..] else { panic!("{facts:?}") };
        let ca = Some("https://ca.example/d".to_owned());
        let issued = shop.issued.as_ref().unwrap();
        assert_eq!((&issued.chain, &issued.ca, &issued.profile), (&chain, &ca, &None));
        assert_eq!(issued.at, datetime!(2026-03-01 12:00 UTC));
        assert_eq!(
            (blog.failures, blog.wait_until, blog.last_error.as_deref()),
            (3, Some(datetime!(2026-03-01 14:00 UTC)), Some("connection refused"))
        );
        let [order] = &facts.orders[..] else { panic!("{facts:?}") };
        assert_eq!((&order.certificate, &order.ca), (&blog.key, &ca));
        assert_eq!(order.url.as_ref().unwrap().as_str(), "https://ca.example/o/2");

        let history = store.history(&blog.key).await.unwrap();
        assert_eq!((history.attempts.len(), history.attempts[0].times), (1, 4));
        let history = store.history(&shop.key).await.unwrap();
        assert_eq!((history.attempts.len(), history.pushes.len()), (1, 1), "through its want");
        let outgoing = store.outbox(&shop.key).await.unwrap().unwrap();
        assert_eq!((outgoing.chain, outgoing.sealed_key.0), (chain, vec![1]));

        let mut new = connect(&file).await;
        let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut new).await.unwrap();
        assert!(broken.is_empty(), "{} rows refer to what is not there", broken.len());
        let stray = "INSERT INTO want VALUES ('default', 'wiki', 'wiki-tls', 9, 'apps/wiki.yaml')";
        assert!(sqlx::query(stray).execute(&mut new).await.is_err(), "and none can be made");
    }

    fn chain_for(hosts: &[&str]) -> Chain {
        let names: Vec<_> = hosts.iter().map(ToString::to_string).collect();
        let pair = rcgen::KeyPair::generate().unwrap();
        let made = rcgen::CertificateParams::new(names).unwrap().self_signed(&pair).unwrap();
        Chain::from_der(vec![made.der().as_ref().into()]).unwrap()
    }

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
    async fn a_file_of_a_newer_version_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        drop(SqliteStore::open(&file).await.unwrap());
        let newer = newest_schema() + 1;
        let mut theirs = connect(&file).await;
        let sql = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?, 'of a newer version', 1, x'00', 0)";
        sqlx::query(sql).bind(newer).execute(&mut theirs).await.unwrap();
        theirs.close().await.unwrap();
        let before = fs::read(&file).unwrap();
        let said = SqliteStore::open(&file).await.unwrap_err().to_string();
        assert_eq!(
            said,
            format!(
                "the state database {} is of a newer nws-certd (state version {newer}; this one knows {}); run that one again, or restore a backup that this one has made",
                file.display(),
                newest_schema()
            )
        );
        assert!(fs::read(&file).unwrap() == before, "not a byte is changed");
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
