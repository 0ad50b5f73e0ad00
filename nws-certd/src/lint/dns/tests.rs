use std::collections::BTreeSet;

use expect_test::expect;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::CAA;
use hickory_resolver::proto::rr::{RData, RecordType};

use super::*;
use crate::edges::tests::dns::{Dns, Reply};

fn issue(value: &str) -> Reply {
    let mut record = CAA::new_issue(false, None, Vec::new());
    record.value = value.into();
    Reply::Records(vec![RData::CAA(record)])
}

fn zone(name: &str, _: RecordType) -> Reply {
    match name {
        "named.example." => issue("ca.test; accounturi=https://ca.test/account/7"),
        "all.example." => issue("ca.test"),
        "broken.example." => Reply::Code(ResponseCode::ServFail),
        _ => Reply::Records(vec![]),
    }
}

fn wanted(file: &str, names: &str) -> WantedReport {
    let source = SourceReport {
        path: file.into(),
        document: 1,
        kind: "Ingress",
        namespace: "shop".into(),
        name: "web".into(),
        field: "spec.tls[0]".into(),
    };
    WantedReport {
        target: "default".into(),
        namespace: "shop".into(),
        secret: "shop-tls".into(),
        names: names.split(' ').map(|name| name.parse().unwrap()).collect(),
        cas: BTreeSet::new(),
        wanted_by: vec![source],
        path: None,
        delivered: false,
        bundles: vec![],
        deployed_by: vec![],
    }
}

/// What is said of these wants, and what DNS was asked.
async fn said(wanted: &[WantedReport], identities: &[&str]) -> (String, Vec<String>) {
    let dns = Dns::answering(zone).await;
    let identities = identities.iter().map(ToString::to_string).collect();
    let issuer = Arc::new(Issuer { identities, account: None });
    let zone: Arc<dyn CaaZone> = Arc::new(Resolver::new(&[dns.address]).unwrap());
    let found = look(&zone, hosts(wanted, |_| Some(issuer.clone()))).await;
    let line = |one: &FindingReport| format!("{} {} {}\n", one.kind, one.location, one.text);
    (found.iter().map(line).collect(), dns.asked())
}

#[tokio::test]
async fn what_keeps_nobody_out_is_said_once_where_it_is_wanted() {
    let wanted = [
        wanted("apps/a.yaml", "a.all.example a.named.example *.wild.example"),
        wanted("apps/b.yaml", "b.all.example broken.example shop.example"),
        wanted("apps/c.yaml", "shop.example"),
    ];
    let (said, asked) = said(&wanted, &["ca.test"]).await;
    expect![[r#"
        accounturi-unknown apps/b.yaml, document 1, spec.tls[0] broken.example: it is not known whether CAA keeps other accounts out, as the CAA records at broken.example are not to be had, as name servers fail
        no-accounturi apps/b.yaml, document 1, spec.tls[0] shop.example: no CAA record keeps other accounts of ca.test out; add shop.example. CAA 0 issue "ca.test; accounturi=URL" (the account's URL is not known here; see nws-certd account show)
        no-accounturi apps/a.yaml, document 1, spec.tls[0] a.all.example: the CAA records at all.example let every account of ca.test issue; replace those that name it by all.example. CAA 0 issue "ca.test; accounturi=URL" (the account's URL is not known here; see nws-certd account show)
    "#]].assert_eq(&said);
    assert!(!asked.iter().any(|question| question.contains("wild")), "{asked:?}");
}

#[tokio::test]
async fn of_a_ca_that_does_not_say_its_name_nothing_is_known() {
    let (said, _) = said(&[wanted("apps/a.yaml", "a.example b.example")], &[]).await;
    expect![[r#"
        accounturi-unknown apps/a.yaml, document 1, spec.tls[0] a.example: it is not known whether CAA keeps other accounts out, as the CA's directory does not say what CAA records call it, or is not to be had
    "#]].assert_eq(&said);
}

#[test]
fn a_name_is_judged_by_the_ca_that_it_may_come_from() {
    let mut want = wanted("apps/a.yaml", "a.example");
    let name = |name: &str| name.parse::<CaName>().unwrap();
    assert!(may_come_from(&want, None) && may_come_from(&want, Some(&name("one"))));
    want.cas = BTreeSet::from([name("two")]);
    let of = [None, Some(name("one")), Some(name("two"))];
    assert_eq!(of.map(|ca| may_come_from(&want, ca.as_ref())), [false, false, true]);
}
