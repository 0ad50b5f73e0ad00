//! What is known before an order of whether its certificate could be sealed.

use nws_gitops::{
    CreationRules, Destination, Discover, FleetClusters, GroupName, NotSealable, Provenance,
    RefusalReason, RepoPath, RepositoryName, Seal, SealGroup, Seals, SopsKind, Targets, deliveries,
};

use crate::world::{NOW, World, ingress, issue, key};

const AGE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

fn group(name: &str) -> SealGroup {
    SealGroup { name: name.parse().unwrap(), clusters: FleetClusters::default() }
}

fn discover(groups: &[&str]) -> Discover {
    let root: RepoPath = Destination::ROOT.parse().unwrap();
    let groups = groups.iter().map(|name| group(name)).collect();
    let destination = Destination { groups, ..Destination::at(root) };
    Discover { targets: Targets::new(destination), ..Discover::default() }
}

fn seals(groups: Vec<(&str, Result<Seal, NotSealable>)>) -> Seals {
    let all = groups.into_iter().map(|(name, seal)| {
        (if name.is_empty() { GroupName::default() } else { name.parse().unwrap() }, seal)
    });
    all.fold(Seals::new(NOW), |seals, (name, seal)| {
        seals.with(RepositoryName::default(), name, seal)
    })
}

/// SOPS for whom these rules in the root of the repository name.
fn ruled(rules: &str) -> Seals {
    let seal = Seal::Sops { recipients: None, kind: SopsKind::Secret };
    let mut seals = seals(vec![("", Ok(seal))]);
    let file: RepoPath = ".sops.yaml".parse().unwrap();
    let read = CreationRules::parse(rules);
    seals.add_rules(file.clone(), read.map_err(|why| NotSealable::Rules { file, why }));
    seals
}

fn absent(what: &str) -> NotSealable {
    NotSealable::Recipients { why: format!("{what} is absent") }
}

#[test]
fn what_could_be_sealed_for_nobody_is_told_before_there_is_a_certificate() {
    let rule = |path: &str| {
        format!(
            "creation_rules: [{{path_regex: {path}, encrypted_regex: ^(data|stringData)$, age: {AGE}}}]"
        )
    };
    let no_rule = "no rule of a .sops.yaml is for its file, and no age recipients are configured; add one of the two";
    let cases = [
        ("in clear", &[][..], seals(vec![("", Ok(Seal::Clear))]), None),
        ("nobody", &[], seals(vec![]), Some("nothing says who is to open it; name its recipients")),
        ("no certificate", &[], seals(vec![("", Err(absent("eu.pem")))]), Some("eu.pem is absent")),
        ("a rule", &[], ruled(&rule("^certs/shop/")), None),
        ("a rule for others", &[], ruled(&rule("^certs/wiki/")), Some(no_rule)),
        (
            "broken rules",
            &[],
            ruled("creation_rules: 1"),
            Some(
                ".sops.yaml has no list of rules in creation_rules; correct it, as sops cannot read it either",
            ),
        ),
        (
            "a rule without keys",
            &[],
            ruled("creation_rules: [{pgp: A1B2}]"),
            Some(
                ".sops.yaml: creation rule 1 encrypts with pgp, and nws-certd only with age; put a rule with age recipients alone above it, with a path_regex for the files of nws-certd",
            ),
        ),
        (
            "one of two groups",
            &["eu", "us"],
            seals(vec![("eu", Err(absent("eu.pem"))), ("us", Ok(Seal::Clear))]),
            None,
        ),
        (
            "neither",
            &["eu", "us"],
            seals(vec![("eu", Err(absent("eu.pem"))), ("us", Err(absent("us.pem")))]),
            Some("eu.pem is absent; us.pem is absent"),
        ),
    ];
    let world =
        World::with(&[("apps/shop.yaml", &ingress("shop", "shop/shop-tls", &["shop.example"]))]);
    let (issued, by) = (issue(&["shop.example"]), Provenance::default());
    for (case, groups, seals, want) in cases {
        let inventory = world.inventory_with(&discover(groups));
        let unsealable = seals.unsealable(&inventory);
        let said = unsealable
            .get(&key("shop/shop-tls"))
            .map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        assert_eq!(said.as_deref(), want, "{case}");
        // And so it goes with a certificate.
        let plan = deliveries(&inventory, &[(key("shop/shop-tls"), &issued, &by)], &seals);
        assert_eq!(plan.deliveries.is_empty(), want.is_some(), "{case}");
        let is_for_that = |reason: &RefusalReason| matches!(reason, RefusalReason::NotSealable(_));
        assert!(plan.refused.iter().all(|one| is_for_that(&one.reason)), "{case}: {plan:?}");
    }
}

#[test]
fn whether_the_same_is_sealed_to_does_not_hang_on_when_it_was_looked_at() {
    let at =
        |now, seal| Seals::new(now).with(RepositoryName::default(), GroupName::default(), seal);
    let clear = |now| at(now, Ok(Seal::Clear));
    assert!(clear(NOW).are_like(&clear(NOW + time::Duration::DAY)));
    assert!(!clear(NOW).are_like(&at(NOW, Err(absent("eu.pem")))));
    assert!(!at(NOW, Err(absent("us.pem"))).are_like(&at(NOW, Err(absent("eu.pem")))));
}
