//! What one file brings to an inventory.

use super::claims::{Claimed, Collector};
use super::file::File;
use super::surroundings::Surroundings;
use super::{Delivered, held, local};
use crate::RepoPath;
use crate::fault::Fault;

/// What one file wants, holds, and has wrong.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) path: RepoPath,
    pub(super) claims: Vec<Claimed>,
    pub(super) delivered: Vec<Delivered>,
    pub(super) faults: Vec<Fault>,
}

impl Offer {
    pub(super) fn of(file: &File, around: &Surroundings) -> Self {
        let mut faults = local::faults(file, around);
        let mut delivered = held::secrets(file, &around.namespaces, &around.discover.targets);
        let mut claims = Collector::new(around, &mut faults).collect(file);
        delivered.shrink_to_fit();
        claims.shrink_to_fit();
        Self { path: file.path.clone(), claims, delivered, faults }
    }
}
