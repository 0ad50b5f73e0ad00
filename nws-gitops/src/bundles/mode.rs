//! Which of its files a bundle puts into a cluster.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ignore::Ignored;
use super::{PackedFile, above, is_fleet, is_packed};
use crate::RepoPath;

type Files<'a> = BTreeMap<&'a RepoPath, &'a PackedFile>;

/// How Fleet reads a bundle, and so what of it is deployed.
#[derive(Debug)]
pub(super) enum Deploys {
    /// A chart: what lies below this directory of templates.
    Templates(RepoPath),
    /// A chart from elsewhere: nothing of the bundle.
    Nothing,
    /// What the kustomization builds.
    Built(BTreeSet<RepoPath>),
    /// Every manifest that is in no directory set apart.
    Manifests,
}

impl Deploys {
    pub(super) fn of(dir: Option<&RepoPath>, files: &Files<'_>, ignored: &Ignored) -> Self {
        let packed = |path: &RepoPath| files.contains_key(path) && is_packed(dir, path, ignored);
        let fleet = ["fleet.yaml", "fleet.yml"]
            .iter()
            .find_map(|name| Some(fields(files.get(&join(dir, name)?)?)))
            .unwrap_or_default();
        let stated =
            |of: &str, field: &str| fleet[of][field].as_str().unwrap_or_default().to_owned();
        let (chart, repo) = (stated("helm", "chart"), stated("helm", "repo"));
        if join(dir, &format!("{chart}/Chart.yaml")).is_some_and(|chart| packed(&chart)) {
            return join(dir, &format!("{chart}/templates")).map_or(Self::Nothing, Self::Templates);
        }
        if !chart.is_empty() || !repo.is_empty() {
            return Self::Nothing;
        }
        let start = join(dir, &format!("{}/kustomization.yaml", stated("kustomize", "dir")));
        match start.filter(|start| packed(start)) {
            Some(start) => Self::Built(built(start, files)),
            None => Self::Manifests,
        }
    }

    pub(super) fn deploys(
        &self,
        dir: Option<&RepoPath>,
        path: &RepoPath,
        apart: &BTreeSet<Option<RepoPath>>,
    ) -> bool {
        match self {
            Self::Nothing => false,
            Self::Templates(templates) => path.is_below(templates),
            Self::Built(files) => files.contains(path),
            Self::Manifests => {
                let mut between = above(path).take_while(|above| above.as_ref() != dir);
                is_manifest(path)
                    && !path.relative_to(dir).is_some_and(|rest| rest.starts_with("overlays/"))
                    && !between.any(|dir| apart.contains(&dir))
            }
        }
    }
}

fn is_manifest(path: &RepoPath) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.as_str().ends_with(end))
}

/// The directories whose manifests are left to another bundle, or are a chart's.
pub(super) fn apart(files: &[PackedFile]) -> BTreeSet<Option<RepoPath>> {
    let paths = files.iter().map(|file| &file.path);
    let marks = paths.filter(|path| is_fleet(path.file_name()) || path.file_name() == "Chart.yaml");
    marks.map(RepoPath::parent).collect()
}

pub(super) fn is_kustomization(name: &str) -> bool {
    KUSTOMIZATIONS.contains(&name)
}

/// The names that kustomize itself takes; Fleet looks only for the first.
const KUSTOMIZATIONS: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The files that a kustomization is built from, through all others that it takes in.
fn built(start: RepoPath, files: &Files<'_>) -> BTreeSet<RepoPath> {
    let mut seen = BTreeSet::from([start.clone()]);
    let mut to_do = vec![start];
    while let Some(path) = to_do.pop() {
        let Some(file) = files.get(&path) else { continue };
        for part in parts(&fields(file)) {
            let part = join(path.parent().as_ref(), &part);
            let next = part.and_then(|part| file_or_kustomization(part, files));
            if let Some(next) = next.filter(|next| seen.insert(next.clone()))
                && is_kustomization(next.file_name())
            {
                to_do.push(next);
            }
        }
    }
    seen
}

fn file_or_kustomization(part: RepoPath, files: &Files<'_>) -> Option<RepoPath> {
    if files.contains_key(&part) {
        return Some(part);
    }
    let mut names = KUSTOMIZATIONS.iter().filter_map(|name| join(Some(&part), name));
    names.find(|path| files.contains_key(path))
}

fn parts(kustomization: &Value) -> Vec<String> {
    let lists = ["resources", "bases", "components"].map(|field| kustomization[field].as_array());
    let items = lists.into_iter().flatten().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What cannot be read states nothing here; the inventory reports it.
fn fields(file: &PackedFile) -> Value {
    let text = file.text.as_deref().unwrap_or_default();
    serde_saphyr::from_str(text).unwrap_or_default()
}

/// A path as written in a file, seen from a directory; none if it leads out of the repository.
fn join(dir: Option<&RepoPath>, written: &str) -> Option<RepoPath> {
    let mut parts: Vec<_> = dir.map(|dir| dir.as_str().split('/').collect()).unwrap_or_default();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    parts.join("/").parse().ok()
}
