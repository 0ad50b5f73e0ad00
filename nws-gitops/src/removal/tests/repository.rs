//! A repository in memory.

use super::*;
use crate::{SecretForm, SecretTemplate};

/// The files of one commit.
#[derive(Clone, Default)]
pub(super) struct Repository(pub(super) BTreeMap<String, String>);

impl Repository {
    /// Applications that have their Secrets, each named as its namespace.
    pub(super) fn of(apps: &[&str]) -> Self {
        let mut repository = Self::default();
        for app in apps {
            repository.put(&format!("apps/{app}/ingress.yaml"), &ingress(app));
            repository.put(&format!("certs/{app}/fleet.yaml"), &fleet_yaml(app));
            repository.put(&secret_path(app), &secret(app));
        }
        repository
    }

    pub(super) fn put(&mut self, path: &str, text: &str) {
        self.0.insert(path.into(), text.into());
    }

    pub(super) fn without(mut self, path: &str) -> Self {
        assert!(self.0.remove(path).is_some(), "{path}");
        self
    }

    pub(super) fn with(mut self, path: &str, text: &str) -> Self {
        self.put(path, text);
        self
    }

    pub(super) fn inventory(&self) -> Inventory {
        self.inventory_with(&Discover::default())
    }

    pub(super) fn inventory_with(&self, discover: &Discover) -> Inventory {
        let blob = "4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse().unwrap();
        let entry = |path: &RepoPath| Format::of(path).map_or(Entry::Other, |_| Entry::Read(blob));
        let paths = self.0.keys().map(|path| path.parse::<RepoPath>().unwrap());
        let all: Vec<_> = paths.map(|path| (path.clone(), entry(&path))).collect();
        let read = |(path, blob): &(RepoPath, ObjectId)| {
            let parsed = parse(self.0[path.as_str()].as_bytes(), Format::of(path)?);
            Some(File { path: path.clone(), blob: *blob, parsed })
        };
        let read = |files: &[_]| Ok::<_, Infallible>(files.iter().filter_map(read).collect());
        let mut inventory = Inventory::empty(discover);
        let Ok(()) = inventory.change(&Default::default(), Tip { commit: None }, &all, read);
        inventory
    }

    pub(super) fn read(&self, path: &RepoPath) -> Result<Option<Zeroizing<Vec<u8>>>, Infallible> {
        Ok(self.0.get(path.as_str()).map(|text| text.clone().into_bytes().into()))
    }

    pub(super) fn survey(&self) -> Survey {
        Survey::of(&self.inventory(), |path| self.read(path)).unwrap()
    }

    /// What is planned for these, and the repository after it.
    pub(super) fn take(&mut self, steps: &[(&str, RemovalStep)]) -> RemovalPlan {
        let due: Vec<_> = steps.iter().map(|(app, step)| (key(app), *step)).collect();
        let due = Due { steps: due, ..Due::default() };
        let plan = removals(&self.survey(), &due, |path| self.read(path)).unwrap();
        self.apply(&plan.edits);
        plan
    }

    pub(super) fn apply(&mut self, edits: &[Edit]) {
        for edit in edits {
            match &edit.content {
                Content::Write(bytes) => {
                    self.put(edit.path.as_str(), std::str::from_utf8(bytes).unwrap());
                }
                Content::Remove => drop(self.0.remove(edit.path.as_str())),
            }
        }
    }
}

pub(super) fn key(app: &str) -> WantKey {
    WantKey { target: Default::default(), secret: format!("{app}/{app}-tls").parse().unwrap() }
}

pub(super) fn secret_path(app: &str) -> String {
    format!("certs/{app}/{app}-tls.yaml")
}

pub(super) fn ingress(app: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: {app}}}\nspec:\n  tls: [{{hosts: [{app}.example], secretName: {app}-tls}}]\n"
    )
}

/// That of an application's bundle.
pub(super) fn fleet_yaml(app: &str) -> String {
    fleet_yaml_for(app, &FleetClusters::default())
}

pub(super) fn fleet_yaml_for(namespace: &str, clusters: &FleetClusters) -> String {
    FleetYaml { namespace, clusters, adopts: false }.text()
}

pub(super) fn secret(app: &str) -> String {
    secret_with(app, &SecretTemplate::default())
}

pub(super) fn secret_with(app: &str, template: &SecretTemplate) -> String {
    let form = SecretForm { template: template.clone(), ..SecretForm::default() };
    let issued = issue(&format!("{app}.example"));
    manifest(&key(app), &issued, &Provenance::default(), &form).as_str().into()
}

pub(super) fn issue(host: &str) -> Issued {
    let pair = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec![host.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (NOON, NOON + Duration::days(90));
    let der = params.self_signed(&pair).unwrap().der().as_ref().into();
    let key = PrivateKey::from_pkcs8_der(pair.serialized_der()).unwrap();
    let names = DnsNames::new([host.parse().unwrap()]).unwrap();
    Issued::check(Chain::from_der(vec![der]).unwrap(), key, &names, NOON).unwrap()
}
