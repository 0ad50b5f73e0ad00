//! A repository, who looks after it, and what is to be in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use age::x25519::Identity;
use nws_expiry::Issued;
use nws_gitops::{
    AgeRecipients, Destination, Discover, Due, Edit, FleetClusters, Layout, Mirror, Provenance,
    RepositoryName, Seal, SealGroup, Seals, Survey, Targets, Tip, WantKey, deliveries, removals,
};
use proptest::prelude::*;

use super::{Event, Way};
use crate::controller::CONTROLLERS;
use crate::world::{NOW, World, author, files, ingress, issue, key, message, remove, write};

/// Namespace and name of each Secret: two share a directory.
pub(super) const APPS: [(&str, &str); 3] =
    [("blog", "blog-tls"), ("shop", "api-tls"), ("shop", "shop-tls")];

pub(super) const GROUPS: [&str; 3] = ["eu", "us", "asia"];

/// Which of them there are at a time; of none, all clusters are one.
pub(super) const GROUPINGS: [&[usize]; 3] = [&[], &[0, 1], &[1, 2]];

/// How many keys, or sets of recipients, a group may have.
pub(super) const KEYS: usize = 3;

static IDENTITIES: LazyLock<[Identity; KEYS]> =
    LazyLock::new(|| std::array::from_fn(|_| Identity::generate()));

/// The file of an application for a group, or for all.
type File = (Option<usize>, usize);

/// What stands in a file: which of the certificates, and sealed to which key, if at all.
#[derive(Clone, Copy)]
struct Held {
    certificate: usize,
    key: Option<usize>,
}

pub(super) struct Life<'a> {
    way: Way,
    /// What it is to be.
    sealed_as: Way,
    layout: Layout,
    grouping: &'static [usize],
    world: &'a World,
    /// One that takes keys in clear, and one that does not.
    mirrors: &'a [Mirror; 2],
    tip: Tip,
    wanted: BTreeSet<usize>,
    /// By application, and how many there were before.
    certificates: Vec<(usize, Issued)>,
    /// By group.
    keys: [usize; GROUPS.len()],
    reseals: bool,
    held: BTreeMap<File, Held>,
}

impl<'a> Life<'a> {
    /// In mirrors of that world's, on a branch of its own.
    pub(super) fn new(
        (world, mirrors): (&'a World, &'a [Mirror; 2]),
        (sealed_as, layout, grouping): (Way, Layout, usize),
    ) -> Self {
        let mut life = Self {
            way: Way::Clear,
            sealed_as,
            layout,
            grouping: GROUPINGS[grouping],
            world,
            mirrors,
            tip: Tip { commit: None },
            wanted: BTreeSet::new(),
            certificates: APPS.iter().map(|(_, name)| (0, certificate(name))).collect(),
            keys: [0; GROUPS.len()],
            reseals: false,
            held: BTreeMap::new(),
        };
        let kustomizations = APPS.iter().map(|(_, name)| {
            let path = format!("apps/{name}/kustomization.yaml");
            write(&path, "resources:\n  - ingress.yaml\n")
        });
        let kustomizations = kustomizations.filter(|_| layout == Layout::Kustomize);
        life.commit(&kustomizations.collect::<Vec<_>>());
        life
    }

    pub(super) fn happens(&mut self, event: &Event) {
        self.reseals = false;
        match *event {
            Event::Comes(app) => {
                self.wanted.insert(app);
                let (namespace, name) = APPS[app];
                let host = format!("{name}.example");
                let text = ingress("web", &format!("{namespace}/{name}"), &[&host]);
                self.commit(&[write(&manifest_of(app), &text)]);
            }
            Event::Leaves(app) => {
                if self.wanted.remove(&app) {
                    self.commit(&[remove(&manifest_of(app))]);
                }
            }
            Event::Renewed(app) => {
                let (count, issued) = &mut self.certificates[app];
                (*count, *issued) = (*count + 1, certificate(APPS[app].1));
            }
            Event::Rekeyed { group, key } => self.keys[group] = key,
            Event::Reseals => self.reseals = true,
            Event::Seals => self.way = self.sealed_as,
            Event::Regrouped(grouping) => self.grouping = GROUPINGS[grouping],
            Event::Note(text) => drop(self.commit(&[write("NOTE", &text.to_string())])),
        }
    }

    /// One for all, or each group's.
    fn places(&self) -> Vec<Option<usize>> {
        match self.grouping {
            [] => vec![None],
            groups => groups.iter().copied().map(Some).collect(),
        }
    }

    /// The files that the next pass is to write, sorted.
    pub(super) fn is_to_be_written(&mut self) -> Vec<String> {
        let places = self.places().into_iter();
        let files = places.flat_map(|group| self.wanted.iter().map(move |app| (group, *app)));
        let due: Vec<_> = files.filter(|file| self.is_due(*file)).collect();
        let mut paths = BTreeSet::new();
        for file @ (group, app) in due {
            paths.insert(self.path_of(file));
            paths.extend(self.companion_of(file));
            let key = (self.way != Way::Clear).then(|| self.key_of(group));
            self.held.insert(file, Held { certificate: self.certificates[app].0, key });
        }
        paths.into_iter().collect()
    }

    fn is_due(&self, file @ (group, app): File) -> bool {
        self.held.get(&file).is_none_or(|held| {
            let is_badly_sealed = match held.key {
                _ if self.way == Way::Clear => false,
                None => true,
                Some(key) => self.reseals && key != self.key_of(group),
            };
            held.certificate != self.certificates[app].0 || is_badly_sealed
        })
    }

    /// What is sealed to: that of the first group, where there is one for all.
    fn key_of(&self, group: Option<usize>) -> usize {
        self.keys[group.unwrap_or(0)]
    }

    /// The files that go next, sorted, as each group there is now has what is in them.
    pub(super) fn is_to_go(&mut self) -> Vec<String> {
        let places = self.places();
        let has = |app, place: &Option<usize>| self.held.contains_key(&(*place, app));
        let mut gone = BTreeSet::new();
        let mut paths = BTreeSet::new();
        for (group, namespace) in self.held.keys().map(|(group, app)| (*group, APPS[*app].0)) {
            let in_dir = |(of, app): &&File| *of == group && APPS[*app].0 == namespace;
            let all: Vec<_> = self.held.keys().filter(in_dir).copied().collect();
            let beside = all.iter().filter(|(_, app)| places.iter().any(|place| has(*app, place)));
            let left: Vec<_> = beside.copied().collect();
            let is_everywhere = left.iter().all(|(_, app)| places.iter().all(|one| has(*app, one)));
            let is_whole = left.len() == all.len();
            // What SOPS has encrypted cannot say that it is to be kept: its bundle does.
            let stays = left.iter().all(|file| self.is_kept_by_itself(*file));
            let may_go = is_whole || stays || self.layout == Layout::Tree;
            if places.contains(&group) || !is_everywhere || !may_go {
                continue;
            }
            paths.extend(left.iter().map(|file| self.path_of(*file)));
            let bundle = left.first().filter(|_| is_whole && self.layout == Layout::FleetBundles);
            paths.extend(bundle.map(|file| self.in_dir_of(*file, "fleet.yaml")));
            gone.extend(left);
        }
        self.held.retain(|file, _| !gone.contains(file));
        paths.into_iter().collect()
    }

    fn is_kept_by_itself(&self, file: File) -> bool {
        let is_sops = matches!(self.sealed_as, Way::Sops(_));
        self.held.get(&file).is_some_and(|held| held.key.is_none() || !is_sops)
    }

    fn in_dir_of(&self, file: File, name: &str) -> String {
        let path = self.path_of(file);
        let (dir, _) = path.rsplit_once('/').unwrap();
        format!("{dir}/{name}")
    }

    fn path_of(&self, (group, app): File) -> String {
        let (namespace, name) = APPS[app];
        match (self.layout, group) {
            (Layout::Kustomize, _) => format!("apps/{name}/{name}.yaml"),
            (_, Some(group)) => format!("certs/{}/{namespace}/{name}.yaml", GROUPS[group]),
            (_, None) => format!("certs/{namespace}/{name}.yaml"),
        }
    }

    /// What has to change with the first Secret of an application, or of a directory.
    fn companion_of(&self, file @ (group, app): File) -> Option<String> {
        let mut neighbours = (0..APPS.len()).filter(|one| APPS[*one].0 == APPS[app].0);
        let (is_first, name) = match self.layout {
            Layout::Kustomize => (!self.held.contains_key(&file), "kustomization.yaml"),
            Layout::FleetBundles => {
                (!neighbours.any(|one| self.held.contains_key(&(group, one))), "fleet.yaml")
            }
            _ => return None,
        };
        is_first.then(|| self.in_dir_of(file, name))
    }

    /// One pass; gives the files that it wrote, sorted, after all others were found as they were, to the byte.
    pub(super) fn pass(&mut self) -> Result<Vec<String>, TestCaseError> {
        let inventory = self.mirror().inventory(&self.tip, &self.discover()).unwrap();
        let by = Provenance::default();
        let wanted = self.wanted.iter().map(|app| (key_of(*app), &self.certificates[*app].1, &by));
        let plan = deliveries(&inventory, &wanted.collect::<Vec<_>>(), &self.seals());
        prop_assert_eq!(&plan.refused, &[]);
        self.changed_by(&plan.edits)
    }

    /// What is left behind goes as far as it may; gives the files that are gone, sorted.
    pub(super) fn clear_away(&mut self) -> Result<Vec<String>, TestCaseError> {
        let inventory = self.mirror().inventory(&self.tip, &self.discover()).unwrap();
        let read = |path: &_| self.mirror().text(&self.tip, path);
        let survey = Survey::of(&inventory, read).unwrap();
        let superseded = survey.superseded.iter().map(|one| one.dir.clone()).collect();
        let due = Due { superseded, ..Due::default() };
        let plan = removals(&survey, &due, read).unwrap();
        self.changed_by(&plan.edits)
    }

    /// Commits; gives the files that are not as they were.
    fn changed_by(&mut self, edits: &[Edit]) -> Result<Vec<String>, TestCaseError> {
        let before = self.files();
        prop_assert_eq!(self.commit(edits), !edits.is_empty());
        let after = self.files();
        let is_changed = |path: &&String| before.get(*path) != after.get(*path);
        let paths: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let changed: Vec<_> = paths.into_iter().filter(is_changed).cloned().collect();
        let planned: Vec<_> = edits.iter().map(|edit| edit.path.to_string()).collect();
        prop_assert_eq!(&changed, &planned);
        Ok(changed)
    }

    fn discover(&self) -> Discover {
        let group = |group: &usize| {
            let clusters =
                FleetClusters { group: Some(GROUPS[*group].into()), ..Default::default() };
            SealGroup { name: GROUPS[*group].parse().unwrap(), clusters }
        };
        let groups = self.grouping.iter().map(group).collect();
        let destination = Destination { layout: self.layout, groups, ..Destination::default() };
        Discover { targets: Targets::new(destination), ..Discover::default() }
    }

    fn seals(&self) -> Seals {
        let mut seals = Seals::new(NOW);
        for group in self.places() {
            let name = group.map(|group| GROUPS[group].parse().unwrap()).unwrap_or_default();
            seals.add(RepositoryName::default(), name, Ok(seal(self.way, self.key_of(group))));
        }
        if self.reseals { seals.anew() } else { seals }
    }

    fn mirror(&self) -> &'a Mirror {
        &self.mirrors[usize::from(self.way != Way::Clear)]
    }

    /// Whether there was anything to commit.
    fn commit(&mut self, edits: &[Edit]) -> bool {
        let commit = self.mirror().commit(&self.tip, edits, &message(), &author(), NOW).unwrap();
        let Some(commit) = commit else { return false };
        self.tip = Tip { commit: Some(commit.id) };
        true
    }

    /// As git has them.
    fn files(&self) -> BTreeMap<String, String> {
        let commit =
            self.tip.commit.map(|commit| files(&self.world.path().join("ours/bare.git"), commit));
        commit.unwrap_or_default()
    }
}

fn key_of(app: usize) -> WantKey {
    let (namespace, name) = APPS[app];
    key(&format!("{namespace}/{name}"))
}

fn manifest_of(app: usize) -> String {
    format!("apps/{}/ingress.yaml", APPS[app].1)
}

fn certificate(name: &str) -> Issued {
    issue(&[&format!("{name}.example")])
}

fn seal(way: Way, key: usize) -> Seal {
    match way {
        Way::Clear => Seal::Clear,
        Way::SealedSecrets(scope) => {
            Seal::SealedSecrets { certificate: CONTROLLERS[key].certificate.clone(), scope }
        }
        Way::Sops(kind) => {
            let recipient = IDENTITIES[key].to_public().to_string();
            Seal::Sops { recipients: Some(AgeRecipients::new([recipient]).unwrap()), kind }
        }
    }
}
