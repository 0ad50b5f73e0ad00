//! Random record sets, whose meaning is known because they are written from it.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const OURS: &str = "https://ca1.example.net/account/1234";

/// What a parameter of a record means for an order of ours.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Means {
    OurAccount,
    OtherAccount,
    OurMethod,
    OtherMethod,
    Nothing,
    Malformed,
}

const PARAMETERS: [(&str, Means); 15] = [
    ("accounturi=https://ca1.example.net/account/1234", Means::OurAccount),
    ("accounturi=https://ca1.example.net/account/12345", Means::OtherAccount),
    ("accounturi=https://ca1.example.net/Account/1234", Means::OtherAccount),
    ("accounturi=", Means::OtherAccount),
    ("validationmethods=http-01", Means::OurMethod),
    ("validationmethods=dns-01,http-01,x", Means::OurMethod),
    ("validationmethods=dns-01", Means::OtherMethod),
    ("validationmethods=", Means::OtherMethod),
    ("validationmethods=,http-01", Means::OtherMethod),
    ("policy=ev", Means::Nothing),
    ("AccountURI=https://ca1.example.net/account/2", Means::Nothing),
    ("accounturi", Means::Malformed),
    ("=http-01", Means::Malformed),
    ("policy=e v", Means::Malformed),
    ("policy=\u{e9}v", Means::Malformed),
];

/// Of an issuer, whether it is the CA.
const DOMAINS: [(&str, bool); 6] = [
    ("ca1.example.net", true),
    ("ca1.example", true),
    ("CA1.Example", true),
    ("ca2.example.org", false),
    ("www.ca1.example", false),
    ("", false),
];

/// Of a tag beside `issue`, whether CAs know it.
const OTHER_TAGS: [(&str, bool); 6] = [
    ("issuewild", true),
    ("IODEF", true),
    ("issuemail", true),
    ("issuevmc", true),
    ("tbs", false),
    ("issuer", false),
];

/// A record, and what it means.
#[derive(Clone, Debug)]
struct Written {
    record: CaaRecord,
    meaning: Meaning,
}

#[derive(Clone, Debug)]
enum Meaning {
    Issue { is_us: bool, parameters: Vec<Means> },
    Other { is_known: bool },
}

fn blanks() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", " ", "\t "])
}

/// Ours often, so that some records permit something, and one stands twice now and then.
fn parameter() -> impl Strategy<Value = (&'static str, Means)> {
    let is_ours = |means| matches!(means, Means::OurAccount | Means::OurMethod);
    let ours: Vec<_> = PARAMETERS.into_iter().filter(|(_, means)| is_ours(*means)).collect();
    prop_oneof![select(ours), select(&PARAMETERS[..])]
}

/// The value of an `issue` record, and what it means.
fn issuer() -> impl Strategy<Value = (String, Meaning)> {
    let parameters = prop::collection::vec((blanks(), parameter(), blanks()), 0..4);
    let domain = (blanks(), select(&DOMAINS[..]), blanks(), any::<bool>());
    (domain, parameters).prop_map(|((before, (domain, is_us), after, ends), parameters)| {
        let mut value = format!("{before}{domain}{after}");
        for (before, (text, _), after) in &parameters {
            value += &format!(";{before}{text}{after}");
        }
        if ends && parameters.is_empty() {
            value.push(';');
        }
        let parameters = parameters.into_iter().map(|(_, (_, means), _)| means).collect();
        (value, Meaning::Issue { is_us, parameters })
    })
}

fn written() -> impl Strategy<Value = Written> {
    let issue = (select(vec!["issue", "Issue", "ISSUE"]), issuer());
    // What other tags say reads like a permission, too.
    let other = (select(&OTHER_TAGS[..]), issuer())
        .prop_map(|((tag, is_known), (value, _))| (tag, (value, Meaning::Other { is_known })));
    let of = |(critical, (tag, (value, meaning))): (bool, (&str, (String, Meaning)))| Written {
        record: CaaRecord { critical, tag: tag.into(), value },
        meaning,
    };
    (prop::bool::weighted(0.2), prop_oneof![3 => issue, 1 => other]).prop_map(of)
}

fn set() -> impl Strategy<Value = Vec<Written>> {
    prop::collection::vec(written(), 0..5)
}

fn records_of(set: &[Written]) -> Vec<CaaRecord> {
    set.iter().map(|one| one.record.clone()).collect()
}

fn identities() -> [String; 2] {
    ["ca1.example.net".into(), "ca1.example".into()]
}

fn ours() -> AccountUrl {
    OURS.parse().unwrap()
}

fn is_permitted(records: &[CaaRecord], account: Option<&AccountUrl>) -> bool {
    permits(records, &identities(), account) == Permitted
}

/// RFC 8659 §4.1: nobody issues then.
fn is_critical(set: &[Written]) -> bool {
    let is_unknown = |one: &Written| matches!(one.meaning, Meaning::Other { is_known: false });
    set.iter().any(|one| one.record.critical && is_unknown(one))
}

/// What each `issue` record means: whether it is about the CA, and its parameters.
fn issue_of(set: &[Written]) -> Vec<(bool, &[Means])> {
    let of = |one| match one {
        &Written { meaning: Meaning::Issue { is_us, ref parameters }, .. } => {
            Some((is_us, &parameters[..]))
        }
        Written { meaning: Meaning::Other { .. }, .. } => None,
    };
    set.iter().filter_map(of).collect()
}

fn those(parameters: &[Means], wanted: [Means; 2]) -> Vec<Means> {
    parameters.iter().copied().filter(|means| wanted.contains(means)).collect()
}

fn accounts(parameters: &[Means]) -> Vec<Means> {
    those(parameters, [Means::OurAccount, Means::OtherAccount])
}

/// Whether a record follows the grammar, names the CA and lets it issue by HTTP-01.
fn is_for_http_01((is_us, parameters): (bool, &[Means])) -> bool {
    let methods = those(parameters, [Means::OurMethod, Means::OtherMethod]);
    is_us
        && !parameters.contains(&Means::Malformed)
        && (methods.is_empty() || methods == [Means::OurMethod])
}

/// RFC 8659 §4 and RFC 8657, from what is meant instead of from what is written.
fn may_issue(set: &[Written], has_account: bool) -> bool {
    let issue = issue_of(set);
    let lets = |&(is_us, parameters): &(bool, &[Means])| {
        let accounts = accounts(parameters);
        let is_account = accounts.is_empty() || has_account && accounts == [Means::OurAccount];
        is_for_http_01((is_us, parameters)) && is_account
    };
    !is_critical(set) && (issue.is_empty() || issue.iter().any(lets))
}

proptest! {
    #[test]
    fn a_record_set_permits_what_its_owner_means(set in set(), has_account in any::<bool>()) {
        let account = has_account.then(ours);
        let verdict = permits(&records_of(&set), &identities(), account.as_ref());
        prop_assert_ne!(&verdict, &Unknown);
        prop_assert_eq!(verdict == Permitted, may_issue(&set, has_account), "{:?}", verdict);
    }

    #[test]
    fn a_ca_without_a_name_is_unknown_wherever_a_name_counts(set in set()) {
        let counts = is_critical(&set) || !issue_of(&set).is_empty();
        let want = if counts { Unknown } else { Permitted };
        prop_assert_eq!(permits(&records_of(&set), &[], Some(&ours())), want);
    }

    /// Name servers give records in any order, and some give one twice.
    #[test]
    fn order_and_repetition_have_no_say(set in set(), at in any::<Index>()) {
        let records = records_of(&set);
        let mut others = records.clone();
        if let Some(first) = records.first() {
            others.push(first.clone());
            others.rotate_left(at.index(records.len()));
        }
        let account = ours();
        prop_assert_eq!(
            is_permitted(&records, Some(&account)),
            is_permitted(&others, Some(&account))
        );
        prop_assert_eq!(
            names_account(&records, &identities()),
            names_account(&others, &identities())
        );
    }

    #[test]
    fn accounts_are_named_where_every_way_in_names_one(set in set()) {
        let mut ways = issue_of(&set);
        ways.retain(|&way| is_for_http_01(way));
        let want = !ways.is_empty() && ways.iter().all(|(_, way)| !accounts(way).is_empty());
        prop_assert_eq!(names_account(&records_of(&set), &identities()), want);
    }

    /// What naming them is for.
    #[test]
    fn nobody_else_gets_anything_where_accounts_are_named(set in set()) {
        let records = records_of(&set);
        if names_account(&records, &identities()) {
            prop_assert!(!is_permitted(&records, None));
        }
    }

    /// Whoever owns a name may write anything.
    #[test]
    fn any_text_has_a_verdict(tag in "(?s).{0,8}", value in "(?s).{0,40}", critical in any::<bool>()) {
        let nobody = CaaRecord { critical: false, tag: "issue".into(), value: ";".into() };
        let records = [CaaRecord { critical, tag, value }, nobody];
        prop_assert!(!is_permitted(&records, Some(&ours())));
    }
}
