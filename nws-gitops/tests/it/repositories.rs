//! Several repositories: what is wanted in one, delivered into another.

use std::sync::Arc;

use nws_gitops::{
    Destination, Discover, GroupName, Inventory, Layout, Message, Mirror, Mirrors, Plan,
    Provenance, RepoPath, RepositoryName, Seal, Seals, SharedHosts, Target, Targets, Tips,
    deliveries,
};

use crate::world::{NOW, World, author, ingress, issue, key, write};

fn name(text: &str) -> RepositoryName {
    text.parse().unwrap()
}

fn at(repository: &str, path: &str) -> RepoPath {
    RepoPath::in_repository(&name(repository), path).unwrap()
}

fn into(repository: &str) -> Destination {
    Destination::at(at(repository, "certs"))
}

/// What `apps` and `infra` want goes to `certs`, but what `edge` wants stays there, beside its manifests.
fn discover() -> Discover {
    let beside = Destination { layout: Layout::Beside, ..into("edge") };
    let targets = Targets::new(into("certs"));
    let targets = targets.with_elsewhere(Target::default(), name("edge"), beside).unwrap();
    let nothing_wanted_in = [name("certs")].into();
    let shared_hosts = SharedHosts::Allow;
    Discover { targets, nothing_wanted_in, shared_hosts, ..Discover::default() }
}

struct Four {
    worlds: [(&'static str, World); 4],
    mirrors: Mirrors,
}

impl Four {
    fn new() -> Self {
        let worlds = ["apps", "certs", "edge", "infra"].map(|name| (name, World::new()));
        let named = |(of, world): &(&str, World)| Arc::new(world.mirror("ours").named(name(of)));
        let mirrors = Mirrors::of(worlds.iter().map(named));
        Self { worlds, mirrors }
    }

    fn world(&self, of: &str) -> &World {
        &self.worlds.iter().find(|(name, _)| *name == of).unwrap().1
    }

    fn write(&self, to: &str, path: &str, text: &str) {
        self.world(to).somebody_edits(&[write(path, text)]);
    }

    fn tips(&self) -> Tips {
        let tip = |mirror: &Mirror| (mirror.name().clone(), mirror.fetch().unwrap());
        self.mirrors.iter().map(tip).collect()
    }

    fn inventory(&self) -> Inventory {
        self.mirrors.inventory(&self.tips(), &discover()).unwrap()
    }

    /// Delivers a certificate for everything that is wanted, each into its repository.
    fn deliver(&self) -> Plan {
        let (inventory, issued) = (self.inventory(), issue(&["shop.example"]));
        let by = Provenance::default();
        let all = inventory.wanted.iter().map(|wanted| (wanted.key.clone(), &issued, &by));
        let named = |of: &str| (name(of), GroupName::default(), Ok(Seal::Clear));
        let seals = ["apps", "certs", "edge", "infra"].map(named);
        let seals = seals
            .into_iter()
            .fold(Seals::new(NOW), |all, (of, group, seal)| all.with(of, group, seal));
        let plan = deliveries(&inventory, &all.collect::<Vec<_>>(), &seals);
        let message = Message::for_deliveries(&plan.deliveries);
        for mirror in self.mirrors.iter() {
            let mut edits = plan.edits.clone();
            edits.retain(|edit| edit.path.repository() == mirror.name().as_str());
            let tip = inventory.tip(mirror.name());
            if let Some(commit) = mirror.commit(&tip, &edits, &message, &author(), NOW).unwrap() {
                mirror.push(&commit).unwrap();
            }
        }
        plan
    }
}

const GATEWAY: &str = "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web, namespace: infra}
spec:
  listeners: [{name: https, port: 443, protocol: HTTPS, allowedRoutes: {namespaces: {from: All}}, tls: {certificateRefs: [{name: tls}]}}]
";
const ROUTE: &str = "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec: {parentRefs: [{name: web, namespace: infra}], hostnames: [shop.example]}
";

fn wanted(inventory: &Inventory) -> Vec<String> {
    inventory.wanted.iter().map(|one| format!("{}: {}", one.key, one.sources[0])).collect()
}

#[test]
fn a_change_in_one_repository_reads_what_it_bears_on_in_another() {
    let four = Four::new();
    four.write("infra", "gateway.yaml", GATEWAY);
    let mut inventory = four.inventory();
    assert_eq!(wanted(&inventory), [""; 0]);
    let seen_before = inventory.clone();
    four.write("apps", "route.yaml", ROUTE);
    let tips = four.tips();
    four.mirrors.refresh(&mut inventory, &tips).unwrap();
    assert_eq!(
        wanted(&inventory),
        [
            "infra/tls: infra:gateway.yaml, document 1, Gateway infra/web, spec.listeners[0].tls.certificateRefs[0]"
        ]
    );
    assert_eq!(format!("{inventory:#?}"), format!("{:#?}", four.inventory()));
    // One repository at a time, and those that are not named stay where they were.
    let mut inventory = seen_before;
    four.mirrors.refresh(&mut inventory, &Tips::from([(name("edge"), tips["edge"])])).unwrap();
    assert_eq!(wanted(&inventory), [""; 0]);
    four.mirrors.refresh(&mut inventory, &Tips::from([(name("apps"), tips["apps"])])).unwrap();
    assert_eq!(wanted(&inventory).len(), 1);
}

#[test]
fn everything_is_read_again_where_the_commit_before_is_gone() {
    let four = Four::new();
    four.write("infra", "gateway.yaml", GATEWAY);
    four.write("apps", "route.yaml", ROUTE);
    let mut inventory = four.inventory();
    inventory.tips.insert(
        name("apps"),
        nws_gitops::Tip {
            commit: Some("4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse().unwrap()),
        },
    );
    four.mirrors
        .refresh(&mut inventory, &Tips::from([(name("apps"), four.tips()["apps"])]))
        .unwrap();
    assert_eq!(format!("{inventory:#?}"), format!("{:#?}", four.inventory()));
}

#[test]
fn each_certificate_goes_to_the_repository_that_receives_it_and_stays_there() {
    let four = Four::new();
    four.write("apps", "shop/ingress.yaml", &ingress("shop", "shop/shop-tls", &["shop.example"]));
    four.write("edge", "own/ingress.yaml", &ingress("own", "own/own-tls", &["shop.example"]));
    let plan = four.deliver();
    let paths: Vec<_> = plan.deliveries.iter().map(|one| one.path.to_string()).collect();
    assert_eq!(paths, ["edge:own/own-tls.yaml", "certs:certs/shop/shop-tls.yaml"]);
    assert!(four.world("certs").file("certs/shop/fleet.yaml").is_some());
    let inventory = four.inventory();
    assert_eq!(inventory.faults, []);
    for (secret, repository) in [("shop/shop-tls", "certs"), ("own/own-tls", "edge")] {
        assert_eq!(inventory.repository_of(&key(secret)), repository, "{secret}");
        assert!(inventory.held(&key(secret)).is_some(), "{secret}");
    }
    let elsewhere = Discover { targets: Targets::new(into("apps")), ..discover() };
    let inventory = four.mirrors.inventory(&four.tips(), &elsewhere).unwrap();
    assert_eq!(
        inventory.place(&key("shop/shop-tls")),
        Ok(vec![at("certs", "certs/shop/shop-tls.yaml")])
    );
}

#[test]
fn where_nothing_is_wanted_manifests_are_passed_over_and_secrets_are_seen() {
    let four = Four::new();
    four.write("certs", "ingress.yaml", &ingress("shop", "shop/shop-tls", &["shop.example"]));
    four.write(
        "certs",
        "other.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: shop-tls, namespace: shop}\n",
    );
    let inventory = four.inventory();
    assert_eq!((wanted(&inventory), inventory.delivered.len()), (Vec::new(), 1));
}

#[test]
fn one_secret_does_not_go_to_two_repositories() {
    let four = Four::new();
    for (repository, path) in [("apps", "b.yaml"), ("edge", "a.yaml"), ("infra", "c.yaml")] {
        four.write(repository, path, &ingress("shop", "shop/shop-tls", &["shop.example"]));
    }
    let told = |inventory: &Inventory| {
        let sources = &inventory.wanted[0].sources;
        let sources: Vec<_> = sources.iter().map(|source| source.path.to_string()).collect();
        let faults: Vec<_> = inventory.faults.iter().map(ToString::to_string).collect();
        (sources.join(" "), faults.join("\n"))
    };
    let want = (
        "apps:b.yaml infra:c.yaml".to_owned(),
        "edge:a.yaml, document 1, spec.tls[0].secretName: wants secret shop/shop-tls, which goes to the repository certs, as apps:b.yaml asks, and not where the others of this repository go; if other clusters apply it, give it a target of its own, else the same deliver_to".to_owned(),
    );
    assert_eq!(told(&four.inventory()), want);
    // Whoever has it keeps it.
    let by = Provenance::default();
    let held = nws_gitops::manifest(
        &key("shop/shop-tls"),
        &issue(&["shop.example"]),
        &by,
        &nws_gitops::SecretForm::default(),
    );
    four.write("edge", "shop-tls.yaml", held.as_str());
    let (sources, faults) = told(&four.inventory());
    assert_eq!(sources, "edge:a.yaml");
    assert_eq!(faults.lines().count(), 2, "{faults}");
}

#[test]
fn two_targets_each_of_a_repository_have_a_secret_each() {
    let four = Four::new();
    for repository in ["apps", "edge"] {
        four.write(repository, "a.yaml", &ingress("shop", "shop/shop-tls", &["shop.example"]));
    }
    let eu = Destination::at(at("certs", "certs/eu"));
    let top = RepoPath::top_of(&name("edge")).unwrap();
    let targets = Targets::new(into("certs")).with("eu".parse().unwrap(), vec![top], eu).unwrap();
    let discover = Discover { targets, ..discover() };
    let inventory = four.mirrors.inventory(&four.tips(), &discover).unwrap();
    assert_eq!(inventory.faults, []);
    let places = ["shop/shop-tls", "eu:shop/shop-tls"];
    let places = places.map(|secret| inventory.place(&key(secret)).unwrap()[0].to_string());
    assert_eq!(places, ["certs:certs/shop/shop-tls.yaml", "certs:certs/eu/shop/shop-tls.yaml"]);
}
