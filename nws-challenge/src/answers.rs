use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use time::OffsetDateTime;

use crate::key_authorization::KeyAuthorization;
use crate::stateless::Stateless;
use crate::token::Token;

/// The challenges that are answered at the moment: a bounded table, shared by all its clones.
///
/// An entry stays from [`put`](Self::put) until it is withdrawn, or until the owner of time calls
/// [`forget_expired`](Self::forget_expired) at or after its `until`: the table itself reads no clock. It is memory only, and its owner
/// puts back from durable storage what must survive a restart before the listener accepts.
#[derive(Clone)]
pub struct Answers(Arc<Table>);

struct Table {
    capacity: NonZeroUsize,
    // A std lock, since no holder waits. Validators come in bursts from several places for one token: many readers, rare writers.
    answers: RwLock<HashMap<Body, OffsetDateTime>>,
    /// Read for tokens that are not in the table alone, so it costs those that are nothing.
    stateless: RwLock<Arc<Stateless>>,
}

/// The text of a key authorization, which is found by its token. In a large table each piece of memory that a lookup comes to is one that no
/// cache has, so there is none beside what is sent anyway, and it is copied, which costs less than counting who has it.
struct Body(Box<str>);

impl Body {
    fn token(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

impl Borrow<str> for Body {
    fn borrow(&self) -> &str {
        self.token()
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.token() == other.token()
    }
}

impl Eq for Body {}

impl Hash for Body {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.token().hash(state);
    }
}

impl Answers {
    /// An empty table of at most `capacity` entries.
    pub fn new(capacity: NonZeroUsize) -> Self {
        Self(Arc::new(Table { capacity, answers: RwLock::default(), stateless: RwLock::default() }))
    }

    /// Answers the challenge of `authorization` from now on and at least until `until`.
    ///
    /// A token that is answered already gets the new key authorization and the later of both ends, even while the table is full.
    ///
    /// # Errors
    ///
    /// [`TableFull`] if the token is new and there is no place; nothing is forgotten to make one.
    pub fn put(
        &self,
        authorization: KeyAuthorization,
        until: OffsetDateTime,
    ) -> Result<(), TableFull> {
        let mut answers = self.write();
        let token = authorization.token().as_str();
        let until = match answers.get(token) {
            Some(present) => until.max(*present),
            None if answers.len() < self.0.capacity.get() => until,
            None => return Err(TableFull { capacity: self.0.capacity }),
        };
        // `insert` would keep the text that is there.
        answers.remove(token);
        answers.insert(Body(authorization.as_str().into()), until);
        Ok(())
    }

    /// Stops answering; a token that is not there is no fault.
    ///
    /// Before its authorization is final a validator may still ask (RFC 8555 §8.3).
    pub fn withdraw(&self, token: &Token) {
        self.write().remove(token.as_str());
    }

    /// The body to answer with, if the token is in the table.
    pub fn get(&self, token: &Token) -> Option<Bytes> {
        let answers = self.read();
        let (body, _) = answers.get_key_value(token.as_str())?;
        Some(Bytes::copy_from_slice(body.0.as_bytes()))
    }

    /// From now on, tokens that are not in the table are answered so.
    pub fn answer_others(&self, stateless: Stateless) {
        *self.0.stateless.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(stateless);
    }

    /// How tokens that are not in the table are answered.
    pub fn others(&self) -> Arc<Stateless> {
        self.0.stateless.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Removes every entry whose `until` is `now` or earlier, and counts them.
    pub fn forget_expired(&self, now: OffsetDateTime) -> usize {
        let mut answers = self.write();
        let before = answers.len();
        answers.retain(|_, until| now < *until);
        before - answers.len()
    }

    /// The number of entries, expired ones included.
    pub fn len(&self) -> usize {
        self.read().len()
    }

    /// Whether nothing is answered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // No operation leaves the map half-changed, so what a panicking thread held is still whole.
    fn read(&self) -> RwLockReadGuard<'_, HashMap<Body, OffsetDateTime>> {
        self.0.answers.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Body, OffsetDateTime>> {
        self.0.answers.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("len", &self.len())
            .field("capacity", &self.0.capacity)
            .finish()
    }
}

/// There is no place for another challenge.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "challenge table is full with {capacity} answers, retry when orders have ended or raise its capacity"
)]
pub struct TableFull {
    /// The number of entries the table was made for.
    pub capacity: NonZeroUsize,
}

#[cfg(test)]
mod tests;
