//! `[[targets]]`, and where the certificates of each go.

use nws_gitops::{
    Destination, FleetClusters, GroupName, Layout, RepoPath, RepositoryName, SealGroup, Target,
    Targets,
};

use super::read::Reader;
use super::recipients::clusters;
use super::roles::{Role, is_one_of};

/// All targets; the default one is what `[git]` says. `groups` are those of each repository that files are told apart for.
pub(super) fn targets(
    from: &mut Reader,
    roles: Option<&[Role]>,
    groups: Option<Vec<Vec<SealGroup>>>,
) -> Option<Targets> {
    let git = from.tables("git");
    let places: Vec<_> = git.iter().map(|table| Place::take(from, table)).collect();
    let names: Option<Vec<_>> =
        roles.map(|roles| roles.iter().map(|one| one.name.clone()).collect());
    let tables = if from.has("targets") { from.tables("targets") } else { Vec::new() };
    let each = tables.iter().map(|table| Special::take(from, table, names.as_deref()));
    let each: Vec<_> = each.collect();
    let places: Vec<_> = places.into_iter().collect::<Option<_>>()?;
    let each: Vec<_> = each.into_iter().collect::<Option<_>>()?;
    let ways = Ways { roles: roles?, places: &places, groups: &groups? };
    let everywhere = ways.of(from, None)?;
    let (_, usual) = everywhere.first()?;
    let mut targets = Targets::new(usual.clone());
    for (name, destination) in everywhere.into_iter().skip(1) {
        let with = targets.with_elsewhere(Target::default(), name, destination);
        targets = with.map_err(|error| from.fault("git", error.to_string())).ok()?;
    }
    for special in &each {
        let ways = ways.of(from, Some(special))?;
        let with = special.join(targets, ways);
        targets = with.map_err(|error| from.fault(&special.table, error)).ok()?;
    }
    Some(targets)
}

/// Where Secrets go in one repository.
struct Place {
    layout: Layout,
    root: RepoPath,
}

impl Place {
    fn take(from: &mut Reader, table: &str) -> Option<Self> {
        let layout = from.text_or(&format!("{table}.layout"), "fleet-bundles");
        let root = from.text_or(&format!("{table}.root"), Destination::ROOT);
        Some(Self { layout: layout?, root: root? })
    }
}

/// A target of its own. What it does not say is as for the default target, in a directory of the target's name.
struct Special {
    table: String,
    name: Target,
    /// The repositories it is looked for in; none stands for all.
    repositories: Vec<RepositoryName>,
    paths: Vec<RepoPath>,
    deliver_to: Option<RepositoryName>,
    layout: Option<Layout>,
    root: Option<RepoPath>,
    clusters: FleetClusters,
    /// The recipients that are its clusters; none stands for all.
    recipients: Vec<GroupName>,
}

impl Special {
    fn take(from: &mut Reader, table: &str, all: Option<&[RepositoryName]>) -> Option<Self> {
        let key = |name: &str| format!("{table}.{name}");
        let name = from.required_text::<Target>(&key("name"), "a name for it, for instance \"eu\"");
        let paths = from.texts::<RepoPath>(&key("paths"));
        let repositories = from.texts::<RepositoryName>(&key("repositories"));
        let deliver_to = from.optional_text(&key("deliver_to"));
        let layout = from.optional_text(&key("layout"));
        let root = from.optional_text(&key("root"));
        let clusters = clusters(from, &key);
        let recipients = from.texts::<GroupName>(&key("recipients"));
        let (name, paths, repositories) = (name?, paths?, repositories?);
        if paths.is_empty() && repositories.is_empty() {
            from.fault(
                &key("paths"),
                "is missing or empty; write the directories whose manifests are for it, for instance [\"clusters/eu\"]",
            );
            return None;
        }
        let deliver_to: Option<RepositoryName> = deliver_to?;
        let mut named: Vec<_> = repositories.iter().map(|one| ("repositories", one)).collect();
        named.extend(deliver_to.iter().map(|one| ("deliver_to", one)));
        let all = all?;
        let known = named.into_iter().map(|(field, one)| is_one_of(from, &key(field), one, all));
        if known.filter(|is_known| !is_known).count() > 0 {
            return None;
        }
        let (layout, root, clusters, recipients) = (layout?, root?, clusters?, recipients?);
        let table = table.to_owned();
        Some(Self {
            table,
            name,
            repositories,
            paths,
            deliver_to,
            layout,
            root,
            clusters,
            recipients,
        })
    }

    /// The targets with this one, whose Secrets go these ways.
    fn join(
        &self,
        targets: Targets,
        ways: Vec<(RepositoryName, Destination)>,
    ) -> Result<Targets, String> {
        let in_one = |name: &RepositoryName| match &self.paths[..] {
            [] => RepoPath::top_of(name).into_iter().collect(),
            paths => within(name, paths),
        };
        let dirs = ways.iter().flat_map(|(name, _)| in_one(name)).collect();
        let mut ways = ways.into_iter();
        let Some((_, usual)) = ways.next() else {
            return Err("is for repositories in which nothing is wanted; set wants there".into());
        };
        let first = targets.with(self.name.clone(), dirs, usual);
        let rest = ways
            .try_fold(first.map_err(|error| error.to_string())?, |targets, (name, to)| {
                targets.with_elsewhere(self.name.clone(), name, to)
            });
        rest.map_err(|error| error.to_string())
    }
}

fn within(name: &RepositoryName, paths: &[RepoPath]) -> Vec<RepoPath> {
    // What was read as a path is one in any repository.
    paths.iter().filter_map(|path| RepoPath::in_repository(name, path.as_str()).ok()).collect()
}

/// From each repository to the one that receives what is wanted in it.
struct Ways<'a> {
    roles: &'a [Role],
    places: &'a [Place],
    groups: &'a [Vec<SealGroup>],
}

impl Ways<'_> {
    /// Those of a target, or of the default one, from each repository that it is looked for in.
    fn of(
        &self,
        from: &mut Reader,
        special: Option<&Special>,
    ) -> Option<Vec<(RepositoryName, Destination)>> {
        let is_meant = |role: &&Role| {
            let only = special.map_or(&[][..], |special| &special.repositories);
            role.wants && (only.is_empty() || only.contains(&role.name))
        };
        let ways = self.roles.iter().filter(is_meant);
        let ways: Vec<_> =
            ways.map(|role| Some((role.name.clone(), self.way(from, role, special)?))).collect();
        ways.into_iter().collect()
    }

    fn way(
        &self,
        from: &mut Reader,
        role: &Role,
        special: Option<&Special>,
    ) -> Option<Destination> {
        let to =
            special.and_then(|special| special.deliver_to.as_ref()).unwrap_or(&role.deliver_to);
        let at = self.roles.iter().position(|receiver| receiver.name == *to)?;
        let (receiver, place) = (self.roles.get(at)?, self.places.get(at)?);
        let layout = special.and_then(|special| special.layout).unwrap_or(place.layout);
        let root = match special {
            None => place.root.as_str().to_owned(),
            Some(Special { root: Some(root), .. }) => root.as_str().to_owned(),
            Some(Special { name, .. }) => format!("{}/{name}", place.root.as_str()),
        };
        let clusters = special.map(|special| special.clusters.clone()).unwrap_or_default();
        let table = special.map_or(&role.table, |special| &special.table);
        if layout.is_beside_manifests() && receiver.name != role.name {
            from.fault(table, format!(
                "has what {} wants delivered to {to} in a layout that puts it beside its manifest, which is not there; set the layout fleet-bundles or tree for {to}, or remove deliver_to",
                role.name
            ));
            return None;
        }
        if clusters != FleetClusters::default() && !layout.has_fleet_yaml() {
            from.fault(
                table,
                "says which clusters Fleet is to choose, which a layout without a fleet.yaml cannot tell it; remove cluster_group and cluster_selector, or set the layout fleet-bundles or fleet-nested",
            );
            return None;
        }
        let groups = special_groups(from, table, special, self.groups.get(at)?)?;
        is_fit_for_groups(from, table, layout, &clusters, &groups)?;
        let root = RepoPath::in_repository(&receiver.name, &root).ok()?;
        Some(Destination { layout, root, clusters, groups })
    }
}

/// Those of a repository's recipients that are a target's.
fn special_groups(
    from: &mut Reader,
    table: &str,
    special: Option<&Special>,
    all: &[SealGroup],
) -> Option<Vec<SealGroup>> {
    let named = special.map_or(&[][..], |special| &special.recipients);
    if named.is_empty() {
        return Some(all.to_vec());
    }
    let mut found = Vec::new();
    for name in named {
        match all.iter().find(|group| group.name == *name) {
            Some(group) => found.push(group.clone()),
            None => {
                let reason = format!(
                    "{:?} is the name of no recipients of the repository it is delivered to; write that of [[git.recipients]] there",
                    name.as_str()
                );
                from.fault(&format!("{table}.recipients"), reason);
                return None;
            }
        }
    }
    Some(found)
}

/// Whether several groups of clusters each find their own files, and only those.
fn is_fit_for_groups(
    from: &mut Reader,
    table: &str,
    layout: Layout,
    clusters: &FleetClusters,
    groups: &[SealGroup],
) -> Option<()> {
    if groups.len() < 2 {
        return Some(());
    }
    let unknown = |group: &&SealGroup| group.clusters == FleetClusters::default();
    let reason = if layout.is_beside_manifests() {
        "has several recipients, whose files cannot all stand beside one manifest; set the layout fleet-bundles or tree, or one recipient for it"
    } else if *clusters != FleetClusters::default() {
        "says which clusters Fleet is to choose, as do its several recipients; say it there alone, or set one recipient for it"
    } else if layout.has_fleet_yaml() && groups.iter().any(|group| unknown(&group)) {
        "has several recipients, each with bundles of its own, and Fleet has to be told which clusters each is for; set cluster_group or cluster_selector in each [[git.recipients]]"
    } else {
        return Some(());
    };
    from.fault(table, reason);
    None
}
