//! What was tried, and how it ended.

use nws_acme::OrderUrl;
use sqlx::SqliteConnection;
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::load::{Rows, each, get, order_id, parse, unreadable, want_key};
use super::write::{done, names_text, profile_text};
use super::{
    AttemptFacts, AttemptOutcome, CertificateKey, History, OrderId, PushFacts, Span, StoreError,
    served,
};

/// How many are kept of each certificate: five years of renewals, or a month of daily failures.
const KEPT: i64 = 30;

/// Notes the end of an attempt; one that ended as the last did only makes that last longer.
pub(super) async fn record(
    to: &mut SqliteConnection,
    order: OrderId,
    span: Span,
    outcome: AttemptOutcome,
    error: Option<&str>,
) -> Result<(), StoreError> {
    let order = order.to_string();
    let sql = "UPDATE attempt SET times = times + 1, ended_at = ?
               WHERE acme_order = ? AND outcome = ? AND error IS ? AND id =
                 (SELECT max(id) FROM attempt WHERE certificate = (SELECT certificate FROM acme_order WHERE id = ?))";
    let again = sqlx::query(sql)
        .bind(span.ended)
        .bind(&order)
        .bind(outcome.as_str())
        .bind(error)
        .bind(&order)
        .execute(&mut *to)
        .await
        .map_err(StoreError::Engine)?;
    if again.rows_affected() > 0 {
        return Ok(());
    }
    let sql = "INSERT INTO attempt (certificate, acme_order, began_at, ended_at, outcome, error)
               SELECT certificate, id, ?, ?, ?, ? FROM acme_order WHERE id = ?";
    let row = sqlx::query(sql).bind(span.began).bind(span.ended).bind(outcome.as_str());
    done(row.bind(error).bind(&order).execute(&mut *to).await)?;
    forget_oldest(to, &order).await
}

async fn forget_oldest(to: &mut SqliteConnection, order: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM attempt WHERE id IN
                 (SELECT id FROM attempt WHERE certificate = (SELECT certificate FROM acme_order WHERE id = ?)
                  ORDER BY id DESC LIMIT -1 OFFSET ?)";
    done(sqlx::query(sql).bind(order).bind(KEPT).execute(to).await)
}

pub(super) async fn history(
    from: &SqlitePool,
    key: &CertificateKey,
) -> Result<History, StoreError> {
    let attempts = sqlx::query(
        "SELECT acme_order, url, began_at, attempt.ended_at AS ended_at, times, outcome, attempt.error AS error
         FROM attempt JOIN acme_order ON acme_order.id = acme_order JOIN certificate ON certificate.id = attempt.certificate
         WHERE names = ? AND key_type = ? AND certificate.profile = ? ORDER BY attempt.id",
    );
    let pushes = sqlx::query(
        "SELECT target, namespace, secret, path, fingerprint, git_commit, pushed_at
         FROM delivery JOIN want USING (target, namespace, secret) JOIN certificate ON certificate.id = want.certificate
         WHERE names = ? AND key_type = ? AND certificate.profile = ? ORDER BY target, namespace, secret",
    );
    let (names, key_type, profile) =
        (names_text(&key.names), key.key_type.as_str(), profile_text(key));
    let of_key = |rows: Rows| rows.bind(names.clone()).bind(key_type).bind(profile.clone());
    Ok(History {
        attempts: each(of_key(attempts), from, attempt).await?,
        pushes: each(of_key(pushes), from, push).await?,
        served: served::of(from, of_key).await?,
    })
}

fn attempt(row: &SqliteRow) -> Result<AttemptFacts, StoreError> {
    let url = get::<Option<String>>(row, "url")?;
    let url = url.map(|text| text.parse::<OrderUrl>()).transpose();
    Ok(AttemptFacts {
        order: order_id(&get::<String>(row, "acme_order")?)?,
        url: url.map_err(|error| unreadable("order URL", &error))?,
        span: Span { began: get(row, "began_at")?, ended: get(row, "ended_at")? },
        times: u32::try_from(get::<i64>(row, "times")?).unwrap_or(u32::MAX),
        outcome: parse(row, "outcome")?,
        error: get(row, "error")?,
    })
}

fn push(row: &SqliteRow) -> Result<PushFacts, StoreError> {
    Ok(PushFacts {
        want: want_key(row)?,
        path: parse(row, "path")?,
        fingerprint: parse(row, "fingerprint")?,
        commit: parse(row, "git_commit")?,
        at: get(row, "pushed_at")?,
    })
}
