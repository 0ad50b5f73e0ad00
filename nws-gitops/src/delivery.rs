//! From issued certificates to file edits.

use std::collections::BTreeMap;
use std::fmt;

use nws_expiry::{DnsNames, Fingerprint, Issued};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::layout::{Place, Placer};
use crate::{Delivered, Inventory, Provenance, RefusalReason, RepoPath, Seals, WantKey};

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

impl Delivery {
    pub(crate) fn of(key: &WantKey, path: RepoPath, issued: &Issued, occasion: Occasion) -> Self {
        Self {
            key: key.clone(),
            path,
            occasion,
            names: issued.names().clone(),
            not_after: issued.leaf().not_after(),
            fingerprint: issued.leaf().fingerprint(),
        }
    }
}

fn is_of(held: &Delivered, issued: &Issued) -> bool {
    let chain = held.chain.as_ref();
    chain.is_some_and(|chain| chain.leaf().fingerprint() == issued.leaf().fingerprint())
}

/// Whether a certificate is the first of its Secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Occasion {
    /// There was none.
    First,
    /// There was one.
    Renewal,
    /// It stays, and is sealed to whom it should.
    Sealing,
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

/// Plans the delivery of `issued` into a repository that holds `inventory`, sealed as `seals` say.
///
/// A certificate that is already there makes no edit, whatever else stands in its file, and whoever issued it; unless its key stands in
/// clear where it is to be sealed, or it is to be sealed anew. Nothing that nws-certd did not write is overwritten; but a layout
/// may add one line of ours to a `.fleetignore` or a kustomization, and leaves every other byte there as it is.
pub fn deliveries(
    inventory: &Inventory,
    issued: &[(WantKey, &Issued, &Provenance)],
    seals: &Seals,
) -> Plan {
    let by_key: BTreeMap<_, _> =
        issued.iter().map(|(key, issued, by)| (key, (*issued, *by))).collect();
    let placer = Placer::new(inventory);
    let mut planner = Planner { inventory, placer, seals, secrets: BTreeMap::new() };
    let mut plan = Plan::default();
    for (key, (issued, provenance)) in by_key {
        for place in planner.placer.places(key) {
            match planner.deliver(key, &place, issued, provenance) {
                Ok(Some(delivery)) => plan.deliveries.push(delivery),
                Ok(None) => {}
                Err(reason) => plan.refused.push(Refusal { key: key.clone(), reason }),
            }
        }
    }
    plan.edits = planner.into_edits();
    plan
}

/// What stands in the way of wants that hold nothing yet, so that nothing is ordered which could not be delivered.
pub(crate) fn objections(inventory: &Inventory) -> Vec<(WantKey, RefusalReason)> {
    let mut placer = Placer::new(inventory);
    let objection = |key: &WantKey| Some((key.clone(), placer.place(key).err()?));
    inventory.unheld().filter_map(objection).collect()
}

struct Planner<'a> {
    inventory: &'a Inventory,
    placer: Placer<'a>,
    seals: &'a Seals,
    secrets: BTreeMap<RepoPath, Zeroizing<Vec<u8>>>,
}

impl<'a> Planner<'a> {
    /// What a file of a Secret is to bring; nothing if it is there.
    fn deliver(
        &mut self,
        key: &WantKey,
        place: &Place<'a>,
        issued: &Issued,
        provenance: &Provenance,
    ) -> Result<Option<Delivery>, RefusalReason> {
        let held = self.inventory.held_in(key, place.group);
        let is_there = held.is_some_and(|held| is_of(held, issued));
        let found = held.map(|held| (held, self.seals.at(&held.path, place)));
        if let (true, Some((held, seal))) = (is_there, &found)
            && !seal.as_ref().is_ok_and(|seal| self.seals.rewrites(held, seal))
        {
            return Ok(None);
        }
        if let Some(foreign) = self.inventory.foreign(key) {
            let (secret, path) = (key.secret.clone(), foreign.path.clone());
            return Err(RefusalReason::ForeignSecret { secret, path });
        }
        let path = self.placer.place_in(key, place)?;
        let seal = found.map_or_else(|| self.seals.at(&path, place), |(_, seal)| seal);
        let seal = seal.map_err(RefusalReason::NotSealable)?;
        let (owner, group) = (self.inventory.owner(key), place.group.cloned());
        let provenance = Provenance { owner, group, ..provenance.clone() };
        let form = self.inventory.form(key);
        let text = self.seals.manifest(&seal, key, issued, &provenance, &form);
        let text = text.map_err(RefusalReason::NotSealable)?;
        self.secrets.insert(path.clone(), text.into_bytes());
        let occasion = match held {
            None => Occasion::First,
            Some(_) if is_there => Occasion::Sealing,
            Some(_) => Occasion::Renewal,
        };
        Ok(Some(Delivery::of(key, path, issued, occasion)))
    }

    fn into_edits(self) -> Vec<Edit> {
        let companions = self.placer.into_companions().into_iter();
        let companions = companions.map(|(path, text)| (path, Zeroizing::new(text.into_bytes())));
        let files: BTreeMap<_, _> = self.secrets.into_iter().chain(companions).collect();
        let write = |(path, bytes)| Edit { path, content: Content::Write(bytes) };
        files.into_iter().map(write).collect()
    }
}
