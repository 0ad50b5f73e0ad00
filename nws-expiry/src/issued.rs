//! The proof that chain, key, names and dates belong together.

use time::OffsetDateTime;

use crate::{Chain, DnsNames, Leaf, PrivateKey};

/// A certificate ready to be served: its chain and the key that fits it.
///
/// [`Issued::check`] is the only door, so whoever holds one need not look again.
#[derive(Clone, Debug)]
pub struct Issued {
    chain: Chain,
    key: PrivateKey,
    names: DnsNames,
}

impl Issued {
    /// Takes a chain and its key if the leaf carries the key's public half, names exactly `names`, and is still valid at `now`.
    ///
    /// A notBefore in the future is let pass: clocks differ, and CAs backdate at will; what counts is that it does not end.
    ///
    /// # Errors
    ///
    /// [`Mismatch`] says which of them does not fit.
    pub fn check(
        chain: Chain,
        key: PrivateKey,
        names: &DnsNames,
        now: OffsetDateTime,
    ) -> Result<Self, Mismatch> {
        let leaf = chain.leaf();
        if leaf.public_key() != key.public_key() {
            return Err(Mismatch::Key);
        }
        if !leaf.is_for(names) {
            return Err(Mismatch::Names { want: names.clone(), have: leaf.names().cloned() });
        }
        if leaf.not_after() <= now {
            return Err(Mismatch::Expired { not_after: leaf.not_after(), now });
        }
        Ok(Self { chain, key, names: names.clone() })
    }

    /// The whole chain, leaf first.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The key of the leaf.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// What the leaf says.
    pub fn leaf(&self) -> &Leaf {
        self.chain.leaf()
    }

    /// The names it is for.
    pub fn names(&self) -> &DnsNames {
        &self.names
    }
}

/// Why a chain, a key and names are no [`Issued`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Mismatch {
    /// The leaf is for another key.
    #[error("the certificate is for another key than the one it was ordered with")]
    Key,
    /// The leaf names other hosts.
    #[error("the certificate is for {}, not for {want}", have.as_ref().map_or_else(|| "no host".to_owned(), ToString::to_string))]
    Names {
        /// What was asked for.
        want: DnsNames,
        /// What the leaf says; `None` for no DNS name at all.
        have: Option<DnsNames>,
    },
    /// The leaf is over.
    #[error("the certificate ended at {not_after}, and it is {now}")]
    Expired {
        /// Its notAfter.
        not_after: OffsetDateTime,
        /// When it was looked at.
        now: OffsetDateTime,
    },
}
