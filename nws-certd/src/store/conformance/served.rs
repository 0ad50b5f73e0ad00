//! What edges were seen to serve.

use std::net::IpAddr;

use super::*;

fn seen(made: &Made, leaf: u8, addresses: &[&str], by_all: bool, minutes: i64) -> Step {
    let seen = SightFacts {
        fingerprint: Fingerprint::of(&[leaf]),
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        by_all,
        at: NOON + Duration::minutes(minutes),
    };
    Step::SeenServed { certificate: made.certificate.clone(), seen }
}

async fn served(store: &SqliteStore, made: &Made) -> Vec<(IpAddr, Fingerprint, i64)> {
    let history = store.history(&made.certificate).await.unwrap();
    let one = |one: &ServedFacts| (one.address, one.fingerprint, (one.at - NOON).whole_minutes());
    history.served.iter().map(one).collect()
}

async fn by_all(store: &SqliteStore) -> Option<(Fingerprint, OffsetDateTime)> {
    store.load().await.unwrap().certificates[0].served
}

#[tokio::test]
async fn each_address_is_kept_with_when_it_came() {
    let bench = Bench::new().await;
    let made = Made::new("shop.example");
    let [one, two, six] = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
    bench.store.write(seen(&made, 1, &[two, six], false, 1)).await.unwrap();
    assert_eq!(by_all(&bench.store).await, None);
    bench.store.write(seen(&made, 1, &[one], true, 5)).await.unwrap();
    let later = bench.later().await;
    let leaf = Fingerprint::of(&[1]);
    let [one, two, six] = [one, two, six].map(|address| address.parse().unwrap());
    assert_eq!(served(&later, &made).await, [(two, leaf, 1), (six, leaf, 1), (one, leaf, 5)]);
    assert_eq!(by_all(&later).await, Some((leaf, NOON + Duration::minutes(5))));
}

#[tokio::test]
async fn the_one_before_stays_until_all_serve_its_successor() {
    let bench = Bench::new().await;
    let made = Made::new("shop.example");
    let [one, two] = ["192.0.2.1", "192.0.2.2"].map(|address| address.parse().unwrap());
    let [before, after] = [1, 2].map(|leaf| Fingerprint::of(&[leaf]));
    let steps = [
        (
            seen(&made, 1, &["192.0.2.1", "192.0.2.2"], true, 1),
            vec![(one, before, 1), (two, before, 1)],
        ),
        (seen(&made, 2, &["192.0.2.2"], false, 60), vec![(one, before, 1), (two, after, 60)]),
        (seen(&made, 2, &[], true, 70), vec![(two, after, 60)]),
    ];
    for (step, want) in steps {
        bench.store.write(step).await.unwrap();
        assert_eq!(served(&bench.store, &made).await, want);
    }
    assert_eq!(by_all(&bench.store).await.map(|(leaf, _)| leaf), Some(after));
}
