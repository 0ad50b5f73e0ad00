use expect_test::{Expect, expect};

use super::*;

const OURS: &str = "https://ca.test/account/7";

fn issuer(account: Option<&str>) -> Issuer {
    Issuer { identities: vec!["ca.test".into()], account: account.map(|url| url.parse().unwrap()) }
}

/// What is said of shop.example where these `tag value` records are at example, or none are anywhere.
fn guard(records: &[&str], issuer: &Issuer) -> String {
    let record = |text: &&str| {
        let (tag, value) = text.split_once(' ').unwrap();
        CaaRecord { critical: tag == "colour", tag: tag.into(), value: value.into() }
    };
    let records: Vec<_> = records.iter().map(record).collect();
    let found = (!records.is_empty()).then(|| ("example".to_owned(), records));
    Guard::of(&"shop.example".parse().unwrap(), found.as_ref(), issuer).to_string()
}

#[test]
fn records_that_name_no_account_are_told_with_the_one_that_does() {
    let ours = issuer(Some(OURS));
    let nameless = Issuer { identities: vec![], account: None };
    let check =
        |records: &[&str], issuer: &Issuer, want: Expect| want.assert_eq(&guard(records, issuer));
    check(
        &[],
        &ours,
        expect![[
            r#"no CAA record keeps other accounts of ca.test out; add shop.example. CAA 0 issue "ca.test; accounturi=https://ca.test/account/7""#
        ]],
    );
    check(
        &["iodef mailto:a@example"],
        &ours,
        expect![[
            r#"no CAA record keeps other accounts of ca.test out; add example. CAA 0 issue "ca.test; accounturi=https://ca.test/account/7""#
        ]],
    );
    check(
        &["issue ca.test"],
        &ours,
        expect![[
            r#"the CAA records at example let every account of ca.test issue; replace those that name it by example. CAA 0 issue "ca.test; accounturi=https://ca.test/account/7""#
        ]],
    );
    check(
        &[],
        &issuer(None),
        expect![[
            r#"no CAA record keeps other accounts of ca.test out; add shop.example. CAA 0 issue "ca.test; accounturi=URL" (the account's URL is not known here; see nws-certd account show)"#
        ]],
    );
    check(
        &["issue ca.test"],
        &nameless,
        expect![
            "it is not known whether CAA keeps other accounts out, as the CA's directory does not say what CAA records call it, or is not to be had"
        ],
    );
}

#[test]
fn a_ca_that_issues_to_those_who_are_named_is_closed_to_the_rest() {
    let closed = "CAA keeps other accounts out";
    let named = "issue ca.test; accounturi=https://ca.test/account/7";
    let other = "issue ca.test; accounturi=https://ca.test/account/8";
    let cases: &[(&str, &[&str], bool)] = &[
        ("ours", &[named], true),
        ("somebody else's", &[other], true),
        ("one of two is not named", &[named, "issue ca.test"], false),
        ("by another method", &[named, "issue ca.test; validationmethods=dns-01"], true),
        ("another CA alone", &["issue other.test"], true),
        ("nobody", &["issue ;"], true),
        ("nobody who does not know a tag", &["colour blue", "issue ca.test"], true),
        ("wildcards alone", &["issuewild ca.test; accounturi=https://ca.test/account/7"], false),
    ];
    for (case, records, want) in cases {
        for account in [Some(OURS), None] {
            let said = guard(records, &issuer(account));
            assert_eq!(said == closed, *want, "{case}: {said}");
        }
    }
}
