//! Which files hold the Secret of a want, and where they go.

use super::{Delivered, Inventory, held};
use crate::layout::Place;
use crate::seal::SOPS_YAML;
use crate::{Destination, GroupName, RepoPath, RepositoryName, WantKey};

impl Inventory {
    /// Our Secret for a want, if there is one: what a renewal replaces. Of one with a file for each of several groups, the first;
    /// one for other groups than there are now, if it is all there is.
    pub fn held(&self, key: &WantKey) -> Option<&Delivered> {
        let ours = || held::of(&self.delivered, key).filter(|held| held.ours);
        ours().find(|held| !self.is_left_behind(held)).or_else(|| ours().next())
    }

    /// Our Secret for a want in the files of one of several groups; without a group, in those for all.
    pub fn held_in(&self, key: &WantKey, group: Option<&GroupName>) -> Option<&Delivered> {
        let mut ours = held::of(&self.delivered, key).filter(|held| held.ours);
        ours.find(|held| !self.is_left_behind(held) && self.group_of(held) == group)
    }

    /// Whether a Secret of ours is for other groups of clusters than there are now.
    pub(crate) fn is_left_behind(&self, held: &Delivered) -> bool {
        self.targets().is_left_behind(held)
    }

    /// Our Secret for a want in the files of each group; `None` if one lacks it.
    pub fn held_everywhere(&self, key: &WantKey) -> Option<Vec<&Delivered>> {
        let groups = self.destination(key).places().into_iter().map(|place| place.group);
        groups.map(|group| self.held_in(key, group)).collect()
    }

    /// Which of several groups a Secret of ours is for.
    pub fn group_of(&self, held: &Delivered) -> Option<&GroupName> {
        self.targets().group_of(&held.target, &held.path)
    }

    /// Somebody else's Secret of that name for those clusters, which keeps ours out, unless ours is there already.
    pub fn foreign(&self, key: &WantKey) -> Option<&Delivered> {
        match self.held(key) {
            Some(_) => None,
            None => held::of(&self.delivered, key).find(|held| !held.ours),
        }
    }

    /// The place that a Secret of somebody else is for as it stands; none if that is several.
    pub(crate) fn place_to_adopt(&self, held: &Delivered) -> Option<Place<'_>> {
        let lies_in = self.targets().place_of(&held.target, &held.path);
        let mut places = self.destination(&held.key()).places();
        lies_in.or_else(|| places.pop().filter(|_| places.is_empty()))
    }

    /// The `.sops.yaml` of a repository, wherever they lie.
    pub fn creation_rules(&self, repository: &RepositoryName) -> Vec<RepoPath> {
        let files = self.ground().below(None);
        let is_one = |path: &&RepoPath| {
            path.file_name() == SOPS_YAML && path.repository() == repository.as_str()
        };
        files.filter(is_one).cloned().collect()
    }

    /// Where the Secret of a want goes.
    pub(crate) fn destination(&self, key: &WantKey) -> &Destination {
        let source = self.want(key).and_then(|wanted| wanted.sources.first());
        let wanted_in = source.map_or("", |source| source.path.repository());
        self.targets().destination_from(&key.target, wanted_in)
    }

    /// Whether a repository holds Secrets of ours that are sealed.
    pub fn holds_sealed(&self, repository: &RepositoryName) -> bool {
        let is_there = |held: &Delivered| held.path.repository() == repository.as_str();
        self.delivered.iter().any(|held| held.ours && held.is_sealed && is_there(held))
    }
}
