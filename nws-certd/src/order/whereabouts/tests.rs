use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;

use super::*;
use crate::edges::tests::dns::{Dns, Reply};
use crate::resolver::Resolver;

const HERE: &str = "203.0.113.1";
const HERE_TOO: &str = "2001:db8::1";
const THERE: &str = "192.0.2.7";

fn ips(addresses: &[&str]) -> Vec<IpAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

/// Where the names lead, and what is said of it, with these edges.
async fn look(
    names: &str,
    edges: &[&str],
    zone: impl Fn(&str, RecordType) -> Reply + Send + 'static,
) -> (Option<Leads>, String) {
    let dns = Dns::answering(zone).await;
    let zone = Arc::new(Resolver::new(&[dns.address]).unwrap());
    let whereabouts = Whereabouts { zone, edges: ips(edges), park_after: Duration::WEEK };
    let names = DnsNames::new(names.split(' ').map(|name| name.parse().unwrap())).unwrap();
    let sights = whereabouts.look(&names).await;
    (Leads::of_all(sights.iter().map(|sight| sight.leads)), why(&sights))
}

#[tokio::test]
async fn a_name_leads_here_if_one_of_its_addresses_is_an_edges() {
    let edges: &[&str] = &[HERE, HERE_TOO];
    let cases: [(&str, &[&str], &[&str], Leads); 6] = [
        ("an edge", &[HERE], edges, Leads::Here),
        ("an edge and another", &[THERE, HERE], edges, Leads::Here),
        ("an edge by IPv6", &[THERE, HERE_TOO], edges, Leads::Here),
        ("none", &[THERE], edges, Leads::Elsewhere),
        ("no edge is known", &[THERE], &[], Leads::Here),
        ("nor is an address", &[], &[], Leads::Nowhere),
    ];
    for (case, addresses, edges, want) in cases {
        let addresses = ips(addresses);
        let answer = move |_: &str, _| Reply::Addresses(addresses.clone());
        assert_eq!(look("shop.example", edges, answer).await.0, Some(want), "{case}");
    }
}

#[tokio::test]
async fn what_dns_does_not_say_is_not_guessed() {
    let one_family = |address: &'static str| {
        move |_: &str, kind| match kind {
            RecordType::AAAA => Reply::Code(ResponseCode::ServFail),
            _ => Reply::Addresses(ips(&[address])),
        }
    };
    let broken = |_: &str, _| Reply::Code(ResponseCode::ServFail);
    let here = look("shop.example", &[HERE], one_family(HERE)).await;
    assert_eq!(here, (Some(Leads::Here), String::new()), "whatever the others are");
    let (leads, why) = look("shop.example", &[HERE], one_family(THERE)).await;
    assert_eq!((leads, &*why), (None, "DNS does not tell all addresses of shop.example"));
    assert_eq!(look("shop.example", &[HERE], broken).await.0, None);
    assert_eq!(look("shop.example", &[], broken).await.0, None);
}

#[tokio::test]
async fn those_that_left_are_told_with_what_helps() {
    let zone = |name: &str, _| match name {
        "gone.example." => Reply::Code(ResponseCode::NXDomain),
        "here.example." => Reply::Addresses(ips(&[HERE])),
        "unknown.example." => Reply::Code(ResponseCode::ServFail),
        "there.example." => Reply::Addresses(ips(&[THERE])),
        _ => Reply::Addresses(ips(&[
            "192.0.2.1",
            "192.0.2.2",
            "192.0.2.3",
            "192.0.2.4",
            "192.0.2.5",
        ])),
    };
    let names = "there.example here.example unknown.example gone.example";
    let (_, told) = look(names, &[HERE], zone).await;
    assert_eq!(
        told,
        "gone.example does not exist in DNS; create A or AAAA records that point at the edges; there.example leads to 192.0.2.7, which is none of edges.addresses; point it at the edges, or add what is missing there"
    );
    let (_, told) = look("a.example", &[HERE], zone).await;
    assert!(
        told.starts_with(
            "a.example leads to 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4, and others, which are none"
        ),
        "{told}"
    );
    let (_, told) = look("a.example b.example c.example d.example", &[HERE], zone).await;
    assert_eq!(told.matches("leads to").count(), 3, "{told}");
}
