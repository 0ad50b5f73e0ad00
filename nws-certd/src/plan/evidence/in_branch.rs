//! What the branch holds for somebody, as far as it is believed.

use nws_expiry::Leaf;
use nws_gitops::{Delivered, Wanted, Written};

use super::{Evidence, Had};
use crate::plan::Edited;
use crate::store::{CertificateKey, IssuedFacts, Trust};

impl Evidence<'_> {
    /// What the branch holds for a want, if it is for the same names; one with another kind of key serves until it is replaced. Of
    /// several files, each for a group of clusters, the worst; none if one group has none.
    pub(super) fn in_branch(
        &self,
        want: &Wanted,
        key: &CertificateKey,
    ) -> Option<(&Delivered, Had<'_>)> {
        let files = self.inventory.held_everywhere(&want.key)?.into_iter();
        let each = files.map(|held| Some((held, self.had_in_branch(want, held, key)?)));
        each.collect::<Option<Vec<_>>>()?.into_iter().min_by_key(|(_, had)| self.rank(key, *had))
    }

    /// Of what somebody else has written nothing is believed. It stays for as long as what was there before it would, as long as we
    /// have that; the edges may be seen to serve it until then.
    fn had_in_branch<'a>(
        &'a self,
        want: &Wanted,
        held: &'a Delivered,
        key: &CertificateKey,
    ) -> Option<Had<'a>> {
        let believed = match self.trust(held) {
            Trust::Unchanged | Trust::Edited => self.as_it_says(held)?,
            Trust::Doubted => {
                let stored = self.stored_facts()?;
                let leaf = stored.chain.leaf().fingerprint();
                self.facts.read_back.was_delivered(&want.key, leaf).then(|| Had::from(stored))?
            }
        };
        believed.leaf.is_for(&key.names).then_some(believed)
    }

    /// The store knows more of what it has itself.
    fn as_it_says<'a>(&'a self, held: &'a Delivered) -> Option<Had<'a>> {
        let leaf = held.chain.as_ref()?.leaf();
        let is_same = |stored: &&IssuedFacts| is_of(stored, leaf);
        Some(match self.stored_facts().filter(is_same) {
            Some(stored) => Had::from(stored),
            None => Had {
                leaf,
                ca: held.provenance.ca.as_deref(),
                profile: held.provenance.profile.as_ref(),
                at: leaf.not_before(),
            },
        })
    }

    /// The file of a want that somebody else has changed, if one is; one that has ended is of no use to anyone.
    pub(super) fn edited(&self, want: &Wanted) -> Option<Edited> {
        let files = self.inventory.held_everywhere(&want.key).into_iter().flatten();
        let mut files = files.map(|held| (held, self.trust(held)));
        let (held, trust) = files.find(|(_, trust)| *trust != Trust::Unchanged)?;
        let file = Written::of(held).filter(|file| self.now < file.not_after)?;
        let is_doubted = trust == Trust::Doubted;
        Some(Edited { path: held.path.clone(), file, is_doubted })
    }

    /// Without a certificate there is nothing to believe.
    fn trust(&self, held: &Delivered) -> Trust {
        let stored = self.stored_facts().map(|stored| stored.chain.leaf().fingerprint());
        let known = &self.facts.read_back;
        let trust = |file| known.trust(held.path.repository(), &file, stored);
        Written::of(held).map_or(Trust::Unchanged, trust)
    }

    fn stored_facts(&self) -> Option<&IssuedFacts> {
        self.certificate?.issued.as_ref()
    }
}

fn is_of(stored: &IssuedFacts, leaf: &Leaf) -> bool {
    stored.chain.leaf().fingerprint() == leaf.fingerprint()
}
