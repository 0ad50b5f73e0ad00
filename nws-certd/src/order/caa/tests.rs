use hickory_resolver::proto::rr::Name;

use super::*;
use crate::edges::tests::dns::{Dns, Reply};
use crate::resolver::Resolver;

mod climbing;

const ACCOUNT: &str = "https://ca.test/account/7";

fn issue(critical: bool, tag: &str, value: &str) -> RData {
    let name: Name = "other.test".parse().unwrap();
    let mut record = CAA::new_issue(critical, Some(name), Vec::new());
    (record.tag, record.value) = (tag.into(), value.into());
    RData::CAA(record)
}

/// What is said of an order for `names`, and what DNS was asked.
async fn ask(
    names: &str,
    zone: impl Fn(&str, RecordType) -> Reply + Send + 'static,
) -> (Result<(), String>, Vec<String>) {
    let dns = Dns::answering(zone).await;
    let zone: Arc<dyn CaaZone> = Arc::new(Resolver::new(&[dns.address]).unwrap());
    let names = DnsNames::new(names.split(' ').map(|name| name.parse().unwrap())).unwrap();
    let (identities, account) = (["ca.test".to_owned()], ACCOUNT.parse().unwrap());
    let verdict = look(&zone, &names, &identities, &account).await;
    (verdict.map_err(|error| error.to_string()), dns.asked())
}

#[tokio::test]
async fn the_first_records_on_the_way_up_count() {
    let (verdict, asked) = ask("a.b.shop.example", |name, _| match name {
        "a.b.shop.example." => Reply::Code(ResponseCode::NXDomain),
        "b.shop.example." => Reply::Records(Vec::new()),
        "shop.example." => Reply::Records(vec![issue(false, "issue", "ca.test")]),
        _ => Reply::Records(vec![issue(false, "issue", ";")]),
    })
    .await;
    assert_eq!(verdict, Ok(()));
    assert_eq!(asked, ["a.b.shop.example. CAA", "b.shop.example. CAA", "shop.example. CAA"]);
}

#[tokio::test]
async fn names_without_records_are_asked_about_up_to_the_top() {
    let (verdict, asked) = ask("shop.example", |_, _| Reply::Code(ResponseCode::NXDomain)).await;
    assert_eq!((verdict, asked), (Ok(()), vec!["shop.example. CAA".into(), "example. CAA".into()]));
}

#[tokio::test]
async fn a_refusal_says_which_name_which_records_and_what_to_add() {
    let cases = [
        (
            issue(false, "issue", "other.test"),
            "a.shop.example: CAA records let only other.test issue (at shop.example); add the record: shop.example. CAA 0 issue \"ca.test\"",
        ),
        (
            issue(false, "issue", ";"),
            "a.shop.example: CAA records let no CA issue (at shop.example); add the record: shop.example. CAA 0 issue \"ca.test\"",
        ),
        (
            issue(true, "colour", "blue"),
            "a.shop.example: a critical CAA record has the unknown tag \"colour\" (at shop.example); remove that record, or make it not critical",
        ),
        (
            issue(false, "issue", "ca.test; accounturi=https://ca.test/account/8"),
            "a.shop.example: the CAA record that names the CA names another account: https://ca.test/account/8 (at shop.example); add the record: shop.example. CAA 0 issue \"ca.test; accounturi=https://ca.test/account/7\"",
        ),
        (
            issue(false, "issue", "ca.test; validationmethods=dns-01"),
            "a.shop.example: the CAA record that names the CA allows other methods than http-01: dns-01 (at shop.example); add the record: shop.example. CAA 0 issue \"ca.test; validationmethods=http-01\"",
        ),
    ];
    for (record, want) in cases {
        let (verdict, _) = ask("a.shop.example", move |name, _| match name {
            "shop.example." => Reply::Records(vec![record.clone()]),
            _ => Reply::Records(Vec::new()),
        })
        .await;
        assert_eq!(verdict, Err(want.to_owned()));
    }
}

#[tokio::test]
async fn what_is_not_known_is_no_verdict_and_hides_no_other() {
    let broken = |name: &str, _| match name {
        "shop.example." | "blog.example." => Reply::Code(ResponseCode::ServFail),
        "wiki.example." => Reply::Records(vec![issue(false, "issue", "other.test")]),
        _ => Reply::Records(Vec::new()),
    };
    assert_eq!(ask("shop.example", broken).await.0, Ok(()));
    let said = ask("blog.example shop.example wiki.example", broken).await.0.unwrap_err();
    assert!(said.starts_with("wiki.example: ") && !said.contains("shop.example"), "{said}");
}
