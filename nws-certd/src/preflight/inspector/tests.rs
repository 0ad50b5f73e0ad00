use std::net::SocketAddr;
use std::num::NonZeroUsize;

use expect_test::{Expect, expect};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use nws_challenge::{Limits, Opening, serve};
use nws_expiry::DnsNames;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::clock::SystemClock;
use crate::config::{PreflightPolicy, StatelessAnswers};
use crate::edges::tests::dns::{Dns, Reply};
use crate::preflight::{Issuer, PreflightReport};

const THUMBPRINT: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const WELL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 1));
const WRONG: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));
const CLOSED: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 3));

/// An edge that leads here, one that does not, and one that is not there, all on one port.
struct Edges {
    answers: Answers,
    port: u16,
    stop: CancellationToken,
}

impl Edges {
    async fn start() -> Self {
        let listener = TcpListener::bind(SocketAddr::new(WELL, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let wrong = TcpListener::bind(SocketAddr::new(WRONG, port)).await.unwrap();
        let (answers, stop) = (Answers::new(NonZeroUsize::MIN), CancellationToken::new());
        tokio::spawn(serve(
            listener,
            Opening::Http,
            answers.clone(),
            Limits::default(),
            stop.clone(),
        ));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = wrong.accept().await {
                let said =
                    b"HTTP/1.1 404 Not Found\r\nx-nws-edge: edge-2\r\ncontent-length: 0\r\n\r\n";
                stream.write_all(said).await.unwrap();
            }
        });
        Self { answers, port, stop }
    }

    fn inspector(&self, dns: &Dns, private_addresses: bool) -> Inspector {
        let settings = PreflightSettings {
            policy: PreflightPolicy::Enforce,
            tries: std::num::NonZeroU32::MIN,
            http_port: self.port,
            private_addresses,
            ipv6: Ipv6::Warn,
        };
        let resolver = Arc::new(Resolver::new(&[dns.address]).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Inspector::new(&settings, 443, &resolver, (&self.answers, &clock)).unwrap()
    }

    /// What is in the way of a name, with what it weighs.
    async fn look(&self, inspector: &Inspector, name: &str) -> String {
        let names = DnsNames::from(name.parse::<DnsName>().unwrap());
        let issuer = Issuer { identities: vec!["ca.example".into()], account: None };
        let thumbprint = THUMBPRINT.parse().unwrap();
        let found = inspector.look(&Asked { names, thumbprint, issuer: Some(issuer) }).await;
        assert!(self.answers.is_empty(), "the token is answered no more");
        let line = |finding: &Finding| format!("{:?}: {finding}\n", finding.weight);
        let lines: String = found.0.iter().map(line).collect();
        lines.replace(&self.port.to_string(), "PORT")
    }
}

fn zone(name: &str, kind: RecordType) -> Reply {
    match (name, kind) {
        (_, RecordType::CAA) => match name {
            "servfail-caa.example." => Reply::Code(ResponseCode::ServFail),
            "bogus-caa.example." => Reply::Bogus(vec![]),
            _ => Reply::Addresses(vec![]),
        },
        ("well.example." | "servfail-caa.example." | "bogus-caa.example.", _) => {
            Reply::Addresses(vec![WELL])
        }
        ("three.example.", _) => Reply::Addresses(vec![WELL, WRONG, CLOSED]),
        ("gone.example.", _) => Reply::Code(ResponseCode::NXDomain),
        ("broken.example.", _) => Reply::Code(ResponseCode::ServFail),
        ("bogus.example.", _) => Reply::Bogus(vec![WELL]),
        _ => Reply::Addresses(vec![]),
    }
}

#[tokio::test]
async fn every_address_is_asked_and_what_is_in_the_way_is_named() {
    let (edges, dns) = (Edges::start().await, Dns::answering(zone).await);
    let inspector = edges.inspector(&dns, true);
    let check = async |name, want: Expect| want.assert_eq(&edges.look(&inspector, name).await);
    check("well.example", expect![""]).await;
    check("three.example", expect![[r#"
        Refused: three.example at 127.0.0.2:PORT (edge-2) answers 404 where only 200 will do; lead /.well-known/acme-challenge/ to nws-certd, before any other rule
        Refused: three.example at 127.0.0.3:PORT refuses the connection; check that the edge runs and listens there
    "#]]).await;
    check("gone.example", expect![[r#"
        Refused: gone.example does not exist in DNS; create A or AAAA records that point at the edges
    "#]]).await;
    check(
        "empty.example",
        expect![[r#"
        Refused: empty.example has no address; create A or AAAA records that point at the edges
    "#]],
    )
    .await;
    check("broken.example", expect![[r#"
        Refused: DNS fails for broken.example (Server Failure); check the zone's name servers and its DNSSEC, and edges.resolvers
    "#]]).await;
    check("bogus.example", expect![[r#"
        Refused: bogus.example fails DNSSEC, so that no CA takes its records; have the zone signed anew, or its DS records corrected at the registrar
    "#]]).await;
    check("servfail-caa.example", expect![[r#"
        Refused: servfail-caa.example: the CAA records at servfail-caa.example are not to be had, as name servers fail; check the zone's name servers
    "#]]).await;
    check("bogus-caa.example", expect![[r#"
        Refused: bogus-caa.example: the CAA records at bogus-caa.example fail DNSSEC; check the zone's name servers
    "#]]).await;
    edges.stop.cancel();
}

#[tokio::test]
async fn what_keeps_other_accounts_out_is_told_where_names_are_answered_for_without_an_order() {
    let (edges, dns) = (Edges::start().await, Dns::answering(zone).await);
    let inspector = edges.inspector(&dns, true);
    let account = Some("https://ca.example/account/7".parse().unwrap());
    let issuer = Some(Issuer { identities: vec!["ca.example".into()], account });
    let names = ["bogus-caa.example", "well.example"].map(|name| name.parse().unwrap());
    let names = DnsNames::new(names).unwrap();
    let asked = Asked { names, thumbprint: THUMBPRINT.parse().unwrap(), issuer };
    let told = async |stateless| {
        let mut names = inspector.report(&asked, stateless).await;
        names.iter_mut().for_each(|name| name.ca = "ca.example".into());
        PreflightReport::new(names).text().replace(&edges.port.to_string(), "PORT")
    };
    let off = told(StatelessAnswers::Off).await;
    assert!(!off.contains("accounts"), "{off}");
    expect![[r#"
        bogus-caa.example
          127.0.0.1:PORT answers
          refused: the CAA records at bogus-caa.example fail DNSSEC; check the zone's name servers [CA/Browser Forum Baseline Requirements 3.2.2.4, 3.2.2.8.1: DNSSEC is validated]
          note: it is not known whether CAA keeps other accounts out, as the CAA records at bogus-caa.example fail DNSSEC
        well.example
          127.0.0.1:PORT answers
          note: no CAA record keeps other accounts of ca.example out; add well.example. CAA 0 issue "ca.example; accounturi=https://ca.example/account/7"
        ca.example would refuse
    "#]].assert_eq(&told(StatelessAnswers::KnownHosts).await);
    edges.stop.cancel();
}

#[tokio::test]
async fn private_addresses_are_not_asked_unless_they_are_meant() {
    let (edges, dns) = (Edges::start().await, Dns::answering(zone).await);
    let said = edges.look(&edges.inspector(&dns, false), "well.example").await;
    expect![[r#"
        Refused: well.example at 127.0.0.1:PORT is a loopback address, which no CA connects to; point the name, or the redirect, at the public address of an edge
    "#]].assert_eq(&said);
    edges.stop.cancel();
}

#[tokio::test]
async fn without_room_for_a_token_nothing_is_taken_for_well() {
    let (edges, dns) = (Edges::start().await, Dns::answering(zone).await);
    let inspector = edges.inspector(&dns, true);
    let other = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0".parse().unwrap();
    let taken = KeyAuthorization::new(&other, &THUMBPRINT.parse().unwrap());
    edges.answers.put(taken, inspector.clock.now() + ANSWERED).unwrap();
    let names = DnsNames::from("well.example".parse::<DnsName>().unwrap());
    let thumbprint = THUMBPRINT.parse().unwrap();
    let found = inspector.look(&Asked { names, thumbprint, issuer: None }).await;
    let [finding] = &found.0[..] else { panic!("{found:?}") };
    assert_eq!(finding.weight, Weight::Refused);
    expect!["well.example: was not looked at, as more challenges are answered than there is room for; it is looked at again"]
        .assert_eq(&finding.to_string());
    edges.stop.cancel();
}
