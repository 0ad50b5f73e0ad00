use expect_test::{Expect, expect};
use nws_acme::RevocationReason;

use super::super::selection::tests::{CA, NOON};
use super::*;
use crate::args::Output;

fn revocable(serial: &str, names: &str, is_newest: bool) -> RevocableReport {
    RevocableReport {
        serial: serial.into(),
        fingerprint: format!("of {serial}"),
        names: names.split(' ').map(Into::into).collect(),
        not_before: NOON,
        not_after: NOON + time::Duration::days(90),
        issuer: "CN=Fake Intermediate".into(),
        ca: Some(CA.into()),
        paths: if is_newest { vec!["certs/shop/shop-tls.yaml".into()] } else { vec![] },
        is_newest,
        is_wanted: is_newest,
        refusal: None,
    }
}

fn by(host: Option<&str>, serial: Option<&str>) -> RevokedBy {
    RevokedBy { host: host.map(Into::into), serial: serial.map(Into::into) }
}

#[test]
fn one_certificate_is_meant() {
    let all = [
        revocable("00c0ffee", "shop.example www.shop.example", true),
        revocable("0a0b", "shop.example www.shop.example", false),
        revocable("0c0d", "blog.example", true),
        revocable("0e0f", "blog.example wiki.example", true),
    ];
    let cases = [
        ("the newest of a name", by(Some("www.shop.example"), None), Ok("00c0ffee")),
        ("the one before", by(None, Some("a0b")), Ok("0a0b")),
        ("without its zeros", by(None, Some("c0ffee")), Ok("00c0ffee")),
        (
            "two with one name",
            by(Some("blog.example"), None),
            Err(
                "nothing was done: several certificates for blog.example are known; say which with --serial: 0c0d, 0e0f",
            ),
        ),
        (
            "none",
            by(None, Some("ff")),
            Err(
                "nothing was done: no certificate with serial ff is known; what there is: nws-certd status --json",
            ),
        ),
    ];
    for (case, by, want) in cases {
        let found = select(&all, &by).map(|one| one.serial.as_str());
        let found = found.map_err(|error| error.to_string());
        assert_eq!(found, want.map_err(str::to_owned), "{case}");
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as expect! gives it")]
fn check(one: &RevocableReport, replace: bool, want: Expect) {
    let revoke = Revoke {
        by: by(None, Some("0a")),
        reason: RevocationReason::KeyCompromise,
        replace,
        ca: None,
        yes: false,
        output: Output { json: false },
    };
    want.assert_eq(&text(one, &revoke));
}

#[test]
fn what_is_about_to_be_done_is_said_in_full() {
    let now = revocable("0a0b", "shop.example www.shop.example", true);
    check(
        &now,
        true,
        expect![[r#"
        serial 0a0b, by CN=Fake Intermediate
          for shop.example, www.shop.example
          from 2026-03-01 12:00:00Z until 2026-05-30 12:00:00Z
          in certs/shop/shop-tls.yaml
          to be revoked by https://ca.example/d, for the reason keyCompromise, once another is pushed in its place
    "#]],
    );
    let before = revocable("0a0b", "shop.example", false);
    check(
        &before,
        false,
        expect![[r#"
        serial 0a0b, by CN=Fake Intermediate
          for shop.example
          from 2026-03-01 12:00:00Z until 2026-05-30 12:00:00Z
          in no file of the branch
          to be revoked by https://ca.example/d, for the reason keyCompromise, at once; nobody is given another in its place
    "#]],
    );
}
