//! Nothing is ordered that could be sealed for nobody.

use super::*;
use crate::store::{OpenOrder, OrderId};
use crate::vault::Sealed;

fn plan_without(repository: &Repository, facts: &Facts, unsealable: &[(&str, &str)]) -> Plan {
    let policy = Policy { renew_before: None, sweep: "03:00".parse().unwrap() };
    let rules = Rules { policy, key_type: KeyType::EcdsaP256, installation: "tests".into() };
    let unsealable = unsealable.iter().map(|(secret, why)| {
        let key = WantKey { target: Default::default(), secret: secret.parse().unwrap() };
        (key, vec![NotSealable::Recipients { why: (*why).into() }])
    });
    let unsealable = unsealable.collect();
    Plan::of(NOON, &repository.read(), facts, &rules, &[view(CA)], &unsealable)
}

#[test]
fn what_nobody_could_open_is_not_ordered_and_everything_else_is() {
    let shop = ("shop/tls", "eu.pem is absent");
    let absent = "wait 1m on Sealing(\"it cannot be sealed: eu.pem is absent; it is ordered as soon as it can be\"): there is no certificate yet";
    let cases = [
        ("another", &[("wiki/tls", "no")][..], None, "order: there is no certificate yet"),
        ("absent", &[shop], None, absent),
        ("one of its two Secrets", &[shop], Some("blog/tls"), "order: there is no certificate yet"),
        ("both", &[shop, ("blog/tls", "eu.pem is absent")], Some("blog/tls"), absent),
        (
            "each for its own reason",
            &[shop, ("blog/tls", "and no blog.pem")],
            Some("blog/tls"),
            "cannot be sealed: and no blog.pem; eu.pem is absent; it is",
        ),
    ];
    for (case, unsealable, also, want) in cases {
        let mut repository = Repository::new().wants("shop/tls", "shop.example");
        if let Some(also) = also {
            repository = repository.wants(also, "shop.example");
        }
        let plan = plan_without(&repository, &facts([]), unsealable);
        let line = lines(&plan);
        assert!(line.contains(want), "{case}: {line}");
        assert_eq!(plan.certificates.len(), 1, "{case}");
        assert_eq!(plan.certificates[0].goes_to.is_some(), want.starts_with("order"), "{case}");
    }
}

/// One that is due soon would else go with others that are due now.
#[test]
fn what_is_not_due_yet_goes_nowhere_with_others() {
    let repository = Repository::new()
        .wants("shop/tls", "shop.example")
        .holds("shop/tls", &issued("shop.example", 1));
    let plan = plan_without(&repository, &facts([]), &[("shop/tls", "no")]);
    assert!(lines(&plan).contains("keep 58 days"), "{}", lines(&plan));
    assert_eq!(plan.certificates[0].goes_to, None);
}

#[test]
fn what_is_open_at_a_ca_goes_on() {
    let repository = Repository::new().wants("shop/tls", "shop.example");
    let order = |url: Option<&str>| OpenOrder {
        id: OrderId::of(issued("shop.example", 0).key(), NOON),
        certificate: certificate("shop.example").key,
        sealed_key: Sealed(vec![]),
        started_at: NOON,
        url: url.map(|url| url.parse().unwrap()),
        ca: Some(CA.into()),
        profile: None,
    };
    for (case, url, goes_on) in
        [("open", Some("https://ca.example/o/1"), true), ("meant to be", None, false)]
    {
        let facts = Facts { orders: vec![order(url)], ..facts([]) };
        let plan = plan_without(&repository, &facts, &[("shop/tls", "no")]);
        let is_ordered = matches!(plan.certificates[0].next, Next::Order(_));
        assert_eq!(is_ordered, goes_on, "{case}");
    }
}
