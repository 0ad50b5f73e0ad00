//! SQLite: the engine that needs nothing.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use nws_challenge::KeyAuthorization;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, SqliteConnection};
use time::OffsetDateTime;
use tokio::sync::{mpsc, oneshot};

use super::write::{self, Epoch};
use super::{
    CertificateKey, Facts, History, Outgoing, Previous, Step, Store, StoreError, Used, answers,
    attempts, budget, load, migrate, revocations,
};

/// How many steps may wait for the writer; beyond it their callers wait.
const QUEUE: usize = 1024;
/// How many waiting steps share one transaction, so that they share its fsync.
const BATCH: usize = 256;

/// How long one who wants to write waits for another.
pub(super) const BUSY: Duration = Duration::from_secs(10);

type Waiting = (Step, oneshot::Sender<Result<(), StoreError>>);

/// A [`Store`] in one SQLite file (WAL, `synchronous = FULL`).
#[derive(Debug)]
pub struct SqliteStore {
    readers: SqlitePool,
    writer: mpsc::Sender<Waiting>,
}

impl SqliteStore {
    /// Opens the file, brings its schema up to date, and takes all open orders over from whoever had it before.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it cannot be opened or migrated; one of a newer version is left as it is.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        migrate::refuse_newer(file).await?;
        let options = options(file);
        let mut connection =
            SqliteConnection::connect_with(&options).await.map_err(StoreError::Engine)?;
        migrate::run(&mut connection, file).await?;
        let epoch = write::take_over(&mut connection).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await
            .map_err(StoreError::Engine)?;
        let (writer, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write_all(connection, epoch, waiting));
        Ok(Self { readers, writer })
    }
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
}

/// The one writer: takes what waits, commits it in one transaction, then answers.
async fn write_all(
    mut connection: SqliteConnection,
    epoch: Epoch,
    mut waiting: mpsc::Receiver<Waiting>,
) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let (steps, callers): (Vec<_>, Vec<_>) = batch.drain(..).unzip();
        let results = write::commit(&mut connection, epoch, steps).await;
        for (caller, result) in callers.into_iter().zip(results) {
            // A caller that is gone has been cancelled; what it wrote stands all the same.
            let _ = caller.send(result);
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn load(&self) -> Result<Facts, StoreError> {
        load::facts(&self.readers).await
    }

    async fn answers(
        &self,
        now: OffsetDateTime,
    ) -> Result<Vec<(KeyAuthorization, OffsetDateTime)>, StoreError> {
        answers::all(&self.readers, now).await
    }

    async fn outbox(&self, certificate: &CertificateKey) -> Result<Option<Outgoing>, StoreError> {
        load::outbox(&self.readers, certificate).await
    }

    async fn previous(&self) -> Result<Vec<Previous>, StoreError> {
        load::previous(&self.readers).await
    }

    async fn levels(&self) -> Result<Vec<Used>, StoreError> {
        budget::all(&self.readers).await
    }

    async fn is_key_of_revoked(&self, public_key: &[u8]) -> Result<bool, StoreError> {
        revocations::is_of_revoked(&self.readers, public_key).await
    }

    async fn history(&self, certificate: &CertificateKey) -> Result<History, StoreError> {
        attempts::history(&self.readers, certificate).await
    }

    async fn installation(&self, first: &str) -> Result<String, StoreError> {
        let sql = "INSERT INTO meta (key, value) VALUES ('installation', ?)
                   ON CONFLICT (key) DO UPDATE SET value = value RETURNING value";
        let kept = sqlx::query_scalar(sql).bind(first.to_owned()).fetch_one(&self.readers);
        kept.await.map_err(StoreError::Engine)
    }

    async fn write(&self, step: Step) -> Result<(), StoreError> {
        let (done, result) = oneshot::channel();
        self.writer.send((step, done)).await.map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)?
    }
}
