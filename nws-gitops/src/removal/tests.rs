//! Repositories in memory, and what becomes of Secrets in them.

mod properties;
mod repository;
mod sealed;
mod sops;
mod superseded;

use std::convert::Infallible;
use std::num::NonZeroUsize;

use expect_test::expect;
use nws_expiry::{Chain, DnsNames, Issued, PrivateKey};
use time::Duration;
use time::macros::datetime;

use self::repository::{Repository, fleet_yaml, ingress, key, secret, secret_path, secret_with};
use super::*;
use crate::discover::Discover;
use crate::inventory::{Entry, File};
use crate::layout::FleetYaml;
use crate::reader::{Format, parse};
use crate::{
    Conflict, Content, Edit, FaultReason, FleetClusters, Message, ObjectId, Provenance,
    SecretTemplate, Tip, manifest,
};

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

const RULES: Deletion = Deletion {
    grace: Duration::days(30),
    apply_within: Duration::days(1),
    max_per_commit: NonZeroUsize::MIN,
    max_share: 50,
};

/// How far each unwanted Secret is.
fn states(repository: &Repository) -> Vec<(String, State)> {
    let unwanted = repository.survey().unwanted;
    unwanted.iter().map(|one| (one.key.to_string(), one.state)).collect()
}

#[test]
fn who_is_unwanted_and_whose_file_is_ours_to_remove() {
    let gone = Repository::of(&["blog", "shop"]).without("apps/shop/ingress.yaml");
    let file = secret_path("shop");
    let text = gone.0[&file].clone();
    let let_go = text.replace("    helm.sh/resource-policy: \"keep\"\n", "");
    let bundle = fleet_yaml("shop").replace("keepResources: true", "keepResources: false");
    let cases: [(&str, Repository, Option<State>); 10] = [
        ("wanted", Repository::of(&["shop"]), None),
        ("as we write it", gone.clone(), Some(State::Kept)),
        ("let go, but its bundle keeps it", gone.clone().with(&file, &let_go), Some(State::Kept)),
        (
            "let go with its bundle",
            gone.clone().with(&file, &let_go).with("certs/shop/fleet.yaml", &bundle),
            Some(State::LetGo),
        ),
        (
            "let go beside another file of the bundle",
            gone.clone().with(&file, &let_go).with("certs/shop/more.yaml", "a: b\n"),
            Some(State::LetGo),
        ),
        (
            "a bundle that somebody else wrote",
            gone.clone().with(&file, &let_go).with("certs/shop/fleet.yaml", "labels: {a: b}\n"),
            Some(State::LetGo),
        ),
        (
            "edited",
            gone.clone().with(&file, &text.replace("  labels:\n", "  labels:\n    mine: \"1\"\n")),
            Some(State::Left(Left::Edited)),
        ),
        (
            "not alone",
            gone.clone().with(&file, &format!("{text}---\na: b\n")),
            Some(State::Left(Left::Shared)),
        ),
        (
            "moved",
            gone.clone().without(&file).with("apps/shop/tls.yaml", &text),
            Some(State::Left(Left::Elsewhere)),
        ),
        (
            "beside a kustomization",
            gone.clone().with("certs/shop/kustomization.yaml", "resources: [shop-tls.yaml]\n"),
            Some(State::Left(Left::Elsewhere)),
        ),
    ];
    for (case, repository, want) in cases {
        let want: Vec<_> =
            want.map(|state| ("shop/shop-tls".to_owned(), state)).into_iter().collect();
        assert_eq!(states(&repository), want, "{case}");
    }
}

/// What somebody asked for is written by us; what somebody else put beside it, or in its stead, is not.
#[test]
fn a_secret_with_a_template() {
    let template = SecretTemplate::default()
        .with_label("team", "shop")
        .and_then(|template| template.with_annotation("a.example/x", "any text"))
        .unwrap();
    let text = secret_with("shop", &template);
    let gone = Repository::of(&["blog"]).with(&secret_path("shop"), &text);
    assert_eq!(states(&gone), [("shop/shop-tls".into(), State::Kept)]);
    let let_go = gone.clone().take(&[("shop", RemovalStep::LetGo)]);
    let mut back = gone.clone();
    back.apply(&let_go.edits);
    assert_eq!(states(&back), [("shop/shop-tls".into(), State::LetGo)]);
    back = back.with("apps/shop/ingress.yaml", &ingress("shop"));
    back.take(&[]);
    assert_eq!(back.0[&secret_path("shop")], text, "it is wanted again");
    for (from, to) in [
        ("    \"team\": \"shop\"\n", "    \"team\": \"blog\"\n"),
        ("    \"team\": \"shop\"\n", "    \"team\": \"shop\"\n    \"tier\": \"web\"\n"),
        ("    \"team\": \"shop\"\n", ""),
        ("any text", "another"),
        ("    nws-certd/template", "    # mine\n    nws-certd/template"),
    ] {
        let edited = gone.clone().with(&secret_path("shop"), &text.replace(from, to));
        let want = ("shop/shop-tls".into(), State::Left(Left::Edited));
        assert_eq!(states(&edited), [want], "{from} -> {to}");
    }
}

#[test]
fn the_last_of_a_bundle_takes_the_bundle_with_it_in_two_commits() {
    let mut repository = Repository::of(&["blog", "shop"]).without("apps/shop/ingress.yaml");
    let before = repository.clone();
    let plan = repository.take(&[("shop", RemovalStep::LetGo)]);
    assert_eq!(paths(&plan), ["certs/shop/fleet.yaml", "certs/shop/shop-tls.yaml"]);
    expect![[r#"
        certs: let go of shop/shop-tls

        shop/shop-tls: nobody wants it any more; the live Secret goes when this file does

        Nws-Certd-Removal: let-go shop/shop-tls
    "#]]
    .assert_eq(Message::for_removals(&plan.removals).as_str());
    expect![[r#"
        defaultNamespace: "shop"
        keepResources: false
        labels:
          nws-certd/managed: "true"
    "#]]
    .assert_eq(&repository.0["certs/shop/fleet.yaml"]);
    let text = &repository.0[&secret_path("shop")];
    assert!(!text.contains("resource-policy"), "{text}");
    let lines = |repository: &Repository| repository.0[&secret_path("shop")].lines().count();
    assert_eq!(lines(&repository) + 1, lines(&before), "and nothing else is changed");

    let again = repository.take(&[("shop", RemovalStep::LetGo)]);
    assert_eq!((again.edits.len(), again.removals.len()), (0, 0), "planned again it is empty");

    let mut back = repository.clone();
    back.put("apps/shop/ingress.yaml", &ingress("shop"));
    let plan = back.take(&[]);
    assert_eq!(
        Message::for_removals(&plan.removals).as_str().lines().next(),
        Some("certs: keep shop/shop-tls")
    );
    assert!(
        back.0 == Repository { ..before }.with("apps/shop/ingress.yaml", &ingress("shop")).0,
        "to the byte"
    );

    let plan = repository.take(&[("shop", RemovalStep::Remove)]);
    assert_eq!(
        Message::for_removals(&plan.removals).as_str().lines().next(),
        Some("certs: remove shop/shop-tls")
    );
    assert!(
        !repository.0.keys().any(|path| path.starts_with("certs/shop/")),
        "{:?}",
        repository.0.keys()
    );
    assert_eq!(states(&repository), []);
}

#[test]
fn nothing_is_removed_that_the_clusters_would_keep_for_ever() {
    let mut repository = Repository::of(&["blog", "shop"]).without("apps/shop/ingress.yaml");
    let plan = repository.take(&[("shop", RemovalStep::Remove)]);
    assert_eq!((plan.edits.len(), plan.removals.len()), (0, 0));
}

#[test]
fn a_bundle_that_gets_another_secret_keeps_its_objects_again() {
    let mut repository = Repository::of(&["blog", "shop"]).without("apps/shop/ingress.yaml");
    repository.take(&[("shop", RemovalStep::LetGo)]);
    let other = ingress("shop").replace("shop-tls", "new-tls");
    let held = secret("shop").replace("\"shop-tls\"", "\"new-tls\"");
    repository.put("apps/shop/new.yaml", &other);
    repository.put("certs/shop/new-tls.yaml", &held);
    let plan = repository.take(&[]);
    assert_eq!(paths(&plan), ["certs/shop/fleet.yaml"]);
    assert!(repository.0["certs/shop/fleet.yaml"].contains("keepResources: true"));
    repository.take(&[("shop", RemovalStep::Remove)]);
    assert!(repository.0.contains_key("certs/shop/fleet.yaml"));
    assert!(!repository.0.contains_key(&secret_path("shop")));
}

fn paths(plan: &RemovalPlan) -> Vec<&str> {
    plan.edits.iter().map(|edit| edit.path.as_str()).collect()
}

fn known(since: OffsetDateTime) -> Known {
    let sources = vec!["apps/shop/ingress.yaml".parse().unwrap()];
    Known { since, let_go_at: None, is_confirmed: false, sources }
}

/// What becomes of the shop's Secret.
fn fate(repository: &Repository, known: Option<Known>, deletion: Option<&Deletion>) -> Fate {
    let known = known.map(|known| (key("shop"), known)).into_iter().collect();
    let fates = fates(NOON, &repository.inventory(), &repository.survey(), &known, deletion);
    fates.each.into_iter().find(|(one, _)| one.key == key("shop")).unwrap().1
}

#[test]
fn when_it_goes() {
    const SECOND: Duration = Duration::SECOND;
    let kept = Repository::of(&["blog", "shop"]).without("apps/shop/ingress.yaml");
    let mut let_go = kept.clone();
    let_go.take(&[("shop", RemovalStep::LetGo)]);
    let long = NOON - RULES.grace;
    let at = |since, let_go_at| Some(Known { let_go_at, ..known(since) });
    let cases: [(&str, &Repository, Option<Known>, Fate); 8] = [
        ("nothing is known of it", &kept, None, Fate::Grace { until: NOON + RULES.grace }),
        ("just now", &kept, at(NOON, None), Fate::Grace { until: NOON + RULES.grace }),
        ("a second early", &kept, at(long + SECOND, None), Fate::Grace { until: NOON + SECOND }),
        ("its grace is over", &kept, at(long, None), Fate::Due(RemovalStep::LetGo)),
        (
            "let go, nobody knows when",
            &let_go,
            at(long, None),
            Fate::Applying { until: NOON + RULES.apply_within },
        ),
        (
            "let go a moment ago",
            &let_go,
            at(long, Some(NOON - SECOND)),
            Fate::Applying { until: NOON - SECOND + RULES.apply_within },
        ),
        (
            "let go a day ago",
            &let_go,
            at(long, Some(NOON - RULES.apply_within)),
            Fate::Due(RemovalStep::Remove),
        ),
        (
            "let go by somebody, and in its grace",
            &let_go,
            at(NOON, Some(NOON - RULES.apply_within)),
            Fate::Grace { until: NOON + RULES.grace },
        ),
    ];
    for (case, repository, known, want) in cases {
        assert_eq!(fate(repository, known, Some(&RULES)), want, "{case}");
    }
    assert_eq!(fate(&kept, at(long, None), None), Fate::Reported);
}

#[test]
fn what_may_hide_a_want_keeps_it() {
    let gone = Repository::of(&["blog", "shop"]).without("apps/shop/ingress.yaml");
    let broken = "kind: Ingress\nspec: [\n";
    let names_it = "kind: Ingress\nhosts: [shop.example\n";
    let cases: [(&str, &str, &str, bool, bool); 10] = [
        (
            "elsewhere, of another",
            "apps/wiki/i.yaml",
            "kind: Ingress\nhosts: [wiki.example\n",
            false,
            false,
        ),
        ("elsewhere, of its host", "apps/wiki/i.yaml", names_it, true, true),
        ("elsewhere, of no host", "apps/wiki/i.yaml", broken, false, true),
        ("the file that wanted it", "apps/shop/ingress.yaml", broken, true, true),
        ("beside it", "apps/shop/renamed.yaml", broken, true, true),
        ("above it", "apps/other.yaml", broken, true, true),
        ("at the top", "other.yaml", broken, true, true),
        ("below it", "apps/shop/more/other.yaml", broken, false, true),
        (
            "at the top, of a label in a Secret that is wanted",
            "nws-certd.yaml",
            "apiVersion: nws-certd/v1\nkind: Certificates\ncertificates: [{namespace: wiki, secretName: tls, hosts: [wiki.example], secretTemplate: {labels: {a/b/c: d}}}]\n",
            false,
            false,
        ),
        (
            "its own file's",
            "certs/wiki/w.yaml",
            "apiVersion: v1\nkind: Secret\nmetadata: {name: w, namespace: wiki, labels: {nws-certd/managed: \"true\"}}\n",
            false,
            false,
        ),
    ];
    for (case, path, text, hides, hides_unknown) in cases {
        let repository = gone.clone().with(path, text);
        assert!(!repository.inventory().faults.is_empty(), "{case}");
        let long = known(NOON - RULES.grace);
        let is_hidden =
            |known| matches!(fate(&repository, Some(known), Some(&RULES)), Fate::Hidden { .. });
        assert_eq!(is_hidden(long.clone()), hides, "{case}");
        assert_eq!(
            is_hidden(Known { sources: vec![], ..long }),
            hides_unknown,
            "{case}, source unknown"
        );
    }
}

#[test]
fn many_at_once_wait_for_a_person() {
    let apps = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let ten = Repository::of(&apps);
    let without = |count: usize| {
        let gone = |repository: Repository, app: &&str| {
            repository.without(&format!("apps/{app}/ingress.yaml"))
        };
        apps[..count].iter().fold(ten.clone(), gone)
    };
    let one = Repository::of(&["a", "b"]).without("apps/a/ingress.yaml");
    let rules = Deletion { max_share: 20, ..RULES };
    let cases = [
        ("one of ten", without(1), 0, true),
        ("two of ten", without(2), 0, true),
        ("three of ten", without(3), 0, false),
        ("three, one of them meant", without(3), 1, true),
        ("nine, seven of them meant", without(9), 7, true),
        ("all, and nobody said so", without(10), 0, false),
        ("all but one said to be meant", without(10), 9, false),
        ("all, and a person said so", without(10), 10, true),
        ("one of two is always one", one, 0, true),
    ];
    for (case, repository, confirmed, goes) in cases {
        let is_confirmed = |at: usize| at < confirmed;
        let known = apps.iter().enumerate().map(|(at, app)| {
            (
                key(app),
                Known {
                    is_confirmed: is_confirmed(at),
                    sources: vec![],
                    ..known(NOON - RULES.grace)
                },
            )
        });
        let known = known.collect();
        let fates =
            fates(NOON, &repository.inventory(), &repository.survey(), &known, Some(&rules));
        assert_eq!(fates.stopped.is_none(), goes, "{case}");
        let due = fates.due(&known).len();
        assert_eq!(due, if goes { fates.each.len() } else { confirmed }, "{case}");
    }
}
