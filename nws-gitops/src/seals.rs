//! What Secrets are sealed to.

use std::collections::BTreeMap;

use nws_expiry::Issued;
use time::OffsetDateTime;

use crate::layout::{Place, Placer};
use crate::seal::{sealed_secret, sops_manifest};
use crate::{
    AgeRecipients, CreationRules, Delivered, GroupName, Inventory, Manifest, NotSealable,
    Provenance, RepoPath, RepositoryName, Scope, SealedTo, SealingCertificate, SecretForm,
    SopsKind, WantKey, Wanted, manifest,
};

/// Who can open the Secrets of one group of clusters.
#[derive(Clone, Debug)]
pub enum Seal {
    /// Whoever reads the repository.
    Clear,
    /// A controller of sealed-secrets.
    SealedSecrets {
        /// What it gave to seal with.
        certificate: SealingCertificate,
        /// How far a value can be carried.
        scope: Scope,
    },
    /// The holders of age identities.
    Sops {
        /// Who they are, where no `.sops.yaml` says it.
        recipients: Option<AgeRecipients>,
        /// What kind of object they are given.
        kind: SopsKind,
    },
}

impl Seal {
    /// Whether clusters have a controller make the Secret, which overwrites none that it may not.
    pub(crate) fn is_of_controller(&self) -> bool {
        match self {
            Self::Clear | Self::Sops { kind: SopsKind::Secret, .. } => false,
            Self::SealedSecrets { .. } | Self::Sops { kind: SopsKind::SopsSecret, .. } => true,
        }
    }

    /// Who can open it, as a file says it; nobody in particular, where it stands in clear.
    fn to(&self) -> Option<SealedTo> {
        match self {
            Self::Clear | Self::Sops { recipients: None, .. } => None,
            Self::SealedSecrets { certificate, scope } => {
                Some(SealedTo::SealedSecrets { key_id: certificate.key_id().into(), scope: *scope })
            }
            Self::Sops { recipients: Some(all), .. } => {
                Some(SealedTo::Age { recipients: all.iter().map(str::to_owned).collect() })
            }
        }
    }

    /// How a Secret that is there stands to it.
    pub fn of(&self, held: &Delivered) -> Sealed {
        match (self.to(), held.sealed.as_deref()) {
            (None, _) => Sealed::AsItShould,
            // To a key that nobody can read any more.
            (Some(_), None) if held.is_sealed => Sealed::ToOthers,
            (Some(_), None) => Sealed::InClear,
            (Some(to), Some(had)) if to == *had => Sealed::AsItShould,
            (Some(_), Some(_)) => Sealed::ToOthers,
        }
    }
}

/// How a Secret is sealed, beside how it is to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sealed {
    /// To whom it should, or in clear where it may.
    AsItShould,
    /// Not at all, where it should be.
    InClear,
    /// To others than it would be now.
    ToOthers,
}

/// A Secret that is not sealed as it would be now.
#[derive(Clone, Debug)]
pub struct SealedOtherwise<'a> {
    /// For which want.
    pub want: &'a WantKey,
    /// As it is there.
    pub held: &'a Delivered,
    /// For which group of clusters.
    pub group: GroupName,
    /// How.
    pub sealed: Sealed,
    /// To whom it would be now.
    pub to: SealedTo,
}

/// What the Secrets of each repository are sealed to, group by group, as of one instant.
#[derive(Clone, Debug)]
pub struct Seals {
    at: OffsetDateTime,
    by_group: BTreeMap<(RepositoryName, GroupName), Result<Seal, NotSealable>>,
    /// By each `.sops.yaml`.
    rules: BTreeMap<RepoPath, Result<CreationRules, NotSealable>>,
    /// Whether what is sealed to others is sealed anew although its certificate stays.
    anew: bool,
}

impl Seals {
    /// Those of no repository. `at` is now.
    pub fn new(at: OffsetDateTime) -> Self {
        Self { at, by_group: BTreeMap::new(), rules: BTreeMap::new(), anew: false }
    }

    /// Those of the only repository, where private keys may stand in clear.
    pub fn clear(at: OffsetDateTime) -> Self {
        Self::new(at).with(RepositoryName::default(), GroupName::default(), Ok(Seal::Clear))
    }

    /// The same with one more group; or why nothing can be sealed to it.
    #[must_use]
    pub fn with(
        mut self,
        repository: RepositoryName,
        group: GroupName,
        seal: Result<Seal, NotSealable>,
    ) -> Self {
        self.add(repository, group, seal);
        self
    }

    /// Adds one more group; or why nothing can be sealed to it.
    pub fn add(&mut self, of: RepositoryName, group: GroupName, seal: Result<Seal, NotSealable>) {
        self.by_group.insert((of, group), seal);
    }

    /// Adds what a `.sops.yaml` says of the files below it; or why that cannot be told.
    pub fn add_rules(&mut self, path: RepoPath, rules: Result<CreationRules, NotSealable>) {
        self.rules.insert(path, rules);
    }

    /// The same, and what is sealed to others than it would be now is to be sealed anew.
    #[must_use]
    pub fn anew(self) -> Self {
        Self { anew: true, ..self }
    }

    /// How each Secret of ours stands that is wanted and there, and to whom it would be sealed now; but those that are sealed as they
    /// should, and those of which it cannot be told.
    pub fn unlike<'a>(
        &'a self,
        inventory: &'a Inventory,
    ) -> impl Iterator<Item = SealedOtherwise<'a>> {
        // Where nothing is sealed there is nothing to look for.
        let is_sealed = self.by_group.values().any(|seal| !matches!(seal, Ok(Seal::Clear)));
        let wanted = if is_sealed { &inventory.wanted[..] } else { &[] };
        wanted.iter().flat_map(move |wanted| {
            let places = inventory.destination(&wanted.key).places().into_iter();
            places.filter_map(move |place| {
                let held = inventory.held_in(&wanted.key, place.group)?;
                let seal = self.at(&held.path, &place).ok()?;
                let (sealed, to) = (seal.of(held), seal.to()?);
                let group = place.recipients.cloned().unwrap_or_default();
                let otherwise = SealedOtherwise { want: &wanted.key, held, group, sealed, to };
                (sealed != Sealed::AsItShould).then_some(otherwise)
            })
        })
    }

    /// Of what is wanted, the Secrets none of whose files could be sealed, and why.
    pub fn unsealable(&self, inventory: &Inventory) -> BTreeMap<WantKey, Vec<NotSealable>> {
        if self.take_everything() {
            return BTreeMap::new();
        }
        let mut placer = Placer::new(inventory);
        let mut why = |wanted: &Wanted| self.refusals(&mut placer, inventory, &wanted.key);
        let each = inventory.wanted.iter().map(|wanted| (wanted.key.clone(), why(wanted)));
        each.filter_map(|(key, why)| Some((key, why?))).collect()
    }

    /// Whether there is a Secret of ours that is wanted and there, of which it cannot be told to whom it would be sealed now.
    pub fn leave_open(&self, inventory: &Inventory) -> bool {
        let is_open = |key: &WantKey, place: &Place<'_>| {
            let held = inventory.held_in(key, place.group);
            held.is_some_and(|held| self.at(&held.path, place).is_err())
        };
        let any = |wanted: &Wanted| {
            let places = inventory.destination(&wanted.key).places();
            places.iter().any(|place| is_open(&wanted.key, place))
        };
        !self.take_everything() && inventory.wanted.iter().any(any)
    }

    /// Whether every group was sealed to, or could not be, as now. What `.sops.yaml` say is not compared.
    pub fn are_like(&self, others: &Self) -> bool {
        let told = |all: &Self| {
            let each = all.by_group.iter().map(|(group, seal)| {
                (group.clone(), seal.as_ref().map(Seal::to).map_err(Clone::clone))
            });
            each.collect::<BTreeMap<_, _>>()
        };
        told(self) == told(others)
    }

    /// Whether each group can be sealed to, whatever the path of a file.
    fn take_everything(&self) -> bool {
        let takes = |seal: &Result<Seal, _>| {
            seal.as_ref().is_ok_and(|seal| !matches!(seal, Seal::Sops { recipients: None, .. }))
        };
        self.rules.is_empty() && !self.by_group.is_empty() && self.by_group.values().all(takes)
    }

    /// Why none of a Secret's files could be sealed; none if one could.
    fn refusals<'a>(
        &self,
        placer: &mut Placer<'a>,
        inventory: &'a Inventory,
        key: &WantKey,
    ) -> Option<Vec<NotSealable>> {
        let mut all = Vec::new();
        for place in inventory.destination(key).places() {
            let path = match inventory.held_in(key, place.group) {
                Some(held) => held.path.clone(),
                // What has no place is told as that.
                None => placer.place_in(key, &place).unwrap_or_else(|_| place.root.clone()),
            };
            let why = self.at(&path, &place).err()?;
            if !all.contains(&why) {
                all.push(why);
            }
        }
        Some(all)
    }

    /// What a file is sealed to.
    pub(crate) fn at(&self, path: &RepoPath, place: &Place<'_>) -> Result<Seal, NotSealable> {
        let group = place.recipients.cloned().unwrap_or_default();
        let is_its = |(repository, of): &(RepositoryName, GroupName)| {
            repository.as_str() == path.repository() && *of == group
        };
        let seal = self.by_group.iter().find(|(key, _)| is_its(key)).map(|(_, seal)| seal);
        match seal {
            Some(Ok(Seal::Sops { recipients, kind })) => {
                let recipients = self.recipients(path, recipients.as_ref(), *kind)?;
                Ok(Seal::Sops { recipients: Some(recipients), kind: *kind })
            }
            Some(Ok(seal)) => Ok(seal.clone()),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(NotSealable::NoRecipients),
        }
    }

    /// What the nearest `.sops.yaml` says, as for `sops` itself; where it says nothing of the file, what is configured.
    fn recipients(
        &self,
        path: &RepoPath,
        configured: Option<&AgeRecipients>,
        kind: SopsKind,
    ) -> Result<AgeRecipients, NotSealable> {
        let nearest = CreationRules::places(path)
            .find_map(|(file, relative)| Some((relative, self.rules.get_key_value(&file)?)));
        let said = match nearest {
            None => None,
            Some((_, (_, Err(reason)))) => return Err(reason.clone()),
            Some((relative, (file, Ok(rules)))) => rules
                .recipients(relative, kind)
                .map_err(|why| NotSealable::Rule { file: file.clone(), why })?,
        };
        said.or(configured).cloned().ok_or(NotSealable::NoRule)
    }

    /// Whether a Secret whose certificate stays is to be written anew.
    pub(crate) fn rewrites(&self, held: &Delivered, seal: &Seal) -> bool {
        match seal.of(held) {
            Sealed::AsItShould => false,
            Sealed::InClear => true,
            Sealed::ToOthers => self.anew,
        }
    }

    /// The manifest of a certificate that only those can open whom it is sealed to.
    pub(crate) fn manifest(
        &self,
        seal: &Seal,
        key: &WantKey,
        issued: &Issued,
        provenance: &Provenance,
        form: &SecretForm,
    ) -> Result<Manifest, NotSealable> {
        let sealed = match seal {
            Seal::Clear => return Ok(manifest(key, issued, provenance, form)),
            Seal::SealedSecrets { certificate, scope } => {
                sealed_secret(key, issued, provenance, form, certificate, *scope)
            }
            Seal::Sops { recipients: Some(recipients), kind } => {
                sops_manifest(key, issued, provenance, form, recipients, *kind, self.at)
            }
            Seal::Sops { recipients: None, .. } => return Err(NotSealable::NoRule),
        };
        sealed.map_err(|error| NotSealable::Failed { why: with_causes(&error) })
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", with_causes(source)),
        None => error.to_string(),
    }
}
