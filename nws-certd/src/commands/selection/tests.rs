use std::io::Write as _;

use time::Duration;
use time::macros::datetime;

use super::conditions::Filter;
use super::*;
use crate::report::{BranchReport, CaReport, DeliveryReport, HoldReport, NextReport, Stage};

pub(in crate::commands) const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
pub(in crate::commands) const CA: &str = "https://ca.example/d";

/// A certificate in place, in so many Secrets, that ends in so many days; its serial is from the number of its characters.
pub(in crate::commands) fn certificate(
    names: &str,
    secrets: usize,
    days: i64,
) -> CertificateReport {
    let delivery = |at: usize| DeliveryReport {
        target: "default".into(),
        namespace: format!("n{at}"),
        secret: "tls".into(),
        path: None,
        stage: Stage::Pushed,
        wanted_by: "apps/a.yaml".into(),
    };
    let ends = NOON + Duration::days(days);
    CertificateReport {
        served: None,
        names: names.split(' ').map(Into::into).collect(),
        key_type: "ecdsa-p256".into(),
        stage: Stage::Pushed,
        serial: Some(format!("0a{:02x}", names.len())),
        fingerprint: Some(format!("{:064x}", names.len())),
        not_before: Some(ends - Duration::days(90)),
        not_after: Some(ends),
        issuer: Some("CN=Fake Intermediate,O=Fake, of Tests".into()),
        ca: Some(CA.into()),
        goes_to: None,
        profile: None,
        suggested: None,
        explanation_url: None,
        reason: None,
        holds: vec![],
        last_error: None,
        failures: 0,
        preflight: None,
        next: NextReport { at: NOON, what: "renew".into() },
        deliveries: (0..secrets).map(delivery).collect(),
    }
}

/// The same, held.
pub(in crate::commands) fn held(mut one: CertificateReport) -> CertificateReport {
    let (path, text) = ("a.yaml".into(), "a.yaml (\"an audit\"); remove the annotation".into());
    one.holds = vec![HoldReport { path, reason: Some("an audit".into()), text }];
    one
}

/// The certificate that is there after that.
pub(in crate::commands) fn replaced(mut one: CertificateReport) -> CertificateReport {
    one.fingerprint = Some("f".repeat(64));
    one
}

pub(in crate::commands) fn report(certificates: Vec<CertificateReport>) -> Report {
    let ca = CaReport {
        directory: CA.into(),
        account: None,
        thumbprint: "t".into(),
        obstacles: Vec::new(),
        limits: Vec::new(),
    };
    Report {
        at: NOON,
        wake_at: None,
        cas: vec![ca],
        branch: BranchReport { name: "main".into(), ..BranchReport::default() },
        branches: vec![],
        certificates,
        faults: vec![],
        troubles: vec![],
        revocations: vec![],
        sealing: Default::default(),
        unwanted: vec![],
    }
}

fn absent(names: &str) -> CertificateReport {
    CertificateReport {
        serial: None,
        fingerprint: None,
        not_before: None,
        not_after: None,
        issuer: None,
        ca: None,
        stage: Stage::Waiting,
        reason: Some("there is no certificate yet".into()),
        ..certificate(names, 1, 0)
    }
}

fn several() -> Report {
    report(vec![
        certificate("shop.example www.shop.example", 1, 60),
        certificate("blog.example", 3, 80),
        certificate("wiki.example", 3, 20),
        absent("new.example"),
    ])
}

fn hosts(certificates: &[&CertificateReport]) -> Vec<String> {
    certificates.iter().map(|one| one.names[0].clone()).collect()
}

#[test]
fn a_name_stands_for_the_certificate_that_carries_it() {
    let report = several();
    let named = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        with_hosts(&report, &names).map(|found| hosts(&found)).map_err(|error| error.to_string())
    };
    assert_eq!(named(&["www.shop.example", "shop.example"]).unwrap(), ["shop.example"]);
    assert_eq!(named(&["new.example", "blog.example"]).unwrap(), ["blog.example", "new.example"]);
    assert_eq!(
        named(&["blog.example", "wki.example"]).unwrap_err(),
        "nothing was done: nobody wants a certificate for wki.example; did you mean wiki.example?"
    );
    assert_eq!(
        named(&["else.where"]).unwrap_err(),
        "nothing was done: nobody wants a certificate for else.where; what the repository says of it: nws-certd explain else.where"
    );
}

#[test]
fn only_what_is_not_in_place_is_issued() {
    let report = several();
    let issue = |host: &str| none_in_place(&with_hosts(&report, &[host.into()]).unwrap());
    assert_eq!(issue("new.example"), Ok(()));
    assert_eq!(
        issue("wiki.example").unwrap_err().to_string(),
        "nothing was done: wiki.example has a certificate until 2026-03-21 12:00:00Z; for another in its place: nws-certd renew wiki.example"
    );
}

#[test]
fn all_conditions_select_and_the_most_exposed_comes_first() {
    let mut serials = tempfile::NamedTempFile::new().unwrap();
    writeln!(serials, "# from the CA\n\n0x00:0A:0C  # wiki and blog\nffff").unwrap();
    let listed = format!("serial-in={}", serials.path().display());
    let both = format!("{listed},host=wiki.*");
    let cases: [(&str, &[&str], &[&str]); 11] = [
        ("everything there is", &[], &["wiki.example", "blog.example", "shop.example"]),
        ("the issuer", &["issuer=fake INTER"], &["wiki.example", "blog.example", "shop.example"]),
        ("another issuer", &["issuer=R10"], &[]),
        ("in quotes", &[r#"issuer="Fake, of",host=shop*"#], &["shop.example"]),
        ("the CA", &["ca=https://ca.example/d"], &["wiki.example", "blog.example", "shop.example"]),
        ("only all of it", &["ca=https://ca.example/"], &[]),
        ("any of its names", &["host=*.shop.example"], &["shop.example"]),
        ("the serial", &[&listed], &["wiki.example", "blog.example"]),
        ("all of them", &[&both], &["wiki.example"]),
        ("however they are given", &["host=?iki.*", &listed], &["wiki.example"]),
        ("the day", &["issued-before=2026-01-31"], &["wiki.example", "shop.example"]),
    ];
    for (case, conditions, want) in cases {
        let conditions = conditions.iter().map(|text| text.parse().unwrap()).collect();
        let filter = Filter::open(conditions).unwrap();
        assert_eq!(hosts(&concerned(&several(), &filter)), want, "{case}");
    }
}

#[test]
fn what_is_no_condition_is_told_from_what_is() {
    let cases = [
        (
            "serial=0a",
            "there is no condition \"serial\"; write one of issuer=TEXT, ca=DIRECTORY, host=GLOB, serial-in=FILE, issued-before=DATE, and a value with commas in double quotes",
        ),
        (
            "issuer",
            "\"issuer\" is no condition; write key=value, and a value with commas in double quotes",
        ),
        (
            "host=a,ca=",
            "\"ca=\" is no condition; write key=value, and a value with commas in double quotes",
        ),
        (
            "issued-before=yesterday",
            "\"yesterday\" is no instant; write 2026-03-01 or 2026-03-01T12:00:00Z",
        ),
    ];
    for (text, want) in cases {
        assert_eq!(text.parse::<Conditions>().unwrap_err().to_string(), want);
    }
    let at = |text: &str| text.parse::<Conditions>().unwrap().0;
    assert_eq!(at("issued-before=2026-03-01T12:00:00Z"), [Condition::IssuedBefore(NOON)]);
    assert_eq!(
        at("issued-before=2026-03-01"),
        [Condition::IssuedBefore(NOON - Duration::hours(12))]
    );
}

#[test]
fn a_list_of_serials_is_right_or_its_line_is_named() {
    let cases = [
        ("0a\n  00FF # x\n", None),
        ("0a\n\nserial\n", Some(r#"line 3: "serial" is no serial number"#)),
        ("0x\n", Some(r#"line 1: "0x" is no serial number"#)),
        ("0a 0b\n", Some(r#"line 1: "0a 0b" is no serial number"#)),
    ];
    for (text, want) in cases {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "{text}").unwrap();
        let condition = Conditions(vec![Condition::SerialIn(file.path().into())]);
        let said = Filter::open(vec![condition]).err().map(|error| error.to_string());
        assert_eq!(said.is_some(), want.is_some(), "{text:?}: {said:?}");
        assert!(said.unwrap_or_default().contains(want.unwrap_or_default()), "{text:?}");
    }
    let nowhere = Conditions(vec![Condition::SerialIn("/nonexistent/serials".into())]);
    let said = Filter::open(vec![nowhere]).unwrap_err().to_string();
    assert_eq!(said, "cannot read the serial numbers in /nonexistent/serials");
}
