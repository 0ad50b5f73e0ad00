//! What edges were seen to serve, and since when.

use nws_expiry::Fingerprint;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};
use time::OffsetDateTime;

use super::load::{Rows, each, get, parse};
use super::write::{certificate_id, done};
use super::{CertificateKey, ServedFacts, SightFacts, StoreError};

pub(super) async fn keep(
    to: &mut SqliteConnection,
    key: &CertificateKey,
    seen: &SightFacts,
) -> Result<(), StoreError> {
    let id = certificate_id(to, key).await?;
    let fingerprint = seen.fingerprint.to_string();
    for address in &seen.addresses {
        let sql = "INSERT OR REPLACE INTO served (certificate, address, fingerprint, at) VALUES (?, ?, ?, ?)";
        let row = sqlx::query(sql).bind(id).bind(address.to_string()).bind(&fingerprint);
        done(row.bind(seen.at).execute(&mut *to).await)?;
    }
    if !seen.by_all {
        return Ok(());
    }
    let sql = "UPDATE certificate SET served_fingerprint = ?, served_at = ? WHERE id = ?";
    done(sqlx::query(sql).bind(&fingerprint).bind(seen.at).bind(id).execute(&mut *to).await)?;
    // Where all serve it, no address serves another: those that do are none of its names' any more.
    let sql = "DELETE FROM served WHERE certificate = ? AND fingerprint != ?";
    done(sqlx::query(sql).bind(id).bind(&fingerprint).execute(&mut *to).await)
}

/// Those of one certificate, in the order in which they came; the rows are asked for by its key.
pub(super) async fn of(
    from: &SqlitePool,
    of_key: impl Fn(Rows) -> Rows,
) -> Result<Vec<ServedFacts>, StoreError> {
    let rows = sqlx::query(
        "SELECT address, fingerprint, at FROM served JOIN certificate ON certificate.id = certificate
         WHERE names = ? AND key_type = ? AND profile = ? ORDER BY julianday(at), address",
    );
    each(of_key(rows), from, |row| {
        Ok(ServedFacts {
            address: parse(row, "address")?,
            fingerprint: parse(row, "fingerprint")?,
            at: get(row, "at")?,
        })
    })
    .await
}

/// What every edge serves, of a row of `certificate`.
pub(super) fn by_all(row: &SqliteRow) -> Result<Option<(Fingerprint, OffsetDateTime)>, StoreError> {
    match get::<Option<OffsetDateTime>>(row, "served_at")? {
        Some(at) => Ok(Some((parse(row, "served_fingerprint")?, at))),
        None => Ok(None),
    }
}
