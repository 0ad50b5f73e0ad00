//! From issued certificates to file edits.

use std::collections::BTreeMap;
use std::fmt;

use nws_expiry::{DnsNames, Fingerprint, Issued};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::layout::{Bundles, fleet_yaml, missing_fleet_yaml};
use crate::{Inventory, Layout, Provenance, RepoPath, SecretRef, WantKey, manifest};

/// What has to be written so that the repository holds the given certificates, and what cannot be.
///
/// Applied and planned again, it is empty.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The files to write, by path.
    pub edits: Vec<Edit>,
    /// The certificates these edits bring, by key.
    pub deliveries: Vec<Delivery>,
    /// The certificates that stay out.
    pub refused: Vec<Refusal>,
}

/// A file to write or remove.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edit {
    /// The file.
    pub path: RepoPath,
    /// What becomes of it.
    pub content: Content,
}

/// What becomes of a file. It may hold a key, so it is wiped on drop and never shown.
#[derive(Clone, Eq, PartialEq)]
pub enum Content {
    /// It has these bytes.
    Write(Zeroizing<Vec<u8>>),
    /// It is gone.
    Remove,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(bytes) => write!(f, "Write({} bytes)", bytes.len()),
            Self::Remove => f.write_str("Remove"),
        }
    }
}

/// A certificate that an edit brings into the repository.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delivery {
    /// For which want.
    pub key: WantKey,
    /// In which file.
    pub path: RepoPath,
    /// Whether it replaces one.
    pub occasion: Occasion,
    /// The names it carries.
    pub names: DnsNames,
    /// When it ends.
    pub not_after: OffsetDateTime,
    /// Which it is.
    pub fingerprint: Fingerprint,
}

/// Whether a certificate is the first of its Secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Occasion {
    /// There was none.
    First,
    /// There was one.
    Renewal,
}

/// A certificate that cannot be delivered, since that would overwrite what is not ours.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("certificate for {key} is not delivered: {reason}")]
pub struct Refusal {
    /// For which want.
    pub key: WantKey,
    /// Why.
    pub reason: RefusalReason,
}

/// What stands in a certificate's way; each says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RefusalReason {
    /// A Secret of that name which nws-certd did not write.
    #[error(
        "{path} holds secret {secret}, which nws-certd did not write; remove it, or take it over with: nws-certd import repo {secret}"
    )]
    ForeignSecret {
        /// The Secret.
        secret: SecretRef,
        /// The file that holds it.
        path: RepoPath,
    },
    /// A file in the Secret's place.
    #[error("{path} is there and nws-certd did not write it; move it away")]
    ForeignFile {
        /// The file.
        path: RepoPath,
    },
    /// Our Secret beside something else.
    #[error("{path} holds other objects beside the secret; give the secret a file of its own")]
    SharedFile {
        /// The file.
        path: RepoPath,
    },
    /// A file where a directory has to be.
    #[error("{path} is a file, where a directory is needed; move it away")]
    NotADirectory {
        /// The file.
        path: RepoPath,
    },
}

/// Plans the delivery of `issued` into a repository that holds `inventory`.
///
/// A certificate that is already there makes no edit, whatever else stands in its file, and whoever issued it. Nothing that nws-certd did not write is
/// overwritten.
pub fn deliveries(
    inventory: &Inventory,
    layout: &Layout,
    issued: &[(WantKey, &Issued, &Provenance)],
) -> Plan {
    let bundles = match layout {
        Layout::FleetBundles => Bundles::of(inventory),
    };
    let by_key: BTreeMap<_, _> =
        issued.iter().map(|(key, issued, by)| (key, (*issued, *by))).collect();
    let mut planner = Planner { inventory, bundles, files: BTreeMap::new() };
    let mut plan = Plan::default();
    for (key, (issued, provenance)) in by_key {
        match planner.deliver(key, issued, provenance) {
            Ok(Some(delivery)) => plan.deliveries.push(delivery),
            Ok(None) => {}
            Err(reason) => plan.refused.push(Refusal { key: key.clone(), reason }),
        }
    }
    let write = |(path, bytes)| Edit { path, content: Content::Write(bytes) };
    plan.edits = planner.files.into_iter().map(write).collect();
    plan
}

/// What stands in the way of wants that hold nothing yet, so that nothing is ordered which could not be delivered.
pub(crate) fn objections(inventory: &Inventory) -> Vec<(WantKey, RefusalReason)> {
    let mut bundles = Bundles::of(inventory);
    let new = inventory.wanted.iter().map(|wanted| &wanted.key);
    let new = new.filter(|key| inventory.held(key).is_none());
    let objection = |key: &WantKey| {
        let path = bundles.place(inventory, key);
        Some((key.clone(), refuse_what_is_not_ours(inventory, key, &path).err()?))
    };
    new.filter_map(objection).collect()
}

struct Planner<'a> {
    inventory: &'a Inventory,
    bundles: Bundles,
    files: BTreeMap<RepoPath, Zeroizing<Vec<u8>>>,
}

impl Planner<'_> {
    fn deliver(
        &mut self,
        key: &WantKey,
        issued: &Issued,
        provenance: &Provenance,
    ) -> Result<Option<Delivery>, RefusalReason> {
        let held = self.inventory.held(key).and_then(|held| held.chain.as_ref());
        if held.is_some_and(|chain| chain.leaf().fingerprint() == issued.leaf().fingerprint()) {
            return Ok(None);
        }
        if let Some(foreign) = self.inventory.foreign(&key.secret) {
            return Err(RefusalReason::ForeignSecret {
                secret: key.secret.clone(),
                path: foreign.path.clone(),
            });
        }
        let path = self.bundles.place(self.inventory, key);
        refuse_what_is_not_ours(self.inventory, key, &path)?;
        if let Some(fleet) = missing_fleet_yaml(self.inventory, &path) {
            self.files
                .insert(fleet, Zeroizing::new(fleet_yaml(key.secret.namespace()).into_bytes()));
        }
        let text = manifest(&key.secret, issued, provenance);
        self.files.insert(path.clone(), text.into_bytes());
        Ok(Some(Delivery {
            key: key.clone(),
            path,
            occasion: if held.is_some() { Occasion::Renewal } else { Occasion::First },
            names: issued.names().clone(),
            not_after: issued.leaf().not_after(),
            fingerprint: issued.leaf().fingerprint(),
        }))
    }
}

fn refuse_what_is_not_ours(
    inventory: &Inventory,
    key: &WantKey,
    path: &RepoPath,
) -> Result<(), RefusalReason> {
    let paths = inventory.paths();
    match inventory.held(key) {
        Some(held) if held.alone => return Ok(()),
        Some(_) => return Err(RefusalReason::SharedFile { path: path.clone() }),
        None if paths.contains(path) => {
            return Err(RefusalReason::ForeignFile { path: path.clone() });
        }
        None => {}
    }
    match path.ancestors().find(|dir| paths.contains(dir)) {
        Some(file) => Err(RefusalReason::NotADirectory { path: file }),
        None => Ok(()),
    }
}
