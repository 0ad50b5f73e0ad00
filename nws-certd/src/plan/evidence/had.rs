//! A certificate that there is.

use nws_expiry::{Leaf, Profile};
use time::OffsetDateTime;

use crate::store::IssuedFacts;

/// A certificate that there is, in the store or in the branch.
#[derive(Clone, Copy)]
pub(in crate::plan) struct Had<'a> {
    pub(in crate::plan) leaf: &'a Leaf,
    pub(in crate::plan) ca: Option<&'a str>,
    pub(in crate::plan) profile: Option<&'a Profile>,
    /// When it was stored; for one that only the branch has, when it begins.
    pub(in crate::plan) at: OffsetDateTime,
}

impl<'a> From<&'a IssuedFacts> for Had<'a> {
    fn from(stored: &'a IssuedFacts) -> Self {
        Self {
            leaf: stored.chain.leaf(),
            ca: stored.ca.as_deref(),
            profile: stored.profile.as_ref(),
            at: stored.at,
        }
    }
}

impl Had<'_> {
    /// Whether two of them are the same certificate; nothing is none.
    pub(super) fn is_same(one: Option<Self>, other: Option<Self>) -> bool {
        let leaf = |had: Self| had.leaf.fingerprint();
        one.is_some() && one.map(leaf) == other.map(leaf)
    }
}
