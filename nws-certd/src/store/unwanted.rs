//! Secrets that nobody wants, and since when.

use std::collections::BTreeSet;

use nws_gitops::{Known, RepoPath, WantKey};
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use time::{Duration, OffsetDateTime};

use super::StoreError;
use super::load::{each, get, want_key};
use super::write::done;

/// After so long without a look nobody knows whether it was wanted in between.
const GAP: Duration = Duration::DAY;

/// A Secret of ours that nobody wants, as one commit says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnwantedRow {
    /// Which one.
    pub key: WantKey,
    /// Whether its live object goes with its file.
    pub is_let_go: bool,
}

/// What is not among them is wanted, or gone, and forgotten.
pub(super) async fn seen(
    to: &mut SqliteConnection,
    rows: &[UnwantedRow],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let still: BTreeSet<_> = rows.iter().map(|row| &row.key).collect();
    let known = sqlx::query("SELECT target, namespace, secret FROM unwanted");
    let known = known.fetch_all(&mut *to).await.map_err(StoreError::Engine)?;
    for row in &known {
        let known = want_key(row)?;
        if !still.contains(&known) {
            let sql = "DELETE FROM unwanted WHERE target = ? AND namespace = ? AND secret = ?";
            done(of(sql, &known).execute(&mut *to).await)?;
        }
    }
    for row in rows {
        see(to, row, at).await?;
    }
    Ok(())
}

async fn see(
    to: &mut SqliteConnection,
    row: &UnwantedRow,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO unwanted (target, namespace, secret, since, seen_at, let_go_at, source)
               SELECT ?1, ?2, ?3, ?4, ?4, iif(?5, ?4, NULL),
                 (SELECT source FROM want WHERE target = ?1 AND namespace = ?2 AND secret = ?3)
               WHERE true
               ON CONFLICT (target, namespace, secret) DO UPDATE SET
                 since = iif(seen_at < ?6, excluded.since, since),
                 let_go_at = iif(seen_at < ?6, excluded.let_go_at,
                   iif(excluded.let_go_at IS NULL, NULL, coalesce(let_go_at, excluded.let_go_at))),
                 confirmed_at = iif(seen_at < ?6, NULL, confirmed_at),
                 seen_at = excluded.seen_at";
    let row = of(sql, &row.key).bind(at).bind(row.is_let_go).bind(at - GAP);
    done(row.execute(to).await)
}

pub(super) async fn confirmed(
    to: &mut SqliteConnection,
    secrets: &[WantKey],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    for key in secrets {
        let sql = "UPDATE unwanted SET confirmed_at = ?4 WHERE target = ?1 AND namespace = ?2 AND secret = ?3";
        done(of(sql, key).bind(at).execute(&mut *to).await)?;
    }
    Ok(())
}

pub(super) async fn all(from: &SqlitePool) -> Result<Vec<(WantKey, Known)>, StoreError> {
    let rows = sqlx::query(
        "SELECT target, namespace, secret, source, since, let_go_at, confirmed_at FROM unwanted
         ORDER BY target, namespace, secret",
    );
    let read = |row: &SqliteRow| {
        let source: Option<String> = get(row, "source")?;
        let is_confirmed = get::<Option<OffsetDateTime>>(row, "confirmed_at")?.is_some();
        let known = Known {
            since: get(row, "since")?,
            let_go_at: get(row, "let_go_at")?,
            is_confirmed,
            sources: source.as_deref().map_or_else(Vec::new, files),
        };
        Ok((want_key(row)?, known))
    };
    each(rows, from, read).await
}

/// The files of a want's sources, each written as a [`Source`](nws_gitops::Source) is, with `; ` between them.
fn files(sources: &str) -> Vec<RepoPath> {
    let file = |source: &str| RepoPath::read_back(source.split_once(", document ")?.0).ok();
    sources.split("; ").filter_map(file).collect()
}

type Rows<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn of(sql: &'static str, key: &WantKey) -> Rows<'static> {
    sqlx::query(sql)
        .bind(key.target.to_string())
        .bind(key.secret.namespace().to_owned())
        .bind(key.secret.name().to_owned())
}
