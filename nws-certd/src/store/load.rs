//! Rows as facts.

use std::fmt::Display;
use std::str::FromStr;

use nws_acme::OrderUrl;
use nws_expiry::{Chain, DnsNames, NoNames, Profile};
use nws_gitops::{Provenance, SecretRef, WantKey};
use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{Row as _, Sqlite};
use time::OffsetDateTime;

use super::write::{names_text, profile_text};
use super::{
    CertificateFacts, CertificateKey, Facts, IssuedFacts, OpenOrder, OrderId, Outgoing, Previous,
    StoreError, accounts, obstacle, outlook, parking, read_back, renewals, revocations,
    sealing_anew, served, unwanted,
};
use crate::vault::Sealed;

pub(super) async fn facts(from: &SqlitePool) -> Result<Facts, StoreError> {
    let certificates = sqlx::query(
        "SELECT names, key_type, profile, chain, issued_at, ca, issued_profile, failures, wait_until, last_error, asked_at,
                failing_since, parked_at, parked_why, looks_failed, not_ready_since, not_ready_at, not_ready_why, advice,
                served_fingerprint, served_at
         FROM certificate ORDER BY names",
    );
    let orders = sqlx::query(
        "SELECT acme_order.id, names, key_type, certificate.profile AS profile, acme_order.sealed_key, started_at, url,
                acme_order.ca AS ca, acme_order.profile AS order_profile
         FROM acme_order JOIN certificate ON certificate.id = acme_order.certificate
         WHERE state = 'open' ORDER BY started_at, acme_order.id",
    );
    Ok(Facts {
        accounts: accounts::all(from).await?,
        certificates: each(certificates, from, certificate).await?,
        orders: each(orders, from, order).await?,
        obstacles: obstacle::all(from).await?,
        renewals: renewals::all(from).await?,
        revocations: revocations::all(from).await?,
        unwanted: unwanted::all(from).await?.into_iter().collect(),
        read_back: read_back::all(from).await?,
        sealing_anew_since: sealing_anew::since(from).await?,
    })
}

pub(super) async fn outbox(
    from: &SqlitePool,
    key: &CertificateKey,
) -> Result<Option<Outgoing>, StoreError> {
    let rows = sqlx::query(
        "SELECT chain, sealed_key, ca, issued_profile FROM certificate
         WHERE names = ? AND key_type = ? AND profile = ? AND chain IS NOT NULL AND sealed_key IS NOT NULL",
    )
    .bind(names_text(&key.names))
    .bind(key.key_type.as_str())
    .bind(profile_text(key));
    let found = each(rows, from, outgoing).await?;
    Ok(found.into_iter().next())
}

pub(super) async fn previous(from: &SqlitePool) -> Result<Vec<Previous>, StoreError> {
    let rows = sqlx::query(
        "SELECT names, key_type, profile, previous_chain, previous_ca FROM certificate WHERE previous_chain IS NOT NULL",
    );
    let previous = |row: &SqliteRow| {
        let (chain, ca) =
            (chain(&get::<String>(row, "previous_chain")?)?, get(row, "previous_ca")?);
        Ok(Previous { key: key(row)?, chain, ca })
    };
    each(rows, from, previous).await
}

fn outgoing(row: &SqliteRow) -> Result<Outgoing, StoreError> {
    let provenance = Provenance {
        ca: get(row, "ca")?,
        profile: profile(row, "issued_profile")?,
        ..Provenance::default()
    };
    Ok(Outgoing {
        chain: chain(&get::<String>(row, "chain")?)?,
        sealed_key: Sealed(get(row, "sealed_key")?),
        provenance,
    })
}

pub(super) type Rows = sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments>;

pub(super) async fn each<T>(
    rows: Rows,
    from: &SqlitePool,
    read: impl Fn(&SqliteRow) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    rows.fetch_all(from).await.map_err(StoreError::Engine)?.iter().map(read).collect()
}

fn certificate(row: &SqliteRow) -> Result<CertificateFacts, StoreError> {
    let stored = get::<Option<String>>(row, "chain")?.zip(get(row, "issued_at")?);
    let issued = stored.map(|(text, at)| issued(row, &text, at)).transpose()?;
    Ok(CertificateFacts {
        key: key(row)?,
        issued,
        failures: u32::try_from(get::<i64>(row, "failures")?).unwrap_or(u32::MAX),
        wait_until: get(row, "wait_until")?,
        last_error: get(row, "last_error")?,
        asked_at: get(row, "asked_at")?,
        failing_since: get(row, "failing_since")?,
        parked: parking::parked(row)?,
        outlook: outlook::outlook(row)?,
        served: served::by_all(row)?,
    })
}

fn issued(row: &SqliteRow, text: &str, at: OffsetDateTime) -> Result<IssuedFacts, StoreError> {
    let profile = profile(row, "issued_profile")?;
    Ok(IssuedFacts { chain: chain(text)?, at, ca: get(row, "ca")?, profile })
}

fn order(row: &SqliteRow) -> Result<OpenOrder, StoreError> {
    let url = get::<Option<String>>(row, "url")?;
    Ok(OpenOrder {
        id: order_id(&get::<String>(row, "id")?)?,
        certificate: key(row)?,
        sealed_key: Sealed(get(row, "sealed_key")?),
        started_at: get(row, "started_at")?,
        url: url
            .map(|text| text.parse::<OrderUrl>().map_err(|error| unreadable("order URL", &error)))
            .transpose()?,
        ca: get(row, "ca")?,
        profile: profile(row, "order_profile")?,
    })
}

/// Which Secret a row is of.
pub(super) fn want_key(row: &SqliteRow) -> Result<WantKey, StoreError> {
    let (namespace, name) = (get::<String>(row, "namespace")?, get::<String>(row, "secret")?);
    let secret = SecretRef::new(&namespace, &name).map_err(|error| unreadable("secret", &error))?;
    Ok(WantKey { target: parse(row, "target")?, secret })
}

fn key(row: &SqliteRow) -> Result<CertificateKey, StoreError> {
    let text: String = get(row, "names")?;
    let parsed: Result<Vec<_>, _> = text.split(' ').map(str::parse).collect();
    let names = DnsNames::new(
        parsed.map_err(|error: nws_expiry::InvalidDnsName| unreadable("name", &error))?,
    )
    .map_err(|error: NoNames| unreadable("list of names", &error))?;
    Ok(CertificateKey {
        names,
        key_type: parse(row, "key_type")?,
        profile: profile(row, "profile")?,
    })
}

fn profile(row: &SqliteRow, column: &'static str) -> Result<Option<Profile>, StoreError> {
    let text = get::<Option<String>>(row, column)?.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|error| unreadable(column, &error))).transpose()
}

fn chain(text: &str) -> Result<Chain, StoreError> {
    Chain::from_pem(text.as_bytes()).map_err(|error| unreadable("chain", &error))
}

pub(super) fn order_id(text: &str) -> Result<OrderId, StoreError> {
    text.parse().map(OrderId).map_err(|error| unreadable("order id", &error))
}

pub(super) fn get<'r, T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(
    row: &'r SqliteRow,
    column: &str,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(StoreError::Engine)
}

pub(super) fn parse<T: FromStr<Err: Display>>(
    row: &SqliteRow,
    column: &'static str,
) -> Result<T, StoreError> {
    get::<String>(row, column)?.parse().map_err(|error| unreadable(column, &error))
}

pub(super) fn unreadable(what: &'static str, reason: &dyn Display) -> StoreError {
    StoreError::Unreadable { what, reason: reason.to_string() }
}
