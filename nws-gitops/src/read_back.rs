//! What we write, as it is told from what somebody else writes in its place.
//!
//! A file of ours can be changed by whoever may write to the branch, and what stands beside a sealed key cannot be compared with it. So
//! each file is remembered by its blob, before it is pushed: what has another is not what we wrote.

use nws_expiry::{Chain, Fingerprint};
use time::OffsetDateTime;

use crate::reader::{Format, parse};
use crate::{Content, Delivered, Edit, ObjectId, parallel};

/// A file of ours with a certificate, by its contents.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// The file's contents, by name.
    pub blob: ObjectId,
    /// The certificate it carries.
    pub fingerprint: Fingerprint,
    /// When that ends.
    pub not_after: OffsetDateTime,
}

impl Written {
    /// The file that a Secret of ours is in; none if it carries no certificate, or is somebody else's.
    pub fn of(held: &Delivered) -> Option<Self> {
        let chain = held.chain.as_ref().filter(|_| held.ours)?;
        Some(Self::new(held.blob, chain))
    }

    fn new(blob: ObjectId, chain: &Chain) -> Self {
        let leaf = chain.leaf();
        Self { blob, fingerprint: leaf.fingerprint(), not_after: leaf.not_after() }
    }
}

/// What an inventory will find of ours in the files that these edits write.
pub fn written(edits: &[Edit]) -> Vec<Written> {
    parallel::map(edits.iter().collect(), of_edit).into_iter().flatten().collect()
}

fn of_edit(edit: &Edit) -> Vec<Written> {
    let (Content::Write(bytes), Some(format)) = (&edit.content, Format::of(&edit.path)) else {
        return Vec::new();
    };
    let secrets = parse(bytes, format).secrets.into_iter().filter(|secret| secret.ours);
    let chains = secrets.filter_map(|secret| secret.chain);
    let blob = ObjectId::of_blob(bytes);
    chains.filter_map(|chain| Some(Written::new(blob?, &chain))).collect()
}
