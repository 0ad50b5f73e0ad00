//! Whether a certificate of somebody else is taken over, and for whom. Pure: a plan and the stored facts in, a verdict out.

use std::collections::HashMap;

use nws_expiry::{DnsName, DnsNames, KeyType, Leaf, Profile};
use nws_gitops::WantKey;
use time::OffsetDateTime;

use crate::plan::{Plan, Planned};
use crate::report::instant;
use crate::store::{CertificateKey, Facts};

/// What is wanted, and what there is for it.
pub(crate) struct Wants<'a> {
    now: OffsetDateTime,
    plan: &'a Plan,
    by_names: HashMap<&'a DnsNames, Vec<&'a Planned>>,
    by_secret: HashMap<&'a WantKey, &'a Planned>,
    /// What is stored already or, in this run, about to be.
    stored: HashMap<&'a CertificateKey, Leaf>,
}

/// What becomes of a certificate.
#[derive(Debug)]
pub(crate) enum Verdict<'a> {
    /// It is taken over for those who want this.
    Take(&'a Planned),
    /// It was taken over before.
    There(&'a Planned),
    /// It is of no use, and why.
    Left(Useless),
}

impl<'a> Wants<'a> {
    pub(crate) fn of(now: OffsetDateTime, plan: &'a Plan, facts: &'a Facts) -> Self {
        let mut by_names = HashMap::<_, Vec<_>>::new();
        let mut by_secret = HashMap::new();
        for planned in &plan.certificates {
            by_names.entry(&planned.key.names).or_default().push(planned);
            by_secret.extend(planned.wants.iter().map(|want| (&want.key, planned)));
        }
        let stored = facts.certificates.iter().filter_map(|known| {
            let leaf = known.issued.as_ref()?.chain.leaf();
            Some((&known.key, leaf.clone()))
        });
        Self { now, plan, by_names, by_secret, stored: stored.collect() }
    }

    /// For whoever wants just its names. What is taken counts as there from then on.
    pub(crate) fn for_names(&mut self, leaf: &Leaf) -> Verdict<'a> {
        let found = self.wanted(leaf).and_then(|planned| self.better(leaf, planned));
        match found {
            Ok(planned) if self.is_stored(leaf, planned) => Verdict::There(planned),
            Ok(planned) => {
                self.stored.insert(&planned.key, leaf.clone());
                Verdict::Take(planned)
            }
            Err(useless) => Verdict::Left(useless),
        }
    }

    /// For the one who wants this Secret, which has it already; and whether the store is to have it, too.
    pub(crate) fn for_secret(
        &mut self,
        leaf: &Leaf,
        secret: &WantKey,
    ) -> Result<(&'a Planned, bool), Useless> {
        self.serves(leaf)?;
        let planned = *self.by_secret.get(secret).ok_or(Useless::UnwantedSecret)?;
        if !leaf.is_for(&planned.key.names) {
            return Err(Useless::OtherNames { want: planned.key.names.clone() });
        }
        fits(leaf, &planned.key)?;
        let stored = self.stored.get(&planned.key);
        let is_newer = stored.is_none_or(|stored| stored.not_after() < leaf.not_after());
        if is_newer {
            self.stored.insert(&planned.key, leaf.clone());
        }
        Ok((planned, is_newer))
    }

    fn is_stored(&self, leaf: &Leaf, planned: &Planned) -> bool {
        let stored = self.stored.get(&planned.key);
        stored.is_some_and(|stored| stored.fingerprint() == leaf.fingerprint())
    }

    /// Whether it is one that we serve at all.
    fn serves<'l>(&self, leaf: &'l Leaf) -> Result<&'l DnsNames, Useless> {
        let names = hosts(leaf)?;
        if leaf.not_after() <= self.now {
            return Err(Useless::Expired { not_after: leaf.not_after() });
        }
        Ok(names)
    }

    fn wanted(&self, leaf: &Leaf) -> Result<&'a Planned, Useless> {
        let names = self.serves(leaf)?;
        let same = self.by_names.get(names).map_or(&[][..], Vec::as_slice);
        let fit = |planned: &&'a Planned| fits(leaf, &planned.key).map(|()| *planned);
        let first = same.first().ok_or_else(|| self.unwanted(names))?;
        same.iter().find_map(|planned| fit(planned).ok()).map_or_else(|| fit(first), Ok)
    }

    /// With the first that shares a name, which is perhaps what was meant.
    fn unwanted(&self, names: &DnsNames) -> Useless {
        let shares = |planned: &&Planned| names.iter().any(|name| planned.key.names.contains(name));
        let near = self.plan.certificates.iter().find(shares);
        Useless::Unwanted { instead: near.map(|planned| planned.key.names.clone()) }
    }

    /// What is there is never made worse.
    fn better(&self, leaf: &Leaf, planned: &'a Planned) -> Result<&'a Planned, Useless> {
        let have = [planned.have.as_ref(), self.stored.get(&planned.key)];
        let is_better = |have: &&Leaf| {
            have.fingerprint() != leaf.fingerprint() && have.not_after() >= leaf.not_after()
        };
        match have.into_iter().flatten().find(is_better) {
            Some(have) => Err(Useless::Worse { not_after: have.not_after() }),
            None => Ok(planned),
        }
    }
}

/// The hosts of a certificate that is for nothing else.
pub(crate) fn hosts(leaf: &Leaf) -> Result<&DnsNames, Useless> {
    let names = leaf.names().filter(|_| leaf.foreign_names() == 0).ok_or(Useless::NoHosts)?;
    match names.iter().find(|name| name.is_wildcard()) {
        Some(name) => Err(Useless::Wildcard { name: name.clone() }),
        None => Ok(names),
    }
}

/// Whether it would be kept, and not replaced at once.
fn fits(leaf: &Leaf, key: &CertificateKey) -> Result<(), Useless> {
    if leaf.key_type() != Some(key.key_type) {
        return Err(Useless::OtherKeyType { have: leaf.key_type(), want: key.key_type });
    }
    match &key.profile {
        Some(profile) => Err(Useless::Profile { profile: profile.clone() }),
        None => Ok(()),
    }
}

/// Why a certificate is not taken over; each says what would help, where something does.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Useless {
    #[error("it names no hosts, or something else than hosts too, which nws-certd has no use for")]
    NoHosts,
    #[error("{name} is a wildcard, which HTTP-01 cannot renew")]
    Wildcard { name: DnsName },
    #[error("it ended at {}", instant(*not_after))]
    Expired { not_after: OffsetDateTime },
    #[error("no manifest wants just these hosts{}", or_instead(instead.as_ref()))]
    Unwanted { instead: Option<DnsNames> },
    #[error("no manifest wants this Secret, as far as nws-certd status knows")]
    UnwantedSecret,
    #[error("its manifests want {want} in this Secret, so it would be replaced at once")]
    OtherNames { want: DnsNames },
    #[error("its key is {}, and {want} is wanted, so it would be replaced at once; to keep its kind, write nws-certd/key-type into its manifest, or orders.key_type into the configuration", have.map_or("of another kind", KeyType::as_str))]
    OtherKeyType { have: Option<KeyType>, want: KeyType },
    #[error(
        "its manifest wants profile {profile}, and nobody knows which it was made with, so it would be replaced at once"
    )]
    Profile { profile: Profile },
    #[error("there is one already that does not end before it, but at {}", instant(*not_after))]
    Worse { not_after: OffsetDateTime },
}

fn or_instead(instead: Option<&DnsNames>) -> String {
    instead.map_or_else(String::new, |names| format!("; one wants {names}"))
}
