//! Since when Secrets are unwanted.

use nws_gitops::Known;

use super::*;

const SOURCE: &str = "apps/shop.yaml, document 1, Ingress shop/web, spec.tls[0]; apps/more.yaml, document 2, Ingress shop/more, spec.tls[0]";

fn key(name: &str) -> WantKey {
    WantKey { target: Default::default(), secret: format!("{name}/{name}-tls").parse().unwrap() }
}

fn at(hours: i64) -> OffsetDateTime {
    NOON + Duration::hours(hours)
}

/// Seen at that hour, with whether each is let go.
fn seen(hours: i64, secrets: &[(&str, bool)]) -> Step {
    let row =
        |(name, is_let_go): &(&str, bool)| UnwantedRow { key: key(name), is_let_go: *is_let_go };
    Step::Unwanted { secrets: secrets.iter().map(row).collect(), at: at(hours) }
}

async fn known(store: &SqliteStore, name: &str) -> Option<Known> {
    store.load().await.unwrap().unwanted.remove(&key(name))
}

#[tokio::test]
async fn it_is_unwanted_since_it_was_first_seen_so_over_restarts() {
    let bench = Bench::new().await;
    let certificate = Made::new("shop.example").certificate;
    let want = WantRow { key: key("shop"), certificate, source: SOURCE.into() };
    bench.store.write(Step::Wanted(vec![want])).await.unwrap();
    bench.store.write(seen(0, &[("shop", false)])).await.unwrap();
    bench.store.write(Step::Wanted(vec![])).await.unwrap();
    bench.store.write(seen(1, &[("blog", false), ("shop", false)])).await.unwrap();
    let later = bench.later().await;
    let sources = ["apps/shop.yaml", "apps/more.yaml"].map(|path| path.parse().unwrap()).into();
    let shop = Known { since: NOON, let_go_at: None, is_confirmed: false, sources };
    assert_eq!(known(&later, "shop").await, Some(shop.clone()));
    let blog = Known { since: at(1), sources: vec![], ..shop };
    assert_eq!(known(&later, "blog").await, Some(blog));
}

#[tokio::test]
async fn what_is_wanted_again_begins_anew() {
    let bench = Bench::new().await;
    for (hours, secrets) in [(0, &[("shop", true)][..]), (1, &[]), (2, &[("shop", true)])] {
        bench.store.write(seen(hours, secrets)).await.unwrap();
    }
    let shop = known(&bench.store, "shop").await.unwrap();
    assert_eq!((shop.since, shop.let_go_at), (at(2), Some(at(2))));
}

#[tokio::test]
async fn it_is_let_go_since_it_was_first_seen_so() {
    let bench = Bench::new().await;
    let mut told = Vec::new();
    for (hours, is_let_go) in [(0, false), (1, true), (2, true), (3, false), (4, true)] {
        bench.store.write(seen(hours, &[("shop", is_let_go)])).await.unwrap();
        let shop = known(&bench.store, "shop").await.unwrap();
        assert_eq!(shop.since, NOON);
        told.push(shop.let_go_at);
    }
    assert_eq!(told, [None, Some(at(1)), Some(at(1)), None, Some(at(4))]);
}

#[tokio::test]
async fn what_nobody_looked_at_for_more_than_a_day_begins_anew() {
    for (hours, since) in [(24, at(0)), (25, at(25)), (-5, at(0))] {
        let bench = Bench::new().await;
        bench.store.write(seen(0, &[("shop", true)])).await.unwrap();
        let confirmed = Step::RemovalConfirmed { secrets: vec![key("shop")], at: NOON };
        bench.store.write(confirmed).await.unwrap();
        bench.store.write(seen(hours, &[("shop", true)])).await.unwrap();
        let shop = known(&bench.store, "shop").await.unwrap();
        assert_eq!((shop.since, shop.let_go_at), (since, Some(since)), "{hours} h later");
        assert_eq!(shop.is_confirmed, since == NOON, "{hours} h later");
    }
}

#[tokio::test]
async fn a_person_confirms_what_is_unwanted_and_nothing_else() {
    let bench = Bench::new().await;
    bench.store.write(seen(0, &[("blog", false), ("shop", false)])).await.unwrap();
    let secrets = vec![key("shop"), key("wiki")];
    bench.store.write(Step::RemovalConfirmed { secrets, at: NOON }).await.unwrap();
    let facts = bench.later().await.load().await.unwrap();
    let told = facts.unwanted.values().map(|known| known.is_confirmed).collect::<Vec<_>>();
    assert_eq!(told, [false, true]);
    bench.store.write(seen(1, &[])).await.unwrap();
    bench.store.write(seen(2, &[("shop", false)])).await.unwrap();
    assert!(!known(&bench.store, "shop").await.unwrap().is_confirmed, "it was wanted since");
}
