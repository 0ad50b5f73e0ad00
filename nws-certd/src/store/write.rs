//! Steps as SQL.

use nws_expiry::{Chain, DnsNames, Profile};
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{Connection as _, SqliteConnection};
use time::OffsetDateTime;

use super::{
    AttemptOutcome, Blame, CertificateKey, OrderId, Origin, PushFacts, Span, Step, StoreError,
    accounts, answers, attempts, budget, imported, obstacle, outlook, parking, read_back, renewals,
    revocations, sealing_anew, served, unwanted, wants,
};
use crate::vault::Sealed;

/// The fencing token of one opening of the store: writes on an order hold only while its row has the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epoch(i64);

/// Begins a new epoch and moves every open order into it.
pub(super) async fn take_over(connection: &mut SqliteConnection) -> Result<Epoch, StoreError> {
    let mut transaction = connection.begin().await.map_err(StoreError::Engine)?;
    let epoch: i64 = sqlx::query_scalar(
        "INSERT INTO meta (key, value) VALUES ('epoch', '1')
         ON CONFLICT (key) DO UPDATE SET value = CAST(value AS INTEGER) + 1
         RETURNING CAST(value AS INTEGER)",
    )
    .fetch_one(&mut *transaction)
    .await
    .map_err(StoreError::Engine)?;
    sqlx::query("UPDATE acme_order SET epoch = ? WHERE state = 'open'")
        .bind(epoch)
        .execute(&mut *transaction)
        .await
        .map_err(StoreError::Engine)?;
    transaction.commit().await.map_err(StoreError::Engine)?;
    Ok(Epoch(epoch))
}

/// Applies the steps in one transaction; one that fails takes back only itself.
pub(super) async fn commit(
    connection: &mut SqliteConnection,
    epoch: Epoch,
    steps: Vec<Step>,
) -> Vec<Result<(), StoreError>> {
    match try_commit(connection, epoch, &steps).await {
        Ok(results) => results,
        // The engine failed as a whole: nothing is durable, and every caller is told so.
        Err(error) => {
            let text = error.to_string();
            let each = || Err(StoreError::Engine(sqlx::Error::Protocol(text.clone())));
            steps.iter().map(|_| each()).collect()
        }
    }
}

/// Steps hardly ever fail, and what takes back a single one costs as much as the step: so they are applied without it first.
async fn try_commit(
    connection: &mut SqliteConnection,
    epoch: Epoch,
    steps: &[Step],
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    if commit_all(connection, epoch, steps).await? {
        return Ok(steps.iter().map(|_| Ok(())).collect());
    }
    commit_each(connection, epoch, steps).await
}

/// `false`, with nothing changed, if one of them fails.
async fn commit_all(
    connection: &mut SqliteConnection,
    epoch: Epoch,
    steps: &[Step],
) -> Result<bool, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    for step in steps {
        if apply(&mut transaction, epoch, step.clone()).await.is_err() {
            transaction.rollback().await?;
            return Ok(false);
        }
    }
    transaction.commit().await?;
    Ok(true)
}

async fn commit_each(
    connection: &mut SqliteConnection,
    epoch: Epoch,
    steps: &[Step],
) -> Result<Vec<Result<(), StoreError>>, sqlx::Error> {
    let mut results = Vec::with_capacity(steps.len());
    let mut transaction = connection.begin().await?;
    for step in steps {
        let mut savepoint = transaction.begin().await?;
        let result = apply(&mut savepoint, epoch, step.clone()).await;
        match result {
            Ok(()) => savepoint.commit().await?,
            Err(_) => savepoint.rollback().await?,
        }
        results.push(result);
    }
    transaction.commit().await?;
    Ok(results)
}

async fn apply(to: &mut SqliteConnection, epoch: Epoch, step: Step) -> Result<(), StoreError> {
    match step {
        Step::Account { directory, url, thumbprint } => {
            accounts::keep(to, &directory, url.as_deref(), &thumbprint).await
        }
        Step::AccountEnded { directory, url, thumbprint, at } => {
            accounts::end(to, &directory, &url, &thumbprint, at).await
        }
        Step::Wanted(wants) => wants::wanted(to, &wants).await,
        Step::Unwanted { secrets, at } => unwanted::seen(to, &secrets, at).await,
        Step::RemovalConfirmed { secrets, at } => unwanted::confirmed(to, &secrets, at).await,
        Step::OrderIntended { order, certificate, sealed_key, ca, profile, uses, at } => {
            let intent = Intent { certificate: &certificate, sealed_key, ca, profile, at };
            intended(to, epoch, order, intent).await?;
            budget::used(to, &uses).await
        }
        Step::OrderKnown { order, url } => known(to, epoch, order, url.to_string()).await,
        Step::Offered { key_authorization, until } => {
            answers::offer(to, &key_authorization, until).await
        }
        Step::Finalizing { order, csr } => finalizing(to, epoch, order, csr).await,
        Step::Issued { order, chain, attempt } => {
            issued(to, epoch, order, &chain, attempt.ended).await?;
            attempts::record(to, order, attempt, AttemptOutcome::Issued, None).await
        }
        Step::Imported(found) => imported::keep(to, *found).await,
        Step::OrderWaits { order, error, blame, attempt, until } => {
            failed(to, epoch, order, &Failure { error, blame, attempt, until }).await
        }
        Step::OrderEnded { order, error, blame, attempt, until } => {
            ended(to, epoch, order, &Failure { error, blame, attempt, until }).await
        }
        Step::Parked { certificate, parked, until } => {
            parking::park(to, &certificate, &parked, until).await
        }
        Step::NotReady { certificate, found, until } => {
            outlook::not_ready(to, &certificate, &found, until).await
        }
        Step::Advised { certificate, advice } => outlook::advised(to, &certificate, &advice).await,
        Step::Delivered { want, path, fingerprint, commit, at } => {
            wants::delivered(to, &PushFacts { want, path, fingerprint, commit, at }).await
        }
        Step::FirstLook { repository, found, at } => {
            read_back::looked_first(to, &repository, &found, at).await
        }
        Step::Written { files, at } => read_back::written(to, &files, at).await,
        Step::NotPushed { files, at } => read_back::not_pushed(to, &files, at).await,
        Step::Believed { file, at } => read_back::keep(to, &[file], Origin::Served, at).await,
        Step::SeenServed { certificate, seen } => served::keep(to, &certificate, &seen).await,
        Step::Met(met) => obstacle::met(to, &met).await,
        Step::Used(uses) => budget::used(to, &uses).await,
        Step::UsedForgotten { until } => budget::forget(to, until).await,
        Step::ObstaclesForgotten { until } => obstacle::forget(to, until).await,
        Step::HoldsLifted => obstacle::lift(to).await,
        Step::Asked { certificates, at } => asked(to, &certificates, at).await,
        Step::RenewalInfo(said) => renewals::keep(to, &said).await,
        Step::RevocationAsked { wish, certificates, at } => {
            revocations::asked(to, &wish, at).await?;
            wait_no_longer(to, &certificates).await
        }
        Step::RevocationFailed { fingerprint, error, until } => {
            revocations::failed(to, fingerprint, error, until).await
        }
        Step::Revoked { fingerprint, at } => revocations::revoked(to, fingerprint, at).await,
        Step::SealingAnewAsked { at } => sealing_anew::asked(to, at).await,
        Step::SealedAnew => sealing_anew::over(to).await,
        Step::AnswersForgotten { until } => answers::forget(to, until).await,
    }
}

/// The row of a certificate, made where it is absent.
pub(super) async fn certificate_id(
    to: &mut SqliteConnection,
    key: &CertificateKey,
) -> Result<i64, StoreError> {
    sqlx::query_scalar(
        "INSERT INTO certificate (names, key_type, profile) VALUES (?, ?, ?)
         ON CONFLICT (names, key_type, profile) DO UPDATE SET names = names RETURNING id",
    )
    .bind(names_text(&key.names))
    .bind(key.key_type.as_str())
    .bind(profile_text(key))
    .fetch_one(to)
    .await
    .map_err(StoreError::Engine)
}

async fn known(
    to: &mut SqliteConnection,
    epoch: Epoch,
    order: OrderId,
    url: String,
) -> Result<(), StoreError> {
    let sql = "UPDATE acme_order SET url = ? WHERE id = ? AND epoch = ? AND state = 'open'";
    let row = sqlx::query(sql).bind(url).bind(order.to_string()).bind(epoch.0);
    fenced(order, row.execute(to).await)
}

async fn finalizing(
    to: &mut SqliteConnection,
    epoch: Epoch,
    order: OrderId,
    csr: Vec<u8>,
) -> Result<(), StoreError> {
    let sql = "UPDATE acme_order SET csr = ? WHERE id = ? AND epoch = ? AND state = 'open'";
    let row = sqlx::query(sql).bind(csr).bind(order.to_string()).bind(epoch.0);
    fenced(order, row.execute(to).await)
}

async fn asked(
    to: &mut SqliteConnection,
    certificates: &[CertificateKey],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    for key in certificates {
        let id = certificate_id(to, key).await?;
        let sql = "UPDATE certificate SET asked_at = ? WHERE id = ?";
        done(sqlx::query(sql).bind(at).bind(id).execute(&mut *to).await)?;
    }
    wait_no_longer(to, certificates).await
}

/// An operator's "now": whatever was waited for, at any CA, is not waited for any more.
async fn wait_no_longer(
    to: &mut SqliteConnection,
    certificates: &[CertificateKey],
) -> Result<(), StoreError> {
    for key in certificates {
        let id = certificate_id(to, key).await?;
        let sql = "UPDATE certificate SET failures = 0, wait_until = NULL, failing_since = NULL,
                   parked_at = NULL, parked_why = NULL WHERE id = ?";
        done(sqlx::query(sql).bind(id).execute(&mut *to).await)?;
        outlook::end(to, id).await?;
        obstacle::clear(to, &key.names).await?;
    }
    Ok(())
}

pub(super) fn names_text(names: &DnsNames) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" ")
}

/// How a certificate without a profile of its own is stored: SQL's NULL would be like no other NULL.
pub(super) fn profile_text(key: &CertificateKey) -> String {
    key.profile.as_ref().map_or_else(String::new, ToString::to_string)
}

/// An order that is about to be made.
struct Intent<'a> {
    certificate: &'a CertificateKey,
    sealed_key: Sealed,
    ca: String,
    profile: Option<Profile>,
    at: OffsetDateTime,
}

async fn intended(
    to: &mut SqliteConnection,
    epoch: Epoch,
    order: OrderId,
    intent: Intent<'_>,
) -> Result<(), StoreError> {
    let id = certificate_id(to, intent.certificate).await?;
    parking::end(to, id).await?;
    outlook::end(to, id).await?;
    let sql = "INSERT INTO acme_order (id, certificate, epoch, sealed_key, ca, profile, started_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    let row = sqlx::query(sql)
        .bind(order.to_string())
        .bind(id)
        .bind(epoch.0)
        .bind(intent.sealed_key.0)
        .bind(intent.ca)
        .bind(intent.profile.map(|profile| profile.to_string()))
        .bind(intent.at);
    match row.execute(to).await {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(StoreError::OrderOpen { certificate: intent.certificate.clone() })
        }
        result => done(result),
    }
}

async fn issued(
    to: &mut SqliteConnection,
    epoch: Epoch,
    order: OrderId,
    chain: &Chain,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let sql = "UPDATE certificate SET
                 previous_chain = chain, previous_key = certificate.sealed_key, previous_ca = certificate.ca,
                 chain = ?, sealed_key = acme_order.sealed_key, issued_at = ?,
                 ca = acme_order.ca, issued_profile = acme_order.profile,
                 asked_at = min(asked_at, ?),
                 failures = 0, wait_until = NULL, last_error = NULL, failing_since = NULL,
                 parked_at = NULL, parked_why = NULL, looks_failed = 0,
                 not_ready_since = NULL, not_ready_at = NULL, not_ready_why = NULL
               FROM acme_order
               WHERE acme_order.certificate = certificate.id
                 AND acme_order.id = ? AND acme_order.epoch = ? AND acme_order.state = 'open'";
    let row = sqlx::query(sql).bind(chain.to_pem()).bind(at);
    // What is issued is what was asked for, though the clock was set back since.
    let row = row.bind(at).bind(order.to_string()).bind(epoch.0);
    fenced(order, row.execute(&mut *to).await)?;
    let sql = "UPDATE acme_order SET state = 'issued', ended_at = ? WHERE id = ? AND epoch = ?";
    fenced(order, sqlx::query(sql).bind(at).bind(order.to_string()).bind(epoch.0).execute(to).await)
}

/// How an attempt failed.
struct Failure {
    error: String,
    blame: Blame,
    attempt: Span,
    until: OffsetDateTime,
}

async fn failed(
    to: &mut SqliteConnection,
    epoch: Epoch,
    order: OrderId,
    failure: &Failure,
) -> Result<(), StoreError> {
    count(to, epoch, order, failure).await?;
    let error = Some(&*failure.error);
    attempts::record(to, order, failure.attempt, AttemptOutcome::Waits, error).await
}

async fn count(
    to: &mut SqliteConnection,
    epoch: Epoch,
    order: OrderId,
    failure: &Failure,
) -> Result<(), StoreError> {
    // Since the first failure, which is now if the clock was set back behind it.
    let sql = "UPDATE certificate SET failures = failures + ?1, wait_until = ?2, last_error = ?3,
                 failing_since = iif(?1, min(coalesce(failing_since, ?4), ?4), failing_since),
                 parked_at = NULL, parked_why = NULL, looks_failed = 0,
                 not_ready_since = NULL, not_ready_at = NULL, not_ready_why = NULL
               FROM acme_order
               WHERE acme_order.certificate = certificate.id
                 AND acme_order.id = ?5 AND acme_order.epoch = ?6 AND acme_order.state = 'open'";
    let failures = match failure.blame {
        Blame::Name => 1i64,
        Blame::Nobody => 0,
    };
    let row = sqlx::query(sql)
        .bind(failures)
        .bind(failure.until)
        .bind(failure.error.clone())
        .bind(failure.attempt.ended)
        .bind(order.to_string())
        .bind(epoch.0);
    fenced(order, row.execute(to).await)
}

async fn ended(
    to: &mut SqliteConnection,
    epoch: Epoch,
    order: OrderId,
    failure: &Failure,
) -> Result<(), StoreError> {
    count(to, epoch, order, failure).await?;
    let sql = "UPDATE acme_order SET state = 'ended', ended_at = ?, error = ? WHERE id = ? AND epoch = ? AND state = 'open'";
    let row = sqlx::query(sql)
        .bind(failure.attempt.ended)
        .bind(failure.error.clone())
        .bind(order.to_string())
        .bind(epoch.0);
    fenced(order, row.execute(&mut *to).await)?;
    let error = Some(&*failure.error);
    attempts::record(to, order, failure.attempt, AttemptOutcome::Failed, error).await
}

pub(super) fn done(result: Result<SqliteQueryResult, sqlx::Error>) -> Result<(), StoreError> {
    result.map(|_| ()).map_err(StoreError::Engine)
}

fn fenced(
    order: OrderId,
    result: Result<SqliteQueryResult, sqlx::Error>,
) -> Result<(), StoreError> {
    match result.map_err(StoreError::Engine)?.rows_affected() {
        0 => Err(StoreError::Fenced { order }),
        _ => Ok(()),
    }
}
