//! Whatever the layouts.

use std::sync::LazyLock;

use nws_expiry::{Chain, DnsNames, Issued, PrivateKey};
use proptest::prelude::*;
use time::OffsetDateTime;
use time::macros::datetime;

use super::*;
use crate::{Content, Destination, Layout, Plan, Seals, deliveries};

/// Two certificates for what the applications want.
static ISSUED: LazyLock<[Issued; 2]> = LazyLock::new(|| [issue(), issue()]);

fn issue() -> Issued {
    let host = "web.example".to_owned();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new([host.clone()]).unwrap();
    params.not_before = datetime!(2026-03-01 0:00 UTC);
    params.not_after = datetime!(2026-05-30 0:00 UTC);
    let chain = Chain::from_pem(params.self_signed(&key).unwrap().pem().as_bytes()).unwrap();
    let key = PrivateKey::from_pkcs8_der(&key.serialize_der()).unwrap();
    let names = DnsNames::new([host.parse().unwrap()]).unwrap();
    Issued::check(chain, key, &names, datetime!(2026-03-01 12:00 UTC)).unwrap()
}

/// The text of each file, by path.
type Repository = BTreeMap<String, String>;

fn look(repository: &Repository, discover: &Discover) -> Inventory {
    let files: Vec<_> =
        repository.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    inventory(&files, discover)
}

/// Delivers this certificate for everything that is wanted.
fn deliver(repository: &mut Repository, discover: &Discover, issued: &Issued) -> Plan {
    let (inventory, by) = (look(repository, discover), Provenance::default());
    let keys = inventory.wanted.iter().map(|wanted| wanted.key.clone());
    let plan = deliveries(
        &inventory,
        &keys.map(|key| (key, issued, &by)).collect::<Vec<_>>(),
        &Seals::clear(OffsetDateTime::UNIX_EPOCH),
    );
    for edit in &plan.edits {
        let Content::Write(bytes) = &edit.content else { panic!("{edit:?}") };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        repository.insert(edit.path.to_string(), text);
    }
    plan
}

fn any_layout() -> impl Strategy<Value = Layout> {
    prop::sample::select(vec![
        Layout::FleetBundles,
        Layout::FleetNested,
        Layout::Beside,
        Layout::Kustomize,
        Layout::Tree,
    ])
}

/// A configuration: a layout and a root for each of two targets.
fn any_discover() -> impl Strategy<Value = Discover> {
    let destination = |roots: [&'static str; 2]| {
        (any_layout(), prop::sample::select(roots.to_vec())).prop_map(|(layout, root)| {
            Destination { layout, ..Destination::at(root.parse().unwrap()) }
        })
    };
    let both = (destination(["certs", "clusters/all"]), destination(["certs/eu", "clusters/eu/c"]));
    both.prop_map(|(default, eu)| {
        let dirs = vec!["clusters/eu".parse().unwrap()];
        let targets = Targets::new(default).with("eu".parse().unwrap(), dirs, eu).unwrap();
        Discover { targets, ..Discover::default() }
    })
}

/// Applications: in which directory, with which namespace and Secret, and whether a kustomization builds them.
fn any_apps() -> impl Strategy<Value = Repository> {
    let dirs = ["apps/a", "apps/b", "clusters/eu/a", "clusters/eu/a/b"];
    let app = (
        prop::sample::select(dirs.to_vec()),
        prop::sample::select(vec!["a", "eu", "tls"]),
        prop::sample::select(vec!["tls", "web", "fleet"]),
        any::<bool>(),
    );
    prop::collection::vec(app, 1..6).prop_map(|apps| {
        let files = apps.into_iter().flat_map(|(dir, namespace, secret, kustomized)| {
            let text = ingress(namespace, secret, "web.example");
            let file = format!("{namespace}-{secret}.ingress.yaml");
            let listed = format!("resources: [{file}]\n");
            let kustomization = (format!("{dir}/kustomization.yaml"), listed);
            std::iter::once((format!("{dir}/{file}"), text))
                .chain(kustomized.then_some(kustomization))
        });
        files.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever the layouts: all that is wanted goes in, a plan applied and planned again is empty, and each finds its own.
    /// Whatever they become: each stays where it is, and is renewed there.
    #[test]
    fn a_path_never_changes_while_it_is_wanted(
        apps in any_apps(),
        before in any_discover(),
        after in any_discover(),
    ) {
        let [first, second] = &*ISSUED;
        let mut repository = apps;
        let plan = deliver(&mut repository, &before, first);
        prop_assert_eq!(&plan.refused, &[]);
        prop_assert_eq!(deliver(&mut repository, &before, first).edits, []);
        for discover in [&before, &after] {
            let inventory = look(&repository, discover);
            for delivery in &plan.deliveries {
                let found = inventory.held(&delivery.key).map(|held| &held.path);
                prop_assert_eq!(found, Some(&delivery.path), "{}", &delivery.key);
            }
        }
        let renewal = deliver(&mut repository, &after, second);
        for delivery in &plan.deliveries {
            let again = renewal.deliveries.iter().find(|again| again.key == delivery.key);
            prop_assert_eq!(again.map(|again| &again.path), Some(&delivery.path));
        }
    }
}
