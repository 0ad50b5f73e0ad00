//! What is to be revoked, and what was, as decisions see it.

use std::collections::HashMap;

use nws_acme::RevocationReason;
use nws_expiry::{Fingerprint, Leaf, Reason};

use crate::store::RevocationFacts;

/// The revocations by what is asked for.
pub(super) struct Revocations<'a> {
    by_leaf: HashMap<Fingerprint, &'a RevocationFacts>,
    /// By public keys that others may know.
    by_lost_key: HashMap<&'a [u8], &'a RevocationFacts>,
}

impl<'a> Revocations<'a> {
    pub(super) fn of(all: &'a [RevocationFacts]) -> Self {
        let lost = all.iter().filter(|one| one.wish.reason == RevocationReason::KeyCompromise);
        Self {
            by_leaf: all.iter().map(|one| (one.wish.leaf.fingerprint(), one)).collect(),
            by_lost_key: lost.map(|one| (one.wish.leaf.public_key(), one)).collect(),
        }
    }

    /// Why another is to take the place of this certificate, if its revocation or that of its key is a reason.
    pub(super) fn replace(&self, leaf: &Leaf) -> Option<Reason> {
        let own = self.by_leaf.get(&leaf.fingerprint());
        if let Some(at) = own.and_then(|one| one.revoked_at) {
            return Some(Reason::Revoked { at });
        }
        let asked = own.or_else(|| self.by_lost_key.get(leaf.public_key()));
        asked.map(|one| Reason::Asked { at: one.asked_at })
    }

    /// Whether its CA has revoked it.
    pub(super) fn is_revoked(&self, leaf: &Leaf) -> bool {
        matches!(self.replace(leaf), Some(Reason::Revoked { .. }))
    }

    /// Whether nobody is to be given this certificate any more.
    pub(super) fn is_useless(&self, leaf: &Leaf) -> bool {
        let own = self.by_leaf.get(&leaf.fingerprint());
        own.is_some_and(|one| one.revoked_at.is_some() || !one.wish.replacing)
    }
}
