//! What is to be revoked, and what was.

use nws_acme::RevocationReason;
use nws_expiry::{Fingerprint, Leaf};
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use time::OffsetDateTime;

use super::load::{each, get, parse, unreadable};
use super::write::done;
use super::{Revocation, RevocationFacts, StoreError};

/// Asked again, the newer wish stands, unless it is revoked already.
pub(super) async fn asked(
    to: &mut SqliteConnection,
    wish: &Revocation,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO revocation (fingerprint, leaf, public_key, ca, reason, replacing, asked_at)
               VALUES (?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (fingerprint) DO UPDATE SET
                 ca = excluded.ca, reason = excluded.reason, replacing = excluded.replacing, asked_at = excluded.asked_at,
                 failures = 0, wait_until = NULL, last_error = NULL
               WHERE revoked_at IS NULL";
    let row = sqlx::query(sql)
        .bind(wish.leaf.fingerprint().to_string())
        .bind(wish.der.to_vec())
        .bind(Fingerprint::of(wish.leaf.public_key()).to_string())
        .bind(wish.ca.clone())
        .bind(wish.reason.as_str())
        .bind(wish.replacing)
        .bind(at);
    done(row.execute(to).await)
}

pub(super) async fn failed(
    to: &mut SqliteConnection,
    fingerprint: Fingerprint,
    error: String,
    until: OffsetDateTime,
) -> Result<(), StoreError> {
    let sql = "UPDATE revocation SET failures = failures + 1, wait_until = ?, last_error = ?
               WHERE fingerprint = ? AND revoked_at IS NULL";
    let row = sqlx::query(sql).bind(until).bind(error).bind(fingerprint.to_string());
    done(row.execute(to).await)
}

pub(super) async fn revoked(
    to: &mut SqliteConnection,
    fingerprint: Fingerprint,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let sql = "UPDATE revocation SET revoked_at = ?, wait_until = NULL, last_error = NULL
               WHERE fingerprint = ? AND revoked_at IS NULL";
    done(sqlx::query(sql).bind(at).bind(fingerprint.to_string()).execute(to).await)
}

pub(super) async fn all(from: &SqlitePool) -> Result<Vec<RevocationFacts>, StoreError> {
    let rows = sqlx::query(
        "SELECT leaf, ca, reason, replacing, asked_at, failures, wait_until, last_error, revoked_at
         FROM revocation ORDER BY asked_at, fingerprint",
    );
    each(rows, from, facts).await
}

fn facts(row: &SqliteRow) -> Result<RevocationFacts, StoreError> {
    let der: Vec<u8> = get(row, "leaf")?;
    let leaf = Leaf::from_der(&der).map_err(|error| unreadable("leaf", &error))?;
    let reason: RevocationReason = parse(row, "reason")?;
    Ok(RevocationFacts {
        wish: Revocation {
            leaf,
            der: der.into(),
            ca: get(row, "ca")?,
            reason,
            replacing: get(row, "replacing")?,
        },
        asked_at: get(row, "asked_at")?,
        failures: u32::try_from(get::<i64>(row, "failures")?).unwrap_or(u32::MAX),
        wait_until: get(row, "wait_until")?,
        last_error: get(row, "last_error")?,
        revoked_at: get(row, "revoked_at")?,
    })
}

/// Whether a certificate for this public key is to be revoked, or was.
pub(super) async fn is_of_revoked(
    from: &SqlitePool,
    public_key: &[u8],
) -> Result<bool, StoreError> {
    let key = Fingerprint::of(public_key).to_string();
    let rows = sqlx::query("SELECT 1 FROM revocation WHERE public_key = ? LIMIT 1").bind(key);
    Ok(!each(rows, from, |_| Ok(())).await?.is_empty())
}
