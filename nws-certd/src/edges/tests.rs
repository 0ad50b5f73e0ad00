use expect_test::{Expect, expect};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use nws_expiry::Fingerprint;

use super::*;
use crate::failure::Causes;
use dns::{Dns, Reply};
use edge::{Behaviour, TestEdge, certificate};

pub(crate) mod dns;
pub(crate) mod edge;

const SHOP: &str = "shop.example";
const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
const TWO: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
const THREE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 3));
const SIX: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

#[tokio::test]
async fn every_address_tells_what_it_serves() {
    let (old, new) = (certificate(SHOP), certificate(SHOP));
    let (old_is, new_is) = (old.fingerprint(), new.fingerprint());
    let one = TestEdge::at(ONE, 0, Behaviour::Serve(new.clone())).await;
    let _two = TestEdge::at(TWO, one.port, Behaviour::Serve(old)).await;
    let _six = TestEdge::at(SIX, one.port, Behaviour::Serve(new)).await;
    let dns = Dns::answering(|_, _| Reply::Addresses(vec![SIX, THREE, TWO, ONE, TWO])).await;

    let seen = look(&dns, one.port, SHOP).await.unwrap();
    let port = one.port;
    let want = [
        (format!("127.0.0.1:{port}"), Ok(new_is)),
        (format!("127.0.0.2:{port}"), Ok(old_is)),
        (
            format!("127.0.0.3:{port}"),
            Err("refuses the connection; check that the edge runs, and edges.https_port"),
        ),
        (format!("[::1]:{port}"), Ok(new_is)),
    ];
    for (edge, (address, served)) in seen.iter().zip(&want) {
        assert_eq!(edge.address.to_string(), *address);
        let found =
            edge.served.as_ref().map(|shown| shown.leaf.fingerprint()).map_err(ToString::to_string);
        assert_eq!(found, served.map_err(String::from), "{address}");
    }
    assert_eq!(seen.len(), want.len());
}

#[tokio::test]
async fn an_edge_that_shows_a_certificate_is_believed_whatever_comes_then() {
    let shown = certificate("somebody-else.example");
    let cases = [
        ("a foreign name", Behaviour::Serve(shown.clone())),
        ("a client's certificate is asked for", Behaviour::AskForClients(shown.clone())),
        ("and by TLS 1.2", Behaviour::AskForClientsByTls12(shown.clone())),
    ];
    for (case, behaviour) in cases {
        assert_eq!(
            ask(behaviour).await.map_err(|error| error.to_string()),
            Ok(shown.fingerprint()),
            "{case}"
        );
    }
}

#[tokio::test]
async fn an_edge_without_a_certificate_says_what_is_wrong() {
    let of_another_name = certificate("other.example");
    let check = async |behaviour, want: Expect| {
        want.assert_eq(&Causes(&ask(behaviour).await.unwrap_err()).to_string());
    };
    check(
        Behaviour::ServeByName(of_another_name),
        expect!["serves no certificate for the name; check what the edge has loaded"],
    )
    .await;
    check(Behaviour::Http, expect!["does not speak TLS as we do; check edges.https_port: received corrupt message of type InvalidContentType"]).await;
    check(
        Behaviour::HangUp,
        expect!["does not speak TLS as we do; check edges.https_port: tls handshake eof"],
    )
    .await;
    check(Behaviour::ServeJunk, expect!["serves a certificate that cannot be read; replace it: the bytes are no DER certificate: unexpected ASN.1 DER tag: expected SEQUENCE, got APPLICATION [14] (constructed)"]).await;
}

#[tokio::test]
async fn the_name_is_told_and_the_right_certificate_comes_back() {
    let shop = certificate(SHOP);
    let fingerprint = shop.fingerprint();
    assert_eq!(ask(Behaviour::ServeByName(shop)).await.unwrap(), fingerprint);
}

#[tokio::test(start_paused = true)]
async fn a_silent_edge_is_given_up() {
    let start = tokio::time::Instant::now();
    let error = ask(Behaviour::Silence).await.unwrap_err();
    assert!(matches!(error, ProbeError::TimedOut), "{error:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn a_second_look_sees_what_is_served_then() {
    let (old, new) = (certificate(SHOP), certificate(SHOP));
    let (old_is, new_is) = (old.fingerprint(), new.fingerprint());
    let edge = TestEdge::at(ONE, 0, Behaviour::Serve(old)).await;
    let dns = Dns::answering(|_, _| Reply::Addresses(vec![ONE])).await;
    let edges = Edges::new(edge.port, &[dns.address]).unwrap();
    assert_eq!(served(&edges).await, old_is);
    edge.now(Behaviour::Serve(new));
    assert_eq!(served(&edges).await, new_is);
}

#[tokio::test]
async fn a_second_look_asks_dns_again() {
    let gone = || Reply::Code(ResponseCode::NXDomain);
    let mut answers =
        vec![gone(), Reply::Addresses(vec![ONE]), Reply::Addresses(vec![TWO]), gone()];
    answers.reverse();
    let answers = std::sync::Mutex::new(answers);
    let dns = Dns::answering(move |_, kind| match kind {
        RecordType::A => answers.lock().unwrap().pop().unwrap(),
        _ => Reply::Addresses(vec![]),
    })
    .await;
    let edges = Edges::new(1, &[dns.address]).unwrap();
    for want in [None, Some(ONE), Some(TWO), None] {
        let found = edges.look(&SHOP.parse().unwrap()).await;
        let found = found.map(|edges| edges[0].address.ip()).ok();
        assert_eq!(found, want);
    }
}

#[tokio::test]
async fn names_are_absolute_and_both_families_are_asked() {
    let dns = Dns::answering(|_, _| Reply::Code(ResponseCode::NXDomain)).await;
    look(&dns, 1, SHOP).await.unwrap_err();
    let mut asked = dns.asked();
    asked.sort();
    asked.dedup();
    assert_eq!(asked, ["shop.example. A", "shop.example. AAAA"]);
}

#[tokio::test]
async fn addresses_come_from_whatever_dns_knows() {
    let many: Vec<IpAddr> = (1..=40).map(|last| IpAddr::from([127, 0, 1, last])).collect();
    let cases = [
        ("one family fails", "half.example", vec![ONE]),
        ("one family has none", "four.example", vec![ONE]),
        ("only IPv6", "six.example", vec![SIX]),
        ("an alias", "alias.example", vec![ONE]),
        ("more than are asked", "many.example", many[..32].to_vec()),
    ];
    let dns = Dns::answering(move |name, kind| match (name, kind) {
        ("half.example.", RecordType::AAAA) => Reply::Code(ResponseCode::ServFail),
        ("half.example." | "four.example.", _) => Reply::Addresses(vec![ONE]),
        ("six.example.", _) => Reply::Addresses(vec![SIX]),
        ("alias.example.", _) => Reply::Alias("edges.example.", vec![ONE]),
        _ => Reply::Addresses(many.clone()),
    })
    .await;
    for (case, name, want) in cases {
        let found = look(&dns, 1, name).await.unwrap();
        let found: Vec<IpAddr> = found.iter().map(|edge| edge.address.ip()).collect();
        assert_eq!(found, want, "{case}");
    }
}

#[tokio::test]
async fn a_name_without_addresses_says_what_to_do() {
    let dns = Dns::answering(|name, kind| match (name, kind) {
        ("gone.example.", _) => Reply::Code(ResponseCode::NXDomain),
        ("broken.example.", _) => Reply::Code(ResponseCode::ServFail),
        ("refused.example.", _) => Reply::Code(ResponseCode::Refused),
        ("bogus.example.", _) => Reply::Bogus(vec![ONE]),
        ("half-bogus.example.", RecordType::AAAA) => Reply::Bogus(vec![]),
        ("half-broken.example.", RecordType::A) => Reply::Code(ResponseCode::ServFail),
        _ => Reply::Addresses(vec![]),
    })
    .await;
    let check = async |name, want: Expect| {
        want.assert_eq(&Causes(&look(&dns, 1, name).await.unwrap_err()).to_string());
    };
    check(
        "gone.example",
        expect![
            "gone.example does not exist in DNS; create A or AAAA records that point at the edges"
        ],
    )
    .await;
    check(
        "empty.example",
        expect!["empty.example has no address; create A or AAAA records that point at the edges"],
    )
    .await;
    check("broken.example", expect!["DNS fails for broken.example (Server Failure); check the zone's name servers and its DNSSEC, and edges.resolvers"]).await;
    check("refused.example", expect!["DNS fails for refused.example (Query Refused); check the zone's name servers and its DNSSEC, and edges.resolvers"]).await;
    check("half-broken.example", expect!["DNS fails for half-broken.example (Server Failure); check the zone's name servers and its DNSSEC, and edges.resolvers"]).await;
    check("bogus.example", expect!["bogus.example fails DNSSEC, so that no CA takes its records; have the zone signed anew, or its DS records corrected at the registrar"]).await;
    check("half-bogus.example", expect!["half-bogus.example fails DNSSEC, so that no CA takes its records; have the zone signed anew, or its DS records corrected at the registrar"]).await;
    check("*.shop.example", expect!["*.shop.example is a wildcard, which has no edges of its own; ask for a host name below it"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_resolver_is_given_up() {
    let silent = Dns::answering(|_, _| Reply::Silence).await;
    let start = tokio::time::Instant::now();
    let error = look(&silent, 1, SHOP).await.unwrap_err();
    assert!(matches!(error, LookupError::TimedOut { .. }), "{error:?}");
    assert!(start.elapsed().as_secs() <= 10, "{:?}", start.elapsed());
}

async fn look(dns: &Dns, port: u16, name: &str) -> Result<Vec<Edge>, LookupError> {
    Edges::new(port, &[dns.address]).unwrap().look(&name.parse().unwrap()).await
}

async fn served(edges: &Edges) -> Fingerprint {
    let [edge] = &edges.look(&SHOP.parse().unwrap()).await.unwrap()[..] else { panic!("not one") };
    edge.served.as_ref().unwrap().leaf.fingerprint()
}

async fn ask(behaviour: Behaviour) -> Result<Fingerprint, ProbeError> {
    let edge = TestEdge::at(ONE, 0, behaviour).await;
    let address = SocketAddr::new(ONE, edge.port);
    let server = ServerName::try_from(SHOP).unwrap();
    Probe::new().unwrap().ask(address, server).await.map(|shown| shown.leaf.fingerprint())
}
