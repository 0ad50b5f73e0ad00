//! A repository, who looks after it, and what is to be in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use age::x25519::Identity;
use nws_expiry::Issued;
use nws_gitops::{
    AgeRecipients, Destination, Discover, Edit, FleetClusters, GroupName, Layout, Mirror,
    Provenance, RepositoryName, Seal, SealGroup, Seals, Targets, Tip, WantKey, deliveries,
};
use proptest::prelude::*;

use super::{Event, Way};
use crate::controller::CONTROLLERS;
use crate::world::{NOW, World, author, files, ingress, issue, key, message, remove, write};

/// Namespace and name of each Secret: two share a directory.
pub(super) const APPS: [(&str, &str); 3] =
    [("blog", "blog-tls"), ("shop", "api-tls"), ("shop", "shop-tls")];

pub(super) const GROUPS: [&str; 2] = ["eu", "us"];

/// How many keys, or sets of recipients, a group may have.
pub(super) const KEYS: usize = 3;

static IDENTITIES: LazyLock<[Identity; KEYS]> =
    LazyLock::new(|| std::array::from_fn(|_| Identity::generate()));

/// The file of an application for a group.
type File = (usize, usize);

/// What stands in a file: which of the certificates, and sealed to which key.
#[derive(Clone, Copy)]
struct Held {
    certificate: usize,
    key: usize,
}

pub(super) struct Life<'a> {
    way: Way,
    layout: Layout,
    groups: Vec<GroupName>,
    world: &'a World,
    mirror: &'a Mirror,
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
    /// In a mirror of that world's, on a branch of its own.
    pub(super) fn new(
        (world, mirror): (&'a World, &'a Mirror),
        (way, layout, groups): (Way, Layout, usize),
    ) -> Self {
        let names = &GROUPS[..if groups == 1 { 0 } else { groups }];
        let mut life = Self {
            way,
            layout,
            groups: names.iter().map(|name| name.parse().unwrap()).collect(),
            world,
            mirror,
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
            Event::Note(text) => drop(self.commit(&[write("NOTE", &text.to_string())])),
        }
    }

    /// The files that the next pass is to write, sorted.
    pub(super) fn is_to_be_written(&mut self) -> Vec<String> {
        let places = 0..self.groups.len().max(1);
        let files = places.flat_map(|group| self.wanted.iter().map(move |app| (group, *app)));
        let due: Vec<_> = files.filter(|file| self.is_due(*file)).collect();
        let mut paths = BTreeSet::new();
        for file @ (group, app) in due {
            paths.insert(self.path_of(file));
            paths.extend(self.companion_of(file));
            let held = Held { certificate: self.certificates[app].0, key: self.keys[group] };
            self.held.insert(file, held);
        }
        paths.into_iter().collect()
    }

    fn is_due(&self, file @ (group, app): File) -> bool {
        self.held.get(&file).is_none_or(|held| {
            let is_to_others = self.way != Way::Clear && held.key != self.keys[group];
            held.certificate != self.certificates[app].0 || self.reseals && is_to_others
        })
    }

    fn path_of(&self, (group, app): File) -> String {
        let (namespace, name) = APPS[app];
        match (self.layout, self.groups.get(group)) {
            (Layout::Kustomize, _) => format!("apps/{name}/{name}.yaml"),
            (_, Some(group)) => format!("certs/{group}/{namespace}/{name}.yaml"),
            (_, None) => format!("certs/{namespace}/{name}.yaml"),
        }
    }

    /// What has to change with the first Secret of an application, or of a directory.
    fn companion_of(&self, file @ (group, app): File) -> Option<String> {
        let mut neighbours = (0..APPS.len()).filter(|one| APPS[*one].0 == APPS[app].0);
        let path = self.path_of(file);
        let (dir, _) = path.rsplit_once('/')?;
        match self.layout {
            Layout::Kustomize => {
                (!self.held.contains_key(&file)).then(|| format!("{dir}/kustomization.yaml"))
            }
            Layout::FleetBundles => {
                let is_first = !neighbours.any(|one| self.held.contains_key(&(group, one)));
                is_first.then(|| format!("{dir}/fleet.yaml"))
            }
            _ => None,
        }
    }

    /// One pass; gives the files that it wrote, sorted, after all others were found as they were, to the byte.
    pub(super) fn pass(&mut self) -> Result<Vec<String>, TestCaseError> {
        let inventory = self.mirror.inventory(&self.tip, &self.discover()).unwrap();
        let by = Provenance::default();
        let wanted = self.wanted.iter().map(|app| (key_of(*app), &self.certificates[*app].1, &by));
        let plan = deliveries(&inventory, &wanted.collect::<Vec<_>>(), &self.seals());
        prop_assert_eq!(&plan.refused, &[]);
        let before = self.files();
        prop_assert_eq!(self.commit(&plan.edits), !plan.edits.is_empty());
        let after = self.files();
        let is_changed = |path: &&String| before.get(*path) != after.get(*path);
        let paths: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let changed: Vec<_> = paths.into_iter().filter(is_changed).cloned().collect();
        let planned: Vec<_> = plan.edits.iter().map(|edit| edit.path.to_string()).collect();
        prop_assert_eq!(&changed, &planned);
        Ok(changed)
    }

    fn discover(&self) -> Discover {
        let group = |name: &GroupName| {
            let clusters = FleetClusters { group: Some(name.to_string()), ..Default::default() };
            SealGroup { name: name.clone(), clusters }
        };
        let groups = self.groups.iter().map(group).collect();
        let destination = Destination { layout: self.layout, groups, ..Destination::default() };
        Discover { targets: Targets::new(destination), ..Discover::default() }
    }

    fn seals(&self) -> Seals {
        let only = [GroupName::default()];
        let names = if self.groups.is_empty() { &only[..] } else { &self.groups };
        let mut seals = Seals::new(NOW);
        for (name, key) in names.iter().zip(self.keys) {
            seals.add(RepositoryName::default(), name.clone(), Ok(seal(self.way, key)));
        }
        if self.reseals { seals.anew() } else { seals }
    }

    /// Whether there was anything to commit.
    fn commit(&mut self, edits: &[Edit]) -> bool {
        let commit = self.mirror.commit(&self.tip, edits, &message(), &author(), NOW).unwrap();
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
