//! Who wants which certificate, and where it was delivered.

use sqlx::SqliteConnection;

use super::write::{certificate_id, done};
use super::{PushFacts, StoreError, WantRow};

pub(super) async fn wanted(to: &mut SqliteConnection, wants: &[WantRow]) -> Result<(), StoreError> {
    done(sqlx::query("DELETE FROM want").execute(&mut *to).await)?;
    for want in wants {
        let certificate = certificate_id(to, &want.certificate).await?;
        let sql = "INSERT INTO want (target, namespace, secret, certificate, source) VALUES (?, ?, ?, ?, ?)";
        let row = sqlx::query(sql)
            .bind(want.key.target.to_string())
            .bind(want.key.secret.namespace().to_owned())
            .bind(want.key.secret.name().to_owned())
            .bind(certificate)
            .bind(want.source.clone());
        done(row.execute(&mut *to).await)?;
    }
    Ok(())
}

/// The file, the leaf and the commit that brought it, as they are stored.
pub(super) async fn delivered(
    to: &mut SqliteConnection,
    push: &PushFacts,
) -> Result<(), StoreError> {
    let sql = "INSERT OR REPLACE INTO delivery
               (target, namespace, secret, path, fingerprint, git_commit, pushed_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let row = sqlx::query(sql)
        .bind(push.want.target.to_string())
        .bind(push.want.secret.namespace().to_owned())
        .bind(push.want.secret.name().to_owned())
        .bind(push.path.to_string())
        .bind(push.fingerprint.to_string())
        .bind(push.commit.to_string())
        .bind(push.at);
    done(row.execute(to).await)
}
