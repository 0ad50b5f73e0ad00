//! Certificates that other clients have made.

use nws_expiry::Chain;
use sqlx::SqliteConnection;

use super::write::{certificate_id, done};
use super::{CertificateKey, StoreError};
use crate::vault::Sealed;

/// A certificate that another client has made.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What it is for.
    pub certificate: CertificateKey,
    /// The chain, checked against key, names and dates.
    pub chain: Chain,
    /// The key that belongs to it.
    pub sealed_key: Sealed,
    /// The directory of the CA that issued it, where that is known.
    pub ca: Option<String>,
}

/// It counts as stored when it begins: who asked for another one since is not given this one.
pub(super) async fn keep(to: &mut SqliteConnection, found: Imported) -> Result<(), StoreError> {
    let Imported { certificate, chain, sealed_key, ca } = found;
    let id = certificate_id(to, &certificate).await?;
    let sql = "UPDATE certificate SET
                 previous_chain = chain, previous_key = sealed_key, previous_ca = ca,
                 chain = ?, sealed_key = ?, issued_at = ?, ca = ?, issued_profile = NULL,
                 failures = 0, wait_until = NULL, last_error = NULL, failing_since = NULL,
                 parked_at = NULL, parked_why = NULL, looks_failed = 0,
                 not_ready_since = NULL, not_ready_at = NULL, not_ready_why = NULL
               WHERE id = ?";
    let row = sqlx::query(sql).bind(chain.to_pem()).bind(sealed_key.0);
    done(row.bind(chain.leaf().not_before()).bind(ca).bind(id).execute(to).await)
}
