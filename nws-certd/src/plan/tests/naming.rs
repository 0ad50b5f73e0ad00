//! Where an order goes whose manifests name a CA.

use super::*;
use crate::store::{Obstacle, ObstacleKind, Stand};

const SECOND: &str = "https://second.example/directory";
const LATER: OffsetDateTime = datetime!(2026-03-01 13:00 UTC);

fn named(name: &str, directory: &str) -> CaView {
    CaView { name: Some(name.parse().unwrap()), ..view(directory) }
}

/// Namespaces, each with an issuer.
type Wants<'a> = &'a [(&'a str, &'a str)];

/// Certificates in these namespaces for the same host, each of an issuer, for which a CA of its name stands.
fn wanted(wants: Wants<'_>) -> Inventory {
    let mut repository = Repository::new();
    for (namespace, issuer) in wants {
        let text = format!(
            "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: web, namespace: {namespace}}}\n\
             spec: {{secretName: tls, dnsNames: [shop.example], issuerRef: {{name: {issuer}}}}}\n"
        );
        repository = repository.file(&format!("apps/{namespace}.yaml"), &text);
    }
    let issuers = ["first", "second"].map(|name| (name.parse().unwrap(), name.parse().unwrap()));
    let discover = Discover {
        cert_manager: nws_gitops::CertManager::Adopt,
        issuers: issuers.into_iter().collect(),
        ..discover()
    };
    repository.mirror.inventory(&repository.tip, &discover).unwrap()
}

/// What comes next, and the CA that it goes to.
fn next(wants: Wants<'_>, obstacles: Vec<Obstacle>) -> (Next, Option<usize>) {
    let policy = Policy { renew_before: None, sweep: "03:00".parse().unwrap() };
    let rules = Rules { policy, key_type: KeyType::EcdsaP256, installation: "tests".into() };
    let facts = Facts { obstacles, ..Facts::default() };
    let cas = [named("first", CA), named("second", SECOND)];
    let plan = Plan::of(NOON, &wanted(wants), &facts, &rules, &cas, &BTreeMap::new());
    assert_eq!(plan.certificates.len(), 1);
    (plan.certificates[0].next.clone(), plan.certificates[0].goes_to)
}

fn met(ca: &str, stand: Stand) -> Obstacle {
    let (subject, detail) = (String::new(), "says no".into());
    Obstacle { ca: ca.into(), kind: ObstacleKind::Ca, subject, stand, until: LATER, detail }
}

#[test]
fn an_order_goes_to_the_ca_that_is_named() {
    let cases: [(&str, Wants<'_>, Option<usize>); 5] = [
        ("the first", &[("shop", "first")], Some(0)),
        ("the second", &[("shop", "second")], Some(1)),
        ("no name, so in their order", &[("shop", "other")], Some(0)),
        ("one who shares it names one", &[("blog", "other"), ("shop", "second")], Some(1)),
        ("of several any", &[("blog", "second"), ("shop", "first")], Some(0)),
    ];
    for (case, wants, want) in cases {
        let (next, goes_to) = next(wants, vec![]);
        assert!(matches!(next, Next::Order(Reason::Absent)), "{case}: {next:?}");
        assert_eq!(goes_to, want, "{case}");
    }
}

/// However long it takes: who names a CA means its issuer.
#[test]
fn the_ca_that_is_named_is_waited_for() {
    let shop = [("shop", "second")];
    let limit = Obstruction::Limit(format!("{SECOND}: says no"));
    let operator = Obstruction::Operator(format!("{SECOND}: says no"));
    for (stand, want) in [(Stand::Waits, limit), (Stand::Held, operator)] {
        let (next, goes_to) = next(&shop, vec![met(CA, Stand::Held), met(SECOND, stand)]);
        let Next::Wait { until, on, .. } = next else { panic!("{next:?}") };
        assert_eq!((on, until, goes_to), (want, LATER, None));
    }
    let (next, goes_to) = next(&shop, vec![met(CA, Stand::Waits)]);
    assert!(matches!(next, Next::Order(_)), "what keeps from another is nothing to it");
    assert_eq!(goes_to, Some(1));
}
