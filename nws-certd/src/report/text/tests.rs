use expect_test::expect;
use time::Duration;
use time::macros::datetime;

use super::super::{
    BranchReport, CaReport, DeliveryReport, FaultReport, HoldReport, NextReport, ObstacleReport,
    Trouble, TroubleWith,
};
use super::*;
use crate::report::LimitReport;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

fn certificate(hosts: &[&str], stage: Stage, next: (&str, Duration)) -> CertificateReport {
    let delivery = DeliveryReport {
        target: "default".into(),
        namespace: "shop".into(),
        secret: "shop-tls".into(),
        path: None,
        stage,
        wanted_by: "apps/shop/ingress.yaml".into(),
    };
    let has = matches!(stage, Stage::Pushed | Stage::Issued);
    CertificateReport {
        served: None,
        names: hosts.iter().map(ToString::to_string).collect(),
        key_type: "ecdsa-p256".into(),
        stage,
        serial: None,
        fingerprint: None,
        not_before: None,
        not_after: has.then_some(NOON + Duration::days(90)),
        issuer: None,
        ca: None,
        goes_to: None,
        profile: None,
        suggested: None,
        explanation_url: None,
        reason: (!has).then(|| "there is no certificate yet".into()),
        holds: vec![],
        last_error: (stage == Stage::Waiting).then(|| "connection refused".into()),
        failures: 0,
        preflight: None,
        next: NextReport { at: NOON + next.1, what: next.0.into() },
        deliveries: vec![delivery],
    }
}

fn obstacle(kind: &str, subject: &str, held: bool, detail: &str) -> ObstacleReport {
    let (kind, subject, detail) = (kind.into(), subject.into(), detail.into());
    ObstacleReport { kind, subject, held, until: NOON + Duration::HOUR, detail }
}

fn limit(limit: &str, subject: &str, left: u32) -> LimitReport {
    LimitReport {
        limit: limit.into(),
        subject: subject.into(),
        allows: "300/3h".into(),
        left,
        more_at: NOON + Duration::seconds(36),
    }
}

fn report() -> Report {
    Report {
        at: NOON,
        wake_at: Some(NOON + Duration::MINUTE),
        cas: vec![CaReport {
            directory: "https://ca.example/d".into(),
            account: None,
            thumbprint: "t".into(),
            obstacles: vec![
                obstacle("account", "", false, "too many new orders (300)"),
                obstacle("registered-domain", "shop.example", false, "too many certificates (50)"),
                obstacle(
                    "exact-set",
                    "blog.example www.blog.example",
                    true,
                    "paused; end the pause at https://ca.example/unpause",
                ),
                obstacle("caa", "new.example", false, "new.example: CAA records let no CA issue"),
                obstacle("profile", "shortlived", false, "the CA offers no profile shortlived"),
            ],
            limits: vec![limit("new_orders", "", 240), limit("registered_domain", "shop.com", 0)],
        }],
        branch: BranchReport {
            repository: None,
            name: "main".into(),
            tip: Some("0123456789abcdef0123".into()),
            keys_in_clear: false,
        },
        branches: vec![],
        certificates: vec![
            certificate(&["blog.example"], Stage::Waiting, ("order", Duration::minutes(10))),
            certificate(&["new.example"], Stage::Wanted, ("order", Duration::ZERO)),
            certificate(
                &["shop.example", "www.shop.example"],
                Stage::Pushed,
                ("renew", Duration::days(60)),
            ),
        ],
        faults: vec![FaultReport {
            path: "apps/x.yaml".into(),
            text: "apps/x.yaml: no YAML; mend it".into(),
            hosts: vec![],
        }],
        troubles: vec![Trouble { with: TroubleWith::Ca, text: "the CA does not answer".into() }],
        revocations: vec![],
        sealing: Default::default(),
        unwanted: vec![],
    }
}

#[test]
fn status_is_a_table_of_everything() {
    expect![[r#"
        branch main at 0123456789ab, 2026-03-01 12:00:00Z
        HOSTS            STAGE    NOT AFTER             NEXT                        SECRETS        LAST ERROR
        blog.example     waiting  -                     order 2026-03-01 12:10:00Z  shop/shop-tls  connection refused
        new.example      wanted   -                     order 2026-03-01 12:00:00Z  shop/shop-tls  -
        shop.example +1  pushed   2026-05-30 12:00:00Z  renew 2026-04-30 12:00:00Z  shop/shop-tls  -
        trouble: the CA does not answer
        held: https://ca.example/d, blog.example, www.blog.example: paused; end the pause at https://ca.example/unpause; looked at again at 2026-03-01 13:00:00Z
        limited until 2026-03-01 13:00:00Z: https://ca.example/d, new certificates of the account: too many new orders (300)
        limited until 2026-03-01 13:00:00Z: https://ca.example/d, new certificates in shop.example: too many certificates (50)
        forbidden: https://ca.example/d: new.example: CAA records let no CA issue; looked at again at 2026-03-01 13:00:00Z
        not offered: https://ca.example/d, profile shortlived: the CA offers no profile shortlived; looked at again at 2026-03-01 13:00:00Z
        fault: apps/x.yaml: no YAML; mend it
    "#]].assert_eq(&status_text(&report(), Colour::Plain));
}

#[test]
fn of_several_repositories_each_says_where_it_is() {
    let branch = |repository: &str, tip: Option<&str>| BranchReport {
        repository: Some(repository.into()),
        name: "main".into(),
        tip: tip.map(str::to_owned),
        keys_in_clear: repository == "certs",
    };
    let branches = vec![branch("apps", Some("0123456789abcdef")), branch("certs", None)];
    expect![[r#"
        apps: branch main at 0123456789ab, 2026-03-01 12:00:00Z
        certs: branch main at no commit yet, 2026-03-01 12:00:00Z, keys in clear
        1 certificate in place, 2 under way, 1 fault reported
    "#]]
    .assert_eq(&sync_text(&Report { branches, ..report() }));
}

#[test]
fn plan_is_a_table_of_what_is_to_be_ordered() {
    expect![[r#"
        branch main at 0123456789ab, 2026-03-01 12:00:00Z
        HOSTS         STAGE    ORDER AT              WHY                          WAITS FOR           SECRETS
        blog.example  waiting  2026-03-01 12:10:00Z  there is no certificate yet  connection refused  shop/shop-tls
        new.example   wanted   now                   there is no certificate yet  -                   shop/shop-tls
        1 certificate kept as they are; the next is looked at 2026-04-30 12:00:00Z
        next wake-up 2026-03-01 12:01:00Z
        LEFT  OF      FOR                                                   ONE MORE AT           CA
        240   300/3h  new orders of the account                             2026-03-01 12:00:36Z  https://ca.example/d
        0     300/3h  new certificates of the registered domain (shop.com)  2026-03-01 12:00:36Z  https://ca.example/d
        trouble: the CA does not answer
        held: https://ca.example/d, blog.example, www.blog.example: paused; end the pause at https://ca.example/unpause; looked at again at 2026-03-01 13:00:00Z
        limited until 2026-03-01 13:00:00Z: https://ca.example/d, new certificates of the account: too many new orders (300)
        limited until 2026-03-01 13:00:00Z: https://ca.example/d, new certificates in shop.example: too many certificates (50)
        forbidden: https://ca.example/d: new.example: CAA records let no CA issue; looked at again at 2026-03-01 13:00:00Z
        not offered: https://ca.example/d, profile shortlived: the CA offers no profile shortlived; looked at again at 2026-03-01 13:00:00Z
        fault: apps/x.yaml: no YAML; mend it
    "#]]
    .assert_eq(&plan_text(&report(), Colour::Plain));
}

#[test]
fn what_is_held_says_by_what_whether_it_is_to_be_ordered_or_not() {
    let hold = |path: &str| HoldReport {
        path: path.into(),
        reason: Some("an audit".into()),
        text: format!(
            "{path}, document 1, the field (\"an audit\"); remove the annotation to have it ordered"
        ),
    };
    let waits = certificate(&["blog.example"], Stage::Held, ("look", Duration::DAY));
    let good = certificate(
        &["shop.example", "www.shop.example"],
        Stage::Pushed,
        ("renew", Duration::days(60)),
    );
    let certificates = vec![
        CertificateReport { holds: vec![hold("apps/blog.yaml")], ..waits },
        CertificateReport { holds: vec![hold("apps/a.yaml"), hold("apps/b.yaml")], ..good },
    ];
    let report = Report { cas: vec![], certificates, faults: vec![], troubles: vec![], ..report() };
    expect![[r#"
        branch main at 0123456789ab, 2026-03-01 12:00:00Z
        HOSTS            STAGE   NOT AFTER             NEXT                        SECRETS        LAST ERROR
        blog.example     held    -                     look 2026-03-02 12:00:00Z   shop/shop-tls  -
        shop.example +1  pushed  2026-05-30 12:00:00Z  renew 2026-04-30 12:00:00Z  shop/shop-tls  -
        held: blog.example: by apps/blog.yaml, document 1, the field ("an audit"); remove the annotation to have it ordered
        held: shop.example, www.shop.example: by apps/a.yaml, document 1, the field ("an audit"); remove the annotation to have it ordered
        held: shop.example, www.shop.example: by apps/b.yaml, document 1, the field ("an audit"); remove the annotation to have it ordered
    "#]].assert_eq(&status_text(&report, Colour::Plain));
    expect![[r#"
        branch main at 0123456789ab, 2026-03-01 12:00:00Z
        HOSTS         STAGE  ORDER AT  WHY                          WAITS FOR  SECRETS
        blog.example  held   -         there is no certificate yet  its hold   shop/shop-tls
        1 certificate kept as they are; the next is looked at 2026-04-30 12:00:00Z
        next wake-up 2026-03-01 12:01:00Z
        held: blog.example: by apps/blog.yaml, document 1, the field ("an audit"); remove the annotation to have it ordered
        held: shop.example, www.shop.example: by apps/a.yaml, document 1, the field ("an audit"); remove the annotation to have it ordered
        held: shop.example, www.shop.example: by apps/b.yaml, document 1, the field ("an audit"); remove the annotation to have it ordered
    "#]].assert_eq(&plan_text(&report, Colour::Plain));
}

#[test]
fn sync_is_a_line_or_two() {
    expect![[r#"
        branch main at 0123456789ab, 2026-03-01 12:00:00Z
        1 certificate in place, 2 under way, 1 fault reported
    "#]]
    .assert_eq(&sync_text(&report()));
}

#[test]
fn colours_are_for_terminals() {
    assert!(status_text(&report(), Colour::Terminal).contains('\u{1b}'));
    assert!(!status_text(&report(), Colour::Plain).contains('\u{1b}'));
}

/// A revocation of the day before, as it stands.
fn revocation(names: &[&str]) -> RevocationReport {
    RevocationReport {
        serial: "0a0b".into(),
        fingerprint: "f".repeat(64),
        names: names.iter().map(ToString::to_string).collect(),
        ca: "https://ca.example/d".into(),
        reason: "keyCompromise".into(),
        replacing: true,
        asked_at: NOON - Duration::DAY,
        revoked_at: None,
        awaits: vec![],
        wait_until: None,
        last_error: None,
    }
}

#[test]
fn a_revocation_is_told_of_until_it_is_done() {
    let asked = revocation(&["shop.example", "www.shop.example"]);
    let first = RevocationReport {
        awaits: vec!["certs/blog/tls.yaml".into()],
        ..revocation(&["blog.example"])
    };
    let refused = RevocationReport {
        last_error: Some("it is not yours".into()),
        wait_until: Some(NOON + Duration::DAY),
        ..revocation(&["wiki.example"])
    };
    let done = RevocationReport { revoked_at: Some(NOON), ..revocation(&["wiki.example"]) };
    let texts = [&refused, &done].map(RevocationReport::text).join("\n");
    expect![[r#"
        serial 0a0b is to be revoked by https://ca.example/d (keyCompromise), but not before 2026-03-02 12:00:00Z: it is not yours
        serial 0a0b is revoked since 2026-03-01 12:00:00Z (keyCompromise)"#]]
    .assert_eq(&texts);

    let revocations = vec![asked, first, refused, done];
    let report = Report {
        cas: vec![],
        certificates: vec![],
        faults: vec![],
        troubles: vec![],
        revocations,
        ..report()
    };
    expect![[r#"
        branch main at 0123456789ab, 2026-03-01 12:00:00Z
        nothing to order
        revocation: shop.example www.shop.example, serial 0a0b is to be revoked by https://ca.example/d (keyCompromise), which is asked now
        revocation: blog.example, serial 0a0b is to be revoked by https://ca.example/d (keyCompromise), once its successor is in certs/blog/tls.yaml
    "#]].assert_eq(&status_text(&report, Colour::Plain));
}
