//! Whether what the branch holds of ours is what we wrote.

use std::collections::{HashMap, HashSet};

use nws_expiry::Fingerprint;
use nws_gitops::{Delivery, ObjectId, RepositoryName, WantKey, Written};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqlitePool;
use time::{Duration, OffsetDateTime};

use super::StoreError;
use super::load::{each, get, parse, unreadable, want_key};
use super::write::done;

/// How long a file is remembered whose certificate has ended.
const KEPT: Duration = Duration::days(30);

/// What files of ours are known by.
#[derive(Clone, Debug, Default)]
pub struct ReadBack {
    blobs: HashMap<ObjectId, Origin>,
    /// The certificates in them.
    certificates: HashSet<Fingerprint>,
    /// The repositories that were looked at.
    seen: HashSet<String>,
    /// What was pushed last for each want.
    delivered: HashMap<WantKey, Fingerprint>,
}

/// Why a file of ours is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Origin {
    /// We wrote it.
    Written,
    /// It was there when the branch was first looked at: without state nobody can tell, and nothing is to be issued anew for that.
    Found,
    /// Somebody else wrote it, and every edge serves its certificate.
    Served,
}

impl Origin {
    /// The word it is stored as.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Found => "found",
            Self::Served => "served",
        }
    }
}

/// How far a file of ours is believed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trust {
    /// It is as we wrote it.
    Unchanged,
    /// Somebody else has changed it, but its certificate is one that is known or served.
    Edited,
    /// Somebody else has written a certificate into it that nobody was seen to serve: its dates may be forged.
    Doubted,
}

impl ReadBack {
    /// Whether a repository was never looked at with this state.
    pub fn is_new(&self, repository: &RepositoryName) -> bool {
        !self.seen.contains(repository.as_str())
    }

    /// How far a file of ours in a repository is believed, where the store holds the certificate `stored`.
    pub fn trust(&self, repository: &str, file: &Written, stored: Option<Fingerprint>) -> Trust {
        let leaf = file.fingerprint;
        let is_known = stored == Some(leaf) || self.certificates.contains(&leaf);
        match self.blobs.get(&file.blob) {
            _ if !self.seen.contains(repository) => Trust::Unchanged,
            Some(Origin::Written | Origin::Found) => Trust::Unchanged,
            Some(Origin::Served) => Trust::Edited,
            None if is_known => Trust::Edited,
            None => Trust::Doubted,
        }
    }

    /// How many files are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.blobs.len()
    }

    /// Whether this is what was pushed last for a want.
    pub fn was_delivered(&self, want: &WantKey, leaf: Fingerprint) -> bool {
        self.delivered.get(want) == Some(&leaf)
    }

    /// The same with what a commit has brought.
    pub(crate) fn wrote(&mut self, files: &[Written], deliveries: &[Delivery]) {
        self.take(files, Origin::Written);
        self.delivered.extend(deliveries.iter().map(|one| (one.key.clone(), one.fingerprint)));
    }

    /// The same with what a repository holds when it is first looked at.
    pub(crate) fn look_first(&mut self, repository: &RepositoryName, found: &[Written]) {
        self.seen.insert(repository.as_str().to_owned());
        self.take(found, Origin::Found);
    }

    fn take(&mut self, files: &[Written], origin: Origin) {
        self.blobs.extend(files.iter().map(|one| (one.blob, origin)));
        self.certificates.extend(files.iter().map(|one| one.fingerprint));
    }
}

/// Files that are about to be pushed; and those whose certificates have ended are of no use to anyone any more.
pub(super) async fn written(
    to: &mut SqliteConnection,
    files: &[Written],
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    keep(to, files, Origin::Written, now).await?;
    let sql = "DELETE FROM blob WHERE julianday(not_after) < julianday(?)";
    done(sqlx::query(sql).bind(now - KEPT).execute(to).await)
}

/// Files that were written down at that instant for a push that did not land. What was known before stays so.
pub(super) async fn not_pushed(
    to: &mut SqliteConnection,
    files: &[Written],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    for file in files {
        let sql = "DELETE FROM blob WHERE blob = ? AND since = ? AND origin = 'written'";
        let row = sqlx::query(sql).bind(file.blob.to_string()).bind(at);
        done(row.execute(&mut *to).await)?;
    }
    Ok(())
}

pub(super) async fn keep(
    to: &mut SqliteConnection,
    files: &[Written],
    origin: Origin,
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    for file in files {
        // What we wrote stays known as such.
        let sql = "INSERT INTO blob (blob, fingerprint, not_after, origin, since) VALUES (?1, ?2, ?3, ?4, ?5)
                   ON CONFLICT (blob) DO UPDATE SET origin = excluded.origin WHERE origin = 'served'";
        let row = sqlx::query(sql)
            .bind(file.blob.to_string())
            .bind(file.fingerprint.to_string())
            .bind(file.not_after)
            .bind(origin.as_str())
            .bind(at);
        done(row.execute(&mut *to).await)?;
    }
    Ok(())
}

pub(super) async fn looked_first(
    to: &mut SqliteConnection,
    repository: &RepositoryName,
    found: &[Written],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    let sql = "INSERT OR IGNORE INTO first_look (repository, at) VALUES (?, ?)";
    let row = sqlx::query(sql).bind(repository.as_str().to_owned()).bind(at);
    done(row.execute(&mut *to).await)?;
    keep(to, found, Origin::Found, at).await
}

/// What is committed after a database was copied is not known to whoever goes on with the copy, and must not pass for somebody else's.
pub(super) async fn forget_looks(to: &mut SqliteConnection) -> Result<(), StoreError> {
    done(sqlx::query("DELETE FROM first_look").execute(to).await)
}

pub(super) async fn all(from: &SqlitePool) -> Result<ReadBack, StoreError> {
    let blobs = sqlx::query("SELECT blob, fingerprint, origin FROM blob");
    let blobs = each(blobs, from, |row| {
        let origin = origin(&get::<String>(row, "origin")?)?;
        Ok((parse(row, "blob")?, parse(row, "fingerprint")?, origin))
    });
    let (mut read_back, blobs) = (ReadBack::default(), blobs.await?);
    for (blob, fingerprint, origin) in blobs {
        read_back.blobs.insert(blob, origin);
        read_back.certificates.insert(fingerprint);
    }
    let seen = sqlx::query("SELECT repository FROM first_look");
    read_back.seen = each(seen, from, |row| get(row, "repository")).await?.into_iter().collect();
    let delivered = sqlx::query("SELECT target, namespace, secret, fingerprint FROM delivery");
    let delivered = each(delivered, from, |row| Ok((want_key(row)?, parse(row, "fingerprint")?)));
    read_back.delivered = delivered.await?.into_iter().collect();
    Ok(read_back)
}

fn origin(text: &str) -> Result<Origin, StoreError> {
    let all = [Origin::Written, Origin::Found, Origin::Served];
    let found = all.into_iter().find(|origin| origin.as_str() == text);
    found.ok_or_else(|| unreadable("origin of a file", &text))
}
