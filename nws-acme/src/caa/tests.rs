use super::CaaVerdict::{Forbidden, Permitted, Unknown};
use super::*;

mod properties;

/// `issue "value"`, one a line; a leading `!` makes it critical.
fn records(zone: &str) -> Vec<CaaRecord> {
    let record = |line: &str| {
        let (tag, value) = line.trim_start().split_once(' ').unwrap();
        let critical = tag.starts_with('!');
        let tag = tag.trim_start_matches('!').into();
        CaaRecord { critical, tag, value: value.trim_matches('"').into() }
    };
    zone.lines().filter(|line| !line.trim().is_empty()).map(record).collect()
}

fn verdict(zone: &str) -> CaaVerdict {
    let account = "https://ca1.example.net/account/1234".parse().unwrap();
    permits(&records(zone), &["ca1.example.net".into(), "ca1.example".into()], Some(&account))
}

fn issuer(named: &[&str]) -> CaaVerdict {
    Forbidden(CaaObstacle::Issuer { named: named.iter().copied().map(String::from).collect() })
}

fn account(named: &str) -> CaaVerdict {
    Forbidden(CaaObstacle::Account { named: named.into() })
}

fn method(named: &str) -> CaaVerdict {
    Forbidden(CaaObstacle::Method { named: named.into() })
}

/// RFC 8659 §4.2 to §4.5, with the examples given there.
#[test]
fn the_issuers_a_name_lets_issue() {
    let cases = [
        ("no records", "", Permitted),
        ("this CA", r#"issue "ca1.example.net""#, Permitted),
        ("its other name", r#"issue "ca1.example""#, Permitted),
        ("another CA", r#"issue "ca2.example.org""#, issuer(&["ca2.example.org"])),
        ("a name below", r#"issue "www.ca1.example""#, issuer(&["www.ca1.example"])),
        ("one of two", "issue \"ca2.example.org\"\nissue \"ca1.example.net\"", Permitted),
        ("nobody", r#"issue ";""#, issuer(&[])),
        ("nobody, in other words", r#"issue """#, issuer(&[])),
        ("nobody, and yet this one", "issue \";\"\nissue \"ca1.example.net\"", Permitted),
        ("what is malformed", r#"issue "%%%%%""#, issuer(&[])),
        ("a name without its label", r#"issue ".ca1.example""#, issuer(&[])),
        ("a comma for a semicolon", r#"issue "ca1.example, ca2.example""#, issuer(&[])),
        ("the tag in another case", r#"IsSuE "ca2.example.org""#, issuer(&["ca2.example.org"])),
        ("the domain in another case", r#"issue "CA1.Example.NET""#, Permitted),
        ("white space", "issue \" \tca1.example.net \t; \t\"", Permitted),
        ("only wildcards are forbidden", r#"issuewild ";""#, Permitted),
        (
            "wildcards go elsewhere",
            "issue \"ca1.example.net\"\nissuewild \"ca2.example.org\"",
            Permitted,
        ),
        (
            "only wildcards are ours",
            "issue \"ca2.example.org\"\nissuewild \"ca1.example.net\"",
            issuer(&["ca2.example.org"]),
        ),
        ("only reports", r#"iodef "mailto:security@example.com""#, Permitted),
        ("only mail", r#"!issuemail ";""#, Permitted),
        ("only marks (Boulder va/caa.go: filterCAA)", r#"!issuevmc ";""#, Permitted),
        ("a critical tag that is known", r#"!issue "ca1.example.net""#, Permitted),
        ("an unknown tag", "issue \"ca1.example.net\"\ntbs \"Unknown\"", Permitted),
        (
            "an unknown critical tag",
            "issue \"ca1.example.net\"\n!tbs \"Unknown\"",
            Forbidden(CaaObstacle::Critical { tag: "tbs".into() }),
        ),
    ];
    for (case, zone, want) in cases {
        assert_eq!(verdict(zone), want, "{case}");
    }
}

/// RFC 8659 §4.2 for the form, RFC 8657 §3 and §4 for the meaning.
#[test]
fn what_a_record_demands_besides() {
    const OURS: &str = "https://ca1.example.net/account/1234";
    const OTHERS: &str = "https://ca1.example.net/account/2345";
    let issue = |rest: &str| format!("issue \"ca1.example.net; {rest}\"");
    let cases = [
        ("nothing", issue(""), Permitted),
        ("what we do not know", issue("account=230123; policy=ev"), Permitted),
        ("our account", issue(&format!("accounturi={OURS}")), Permitted),
        ("our account, with blanks", issue(&format!("\taccounturi = {OURS} ")), Permitted),
        ("another account", issue(&format!("accounturi={OTHERS}")), account(OTHERS)),
        (
            "one of two accounts",
            issue(&format!("accounturi={OTHERS}\"\n{}", issue(&format!("accounturi={OURS}")))),
            Permitted,
        ),
        (
            "an account twice",
            issue(&format!("accounturi={OURS}; accounturi={OTHERS}")),
            account(&format!("{OURS} and {OTHERS}")),
        ),
        (
            "the same account twice (RFC 8657 §3: unsatisfiable)",
            issue(&format!("accounturi={OURS}; accounturi={OURS}")),
            account(&format!("{OURS} and {OURS}")),
        ),
        ("nobody's account", issue("accounturi="), account("")),
        ("our method", issue("validationmethods=http-01"), Permitted),
        ("one of two methods", issue("validationmethods=dns-01,http-01"), Permitted),
        ("another method", issue("validationmethods=dns-01"), method("dns-01")),
        ("a name that begins like ours", issue("validationmethods=http-01x"), method("http-01x")),
        ("no method", issue("validationmethods="), method("")),
        (
            "a method twice (Boulder va/caa.go: never matches)",
            issue("validationmethods=http-01;validationmethods=http-01"),
            method("http-01 and http-01"),
        ),
        (
            "a malformed method before ours (va/caa.go: ends the list)",
            issue("validationmethods=,http-01"),
            method(",http-01"),
        ),
        ("a malformed method after ours", issue("validationmethods=http-01,_"), Permitted),
        (
            "account and method",
            issue(&format!("accounturi={OURS};validationmethods=http-01")),
            Permitted,
        ),
        (
            "only the account",
            issue(&format!("accounturi={OURS};validationmethods=dns-01")),
            method("dns-01"),
        ),
        (
            "neither",
            issue(&format!("validationmethods=dns-01;accounturi={OTHERS}")),
            account(OTHERS),
        ),
        (
            "the nearest of several",
            format!(
                "{}\n{}",
                issue("validationmethods=dns-01"),
                issue(&format!("accounturi={OTHERS}"))
            ),
            method("dns-01"),
        ),
        ("no value", issue("accounturi"), issuer(&[])),
        ("no tag", issue("=x"), issuer(&[])),
        ("a blank in a value", issue("x=a b"), issuer(&[])),
        ("a semicolon too many", issue("x=a;"), issuer(&[])),
    ];
    for (case, zone, want) in cases {
        assert_eq!(verdict(&zone), want, "{case}");
    }
}

/// RFC 8657 §3: what keeps other accounts out, for a CA called ca1.example.
#[test]
fn the_ca_issues_to_none_but_named_accounts() {
    const NAMED: &str = r#"issue "ca1.example; accounturi=https://ca1.example/1""#;
    let beside = |other: &str| format!("{NAMED}\n{other}");
    let cases = [
        ("no records: everybody may", String::new(), false),
        ("nothing about issuing", r#"iodef "mailto:a@example.com""#.into(), false),
        ("nobody may", r#"issue ";""#.into(), false),
        (
            "another CA may",
            r#"issue "ca2.example; accounturi=https://ca2.example/1""#.into(),
            false,
        ),
        ("any account may", r#"issue "ca1.example""#.into(), false),
        ("one may", NAMED.into(), true),
        ("one may, of the CA's name in another case", NAMED.replace("ca1", "CA1"), true),
        ("one may, in another case of the tag", NAMED.replace("issue", "Issue"), true),
        ("one of two may", beside(NAMED), true),
        ("one may, and any", beside(r#"issue "ca1.example""#), false),
        ("one may, and any by its other name", beside(r#"issue "ca1.example.net""#), false),
        ("one may, and any of another CA", beside(r#"issue "ca2.example""#), true),
        ("one may, and any for wildcards", beside(r#"issuewild "ca1.example""#), true),
        ("only wildcards are bound", NAMED.replace("issue", "issuewild"), false),
        (
            "one may, and any by another method",
            beside(r#"issue "ca1.example; validationmethods=dns-01""#),
            true,
        ),
        ("one may, by another method", NAMED.replace(';', "; validationmethods=dns-01;"), false),
        ("one may, and what is malformed", beside(r#"issue "ca1.example; x""#), true),
        ("one may, in a malformed record", NAMED.replace(';', ";;"), false),
        ("nobody's account may", r#"issue "ca1.example; accounturi=""#.into(), true),
        ("another parameter", r#"issue "ca1.example; account=1""#.into(), false),
        ("an unknown critical tag beside it", beside(r#"!tbs "Unknown""#), true),
    ];
    for (case, zone, want) in cases {
        let identities = ["ca1.example".into(), "ca1.example.net".into()];
        assert_eq!(names_account(&records(&zone), &identities), want, "{case}");
        assert!(!names_account(&records(&zone), &[]), "{case}, of a CA without a name");
    }
}

#[test]
fn without_an_account_none_is_ours() {
    let zone = records(r#"issue "ca1.example; accounturi=https://a.example/1""#);
    let want = account("https://a.example/1");
    assert_eq!(permits(&zone, &["ca1.example".into()], None), want);
}

#[test]
fn a_ca_that_does_not_say_who_it_is_has_to_be_asked() {
    let cases = [
        ("no records", "", Permitted),
        ("nothing about issuing", r#"iodef "mailto:a@example.com""#, Permitted),
        ("somebody may issue", r#"issue "ca1.example.net""#, Unknown),
        ("nobody may", r#"issue ";""#, Unknown),
        ("an unknown critical tag", r#"!tbs "Unknown""#, Unknown),
    ];
    for (case, zone, want) in cases {
        assert_eq!(permits(&records(zone), &[], None), want, "{case}");
    }
}

#[test]
fn an_obstacle_names_what_is_in_the_way() {
    let cases = [
        (r#"issue ";""#, "CAA records let no CA issue"),
        (
            "issue \"a.example\"\nissue \"b.example\"",
            "CAA records let only a.example, b.example issue",
        ),
        ("!tbs\u{1b}[31m x", "a critical CAA record has the unknown tag \"tbs\\u{1b}[31m\""),
    ];
    for (zone, want) in cases {
        let Forbidden(obstacle) = verdict(zone) else { panic!("{zone} is permitted") };
        assert_eq!(obstacle.to_string(), want);
    }
}
