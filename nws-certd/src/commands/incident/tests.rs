use expect_test::expect;
use time::Duration;

use super::super::selection::tests::{CA, NOON, certificate, held, report};
use super::*;

fn obstacle(kind: &str, subject: &str, held: bool) -> ObstacleReport {
    let (until, detail) = (NOON + Duration::HOUR, format!("the CA's words on {kind}"));
    ObstacleReport { kind: kind.into(), subject: subject.into(), held, until, detail }
}

#[test]
fn it_says_what_is_replaced_and_what_would_hold_it_up() {
    let mut certificates = vec![certificate("shop.example www.shop.example", 40, 60)];
    certificates.extend((1..=21).map(|at| certificate(&format!("app{at}.example"), 1, 30)));
    certificates[3].ca = None;
    let mut report = report(certificates);
    report.cas[0].obstacles = vec![
        obstacle("ca", "", false),
        obstacle("account", "", false),
        obstacle("account", "", true),
        obstacle("exact-set", "app1.example", false),
        obstacle("of-another-version", "", false),
    ];
    let concerned: Vec<_> = report.certificates.iter().collect();
    let text = Incident::of(&report, &concerned).text();
    let shown: Vec<_> = text.lines().filter(|line| !line.contains("  app")).collect();
    expect![[r#"
        22 certificates to be replaced as of 2026-03-01 12:00:00Z, most exposed first
          shop.example www.shop.example, in 40 Secrets, until 2026-04-30 12:00:00Z
          and 2 more; all of them: --json
          1 issued by a CA that is not known
          21 issued by https://ca.example/d
          orders go to https://ca.example/d
          22 held back at https://ca.example/d until 2026-03-01 13:00:00Z: the CA's words on ca
          22 held back at https://ca.example/d until a person has acted: the CA's words on account"#]]
    .assert_eq(&shown.join("\n"));
    assert_eq!(text.lines().count(), 8 + 19);
}

#[test]
fn what_is_held_is_left_out_and_said_to_be() {
    let shop = certificate("shop.example", 1, 60);
    let (blog, wiki) = (certificate("blog.example", 1, 60), certificate("wiki.example", 1, 60));
    let report = report(vec![held(blog), shop, held(wiki)]);
    let concerned: Vec<_> = report.certificates.iter().collect();
    let incident = Incident::of(&report, &concerned);
    expect![[r#"
        1 certificate to be replaced as of 2026-03-01 12:00:00Z, most exposed first
          shop.example, in 1 Secret, until 2026-04-30 12:00:00Z
          2 certificates left out, the first held by a.yaml ("an audit"); remove the annotation
          1 issued by https://ca.example/d
          orders go to https://ca.example/d
    "#]]
    .assert_eq(&incident.text());
    let all_held = Incident::of(&report, &concerned[..1]);
    assert!(all_held.certificates.is_empty());
    assert_eq!(all_held.first_hold(), Some("a.yaml (\"an audit\"); remove the annotation"));
}

#[test]
fn as_json_it_names_every_certificate() {
    let report = report(vec![certificate("shop.example", 1, 60)]);
    let concerned: Vec<_> = report.certificates.iter().collect();
    let json = serde_json::to_value(Incident::of(&report, &concerned)).unwrap();
    assert_eq!(json["certificates"][0]["names"][0], "shop.example");
    assert_eq!((&json["issued_by"][CA], &json["held_back"]), (&1.into(), &serde_json::json!([])));
}
