use super::*;
use crate::discover::CertManager;
use crate::reader::{Format, parse};

/// Path and text of each file.
type Files<'a> = &'a [(&'a str, &'a str)];

fn inventory(files: Files<'_>, discover: &Discover) -> Inventory {
    let mut repository = Repository::new(discover);
    repository.change(&files.iter().map(|(path, text)| (*path, Some(*text))).collect::<Vec<_>>());
    repository.inventory
}

/// The same of files that need not be text.
fn inventory_of_bytes<'a>(
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
    discover: &Discover,
) -> Inventory {
    let mut repository = Repository::new(discover);
    repository.change_bytes(files.map(|(path, bytes)| (path, Some(bytes))));
    repository.inventory
}

/// Files, and the inventory of them.
struct Repository {
    files: BTreeMap<RepoPath, Vec<u8>>,
    inventory: Inventory,
}

impl Repository {
    fn new(discover: &Discover) -> Self {
        Self { files: BTreeMap::new(), inventory: Inventory::empty(discover) }
    }

    /// Gives files another text, or removes them, in one commit.
    fn change(&mut self, changes: &[(&str, Option<&str>)]) {
        self.change_bytes(changes.iter().map(|(path, text)| (*path, text.map(str::as_bytes))));
    }

    fn change_bytes<'a>(&mut self, changes: impl Iterator<Item = (&'a str, Option<&'a [u8]>)>) {
        let mut changed: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (path, text) in changes {
            let path = RepoPath::read_back(path).unwrap();
            let blob = "4b825dc642cb6eb9a060e54bf8d69288fbee4904".parse().unwrap();
            let entry = match (text, Format::of(&path)) {
                (Some(_), Some(_)) => Entry::Read(blob),
                (Some(_), None) => Entry::Other,
                (None, _) => Entry::Gone,
            };
            match text {
                Some(bytes) => drop(self.files.insert(path.clone(), bytes.to_owned())),
                None => drop(self.files.remove(&path)),
            }
            changed.entry(path.repository().to_owned()).or_default().insert(path, entry);
        }
        for (name, changed) in changed {
            self.refresh(&name, &changed.into_iter().collect::<Vec<_>>());
        }
    }

    fn refresh(&mut self, name: &str, changed: &[Change]) {
        let Self { files, inventory } = self;
        let read = |(path, blob): &(RepoPath, ObjectId)| {
            let parsed = parse(&files[path], Format::of(path)?);
            Some(File { path: path.clone(), blob: *blob, parsed })
        };
        let read = |files: &[_]| Ok::<_, ()>(files.iter().filter_map(read).collect());
        let name = name.parse().unwrap_or_default();
        inventory.change(&name, Tip { commit: None }, changed, read).unwrap();
    }
}

fn wanted(inventory: &Inventory) -> Vec<String> {
    inventory.wanted.iter().map(|wanted| format!("{}: {}", wanted.key, wanted.names)).collect()
}

fn faults(inventory: &Inventory) -> Vec<String> {
    inventory.faults.iter().map(ToString::to_string).collect()
}

/// An Ingress; the namespace may be left out.
fn ingress(namespace: &str, secret: &str, hosts: &str) -> String {
    let namespace =
        if namespace.is_empty() { String::new() } else { format!(", namespace: {namespace}") };
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web{namespace}}}\nspec:\n  tls: [{{hosts: [{hosts}], secretName: {secret}}}]\n"
    )
}

#[test]
fn a_want_names_its_source() {
    let inventory = inventory(
        &[("apps/shop.yaml", &ingress("shop", "shop-tls", "b.example, a.example"))],
        &Discover::default(),
    );
    assert_eq!(wanted(&inventory), ["shop/shop-tls: a.example, b.example"]);
    let source = inventory.wanted[0].sources[0].to_string();
    assert_eq!(source, "apps/shop.yaml, document 1, Ingress shop/web, spec.tls[0]");
}

#[test]
fn the_namespace_is_stated_somewhere_or_it_is_a_fault() {
    let (own, none) = (ingress("own", "tls", "a.example"), ingress("", "tls", "a.example"));
    let (forced, default) = ("namespace: forced\n", "defaultNamespace: default-ns\n");
    let cases: [(&str, Files<'_>, &str); 9] = [
        ("its own", &[("a/i.yaml", &own)], "own/tls: a.example"),
        (
            "its own, over fleet's default",
            &[("a/i.yaml", &own), ("a/fleet.yaml", default)],
            "own/tls: a.example",
        ),
        (
            "fleet's, over its own",
            &[("a/i.yaml", &own), ("a/fleet.yaml", forced)],
            "forced/tls: a.example",
        ),
        (
            "fleet's default",
            &[("a/i.yaml", &none), ("a/fleet.yaml", default)],
            "default-ns/tls: a.example",
        ),
        (
            "of a fleet.yml at the top",
            &[("a/b/i.yaml", &none), ("fleet.yml", default)],
            "default-ns/tls: a.example",
        ),
        (
            "of the nearest fleet.yaml",
            &[("a/b/i.yaml", &none), ("a/fleet.yaml", default), ("a/b/fleet.yaml", forced)],
            "forced/tls: a.example",
        ),
        (
            "none",
            &[("a/i.yaml", &none)],
            "a/i.yaml, document 1, metadata.namespace: states no namespace, nor does a fleet.yaml above it; add metadata.namespace",
        ),
        (
            "none in the nearest fleet.yaml",
            &[("a/i.yaml", &none), ("a/fleet.yaml", "helm: {}\n"), ("fleet.yaml", default)],
            "a/i.yaml, document 1, metadata.namespace: states no namespace, nor does a fleet.yaml above it; add metadata.namespace",
        ),
        (
            "a broken fleet.yaml",
            &[("a/i.yaml", &own), ("a/fleet.yaml", "namespace: [")],
            "a/i.yaml, document 1, metadata.namespace: has its namespace from a/fleet.yaml, which cannot be read; correct that file",
        ),
    ];
    for (case, files, said) in cases {
        let inventory = inventory(files, &Discover::default());
        assert_eq!([wanted(&inventory), faults(&inventory)].concat(), [said], "{case}");
    }
}

#[test]
fn the_same_secret_name_in_two_namespaces_is_two_secrets() {
    let files = [
        ("a.yaml", ingress("one", "tls", "a.example")),
        ("b.yaml", ingress("two", "tls", "b.example")),
    ];
    let files = [(files[0].0, files[0].1.as_str()), (files[1].0, files[1].1.as_str())];
    assert_eq!(
        wanted(&inventory(&files, &Discover::default())),
        ["one/tls: a.example", "two/tls: b.example"]
    );
}

#[test]
fn a_foreign_secret_is_left_alone_and_reported() {
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: shop}\ntype: Opaque\n";
    let files =
        [("apps/i.yaml", &*ingress("shop", "tls", "a.example")), ("apps/secret.yaml", secret)];
    let inventory = inventory(&files, &Discover::default());
    assert_eq!(wanted(&inventory), [""; 0]);
    assert_eq!(
        faults(&inventory),
        [
            r#"apps/i.yaml, document 1, spec.tls[0].secretName: wants secret shop/tls, which apps/secret.yaml holds and nws-certd did not write; use another secretName, remove that file, or take it over with: nws-certd import repo shop/tls"#
        ]
    );
}

#[test]
fn an_ingress_of_cert_managers_is_skipped_unless_adopted() {
    let text = ingress("shop, annotations: {cert-manager.io/issuer: le}", "tls", "a.example");
    let files = [("apps/i.yaml", text.as_str())];
    let skipped = inventory(&files, &Discover::default());
    assert_eq!(
        [wanted(&skipped), faults(&skipped)].concat(),
        [
            r#"apps/i.yaml, document 1, metadata.annotations: is left to cert-manager because of the annotation "cert-manager.io/issuer"; remove it, or set discover.cert_manager = "adopt""#
        ]
    );
    let adopted =
        inventory(&files, &Discover { cert_manager: CertManager::Adopt, ..Discover::default() });
    assert_eq!([wanted(&adopted), faults(&adopted)].concat(), ["shop/tls: a.example"]);
}

#[test]
fn names_that_may_not_be_ordered_are_left_out_one_by_one() {
    let discover = Discover {
        allow: ["*.example".parse().unwrap()].into_iter().collect(),
        ..Discover::default()
    };
    let files = [("apps/i.yaml", &*ingress("shop", "tls", "a.example, '*.example', b.test"))];
    let inventory = inventory(&files, &discover);
    assert_eq!(wanted(&inventory), ["shop/tls: a.example"]);
    assert_eq!(
        faults(&inventory),
        [
            "apps/i.yaml, document 1, spec.tls[0].hosts[1]: host name \"*.example\" has only one label; write it with its domain",
            "apps/i.yaml, document 1, spec.tls[0].hosts[2]: b.test is not among the allowed names; add it to names.allow, or remove the host",
        ]
    );
}

#[test]
fn a_wildcard_is_reported() {
    let files = [("apps/i.yaml", &*ingress("shop", "tls", "'*.shop.example'"))];
    let inventory = inventory(&files, &Discover::default());
    assert_eq!(
        [wanted(&inventory), faults(&inventory)].concat(),
        [
            "apps/i.yaml, document 1, spec.tls[0].hosts[0]: *.shop.example is a wildcard, which cannot be validated over HTTP-01; list the hosts one by one"
        ]
    );
}

#[test]
fn a_secret_name_kubernetes_would_refuse() {
    let files = [("apps/i.yaml", &*ingress("shop", "Shop_TLS", "a.example"))];
    assert_eq!(
        faults(&inventory(&files, &Discover::default())),
        [
            "apps/i.yaml, document 1, spec.tls[0].secretName: \"Shop_TLS\" is no secret name; a name has up to 253 of a-z, 0-9, inner '-' and '.'"
        ]
    );
}

#[test]
fn a_charts_templates_are_not_read_even_if_they_look_plain() {
    let text = ingress("shop", "tls", "a.example");
    let files =
        [("charts/web/Chart.yaml", "name: web\n"), ("charts/web/templates/sub/i.yaml", &text)];
    let with_chart = inventory(&files, &Discover::default());
    assert_eq!(wanted(&with_chart), [""; 0]);
    assert!(matches!(with_chart.faults[..], [Fault { reason: FaultReason::Template, .. }]));
    assert_eq!(wanted(&inventory(&files[1..], &Discover::default())), ["shop/tls: a.example"]);
}

#[test]
fn files_that_are_left_out_have_no_faults_either() {
    let discover = Discover { exclude: vec!["vendor".parse().unwrap()], ..Discover::default() };
    let files = [
        ("vendor/a.yaml", "kind: Ingress\n: :\n- x"),
        ("vendor/b.yaml", &*ingress("shop", "tls", "a.example")),
    ];
    let inventory = inventory(&files, &discover);
    assert_eq!([wanted(&inventory), faults(&inventory)].concat(), [""; 0]);
}

#[test]
fn the_order_of_files_does_not_matter() {
    let texts: Vec<_> = (0..6)
        .map(|n| ingress("shop", &format!("tls-{}", n % 3), &format!("h{n}.example, BAD")))
        .collect();
    let paths: Vec<_> = (0..6).map(|n| format!("apps/{n}.yaml")).collect();
    let mut files: Vec<_> =
        paths.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
    let forwards = format!("{:?}", inventory(&files, &Discover::default()));
    files.reverse();
    assert_eq!(format!("{:?}", inventory(&files, &Discover::default())), forwards);
}

mod cert_manager;
mod changes;
mod conflicts;
mod corpus;
mod declared;
mod gateways;
mod hostile;
mod kustomize;
mod layouts;
mod opting;
mod options;
mod overrides;
mod sealed;
mod template;
mod written;
