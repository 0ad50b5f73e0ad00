//! Which chain a certificate comes with.

use nws_acme::testing::Endpoint;
use nws_acme::{Ca, Limits, OrderSpec};
use nws_expiry::Issued;

use crate::liar::{Answer, Liar, Lie};
use crate::world::World;

const DEFAULT: &str = "nws fake root";
const OTHER: &str = "nws fake root 2";

fn preferring(world: &World, root: &str) -> OrderSpec {
    OrderSpec { chain: Some(root.parse().unwrap()), ..world.spec("shop.example") }
}

fn root(issued: &Issued) -> &str {
    issued.chain().root_name().unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_chain_that_ends_at_the_preferred_root_is_taken() {
    let cases = [
        ("the default", 3, DEFAULT, DEFAULT, 0),
        ("the first other", 3, "nws fake root 1", "nws fake root 1", 1),
        ("a later one", 3, OTHER, OTHER, 2),
        ("one that is not offered", 1, OTHER, DEFAULT, 1),
        ("in another case", 3, "NWS Fake Root 2", DEFAULT, 3),
        ("a part of its name", 3, "nws fake", DEFAULT, 3),
        ("an intermediate", 3, "nws fake intermediate", DEFAULT, 3),
        ("nothing is offered", 0, OTHER, DEFAULT, 0),
    ];
    for (case, alternates, preferred, want, asked) in cases {
        let world = World::new().await;
        world.fake.faults(|faults| faults.alternates = alternates);
        let issued = world.obtain(&preferring(&world, preferred)).await.unwrap();
        assert_eq!(root(&issued), want, "{case}");
        assert_eq!(world.fake.count(Endpoint::Alternate), asked, "{case}");
        assert_eq!((world.fake.issued(), issued.chain().certificates().len()), (1, 2), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_prefers_none_asks_for_none() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.alternates = 3);
    let issued = world.obtain(&world.spec("shop.example")).await.unwrap();
    assert_eq!((root(&issued), world.fake.count(Endpoint::Alternate)), (DEFAULT, 0));
}

/// What becomes of an order for OTHER, at a CA whose answers at `at` are lied about.
async fn with_lie(at: &'static str, lie: Lie) -> (Issued, usize) {
    let mut world = World::new().await;
    world.fake.faults(|faults| faults.alternates = 2);
    let liar = Liar::new(world.fake.transport(), at, lie);
    world.ca = Ca::new(world.fake.directory_url(), liar, Limits::default());
    let issued = world.obtain(&preferring(&world, OTHER)).await.unwrap();
    (issued, world.fake.count(Endpoint::Alternate))
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_not_given_up_for_its_chain() {
    let cases: [(&str, Lie); 5] = [
        ("gone", Box::new(|answer: Answer| answer.status(404).body("{}"))),
        ("a page", Box::new(|answer| answer.without("replay-nonce").body("<html>"))),
        ("nothing", Box::new(|answer| answer.body(""))),
        (
            "an order",
            Box::new(|answer| {
                answer.body(r#"{"status":"valid","authorizations":[],"finalize":"x"}"#)
            }),
        ),
        ("always busy", Box::new(|answer| answer.status(503).without("replay-nonce").body("busy"))),
    ];
    for (case, lie) in cases {
        let (issued, _) = with_lie("/alternate/", lie).await;
        assert_eq!(root(&issued), DEFAULT, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn links_are_followed_as_far_as_they_are_the_cas() {
    let cases = [
        ("a path", r#"</alternate/2>;rel="alternate""#, OTHER),
        ("two in one", r#"</alternate/1>;rel="alternate", </alternate/2>;rel="alternate""#, OTHER),
        ("another host", r#"<https://ca.evil/alternate/2>;rel="alternate""#, DEFAULT),
        (
            "another host, then the CA",
            r#"<//ca.evil/>;rel=alternate,</alternate/2>;rel=alternate"#,
            OTHER,
        ),
        ("no TLS", r#"<http://ca.test/alternate/2>;rel="alternate""#, DEFAULT),
        ("another relation", r#"</alternate/2>;rel="up""#, DEFAULT),
        ("no path", r#"<2>;rel="alternate""#, DEFAULT),
        ("no URL", r#"</alternate/ 2>;rel="alternate""#, DEFAULT),
    ];
    for (case, link, want) in cases {
        let lie: Lie = Box::new(move |answer| answer.header("link", link));
        let (issued, _) = with_lie("/certificate/", lie).await;
        assert_eq!(root(&issued), want, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn endless_links_are_not_all_followed() {
    let many = "</alternate/1>;rel=alternate,".repeat(100).leak();
    let lie: Lie = Box::new(|answer| answer.header("link", many));
    let (issued, asked) = with_lie("/certificate/", lie).await;
    assert_eq!((root(&issued), asked), (DEFAULT, 8));
}

/// Another certificate's chain ends at the right root too.
#[tokio::test(start_paused = true)]
async fn only_the_chain_may_be_another() {
    let world = World::new().await;
    world.fake.faults(|faults| faults.alternates = 2);
    let first = world.obtain(&world.spec("shop.example")).await.unwrap();
    let lie: Lie = Box::new(|answer| answer.header("link", "</alternate/2>;rel=alternate"));
    let liar = Liar::new(world.fake.transport(), "/certificate/1", lie);
    let liar = Ca::new(world.fake.directory_url(), liar, Limits::default());
    let spec = OrderSpec { key: first.key().clone(), ..preferring(&world, OTHER) };
    let second = nws_acme::obtain(&liar, &world.account, &spec, &world.journal, &*world.clock)
        .await
        .unwrap();
    assert_ne!(second.leaf().serial(), first.leaf().serial());
    assert_eq!(root(&second), DEFAULT);
}
