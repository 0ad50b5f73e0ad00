use std::net::Ipv4Addr;

use nws_expiry::{DnsNames, KeyType};
use time::macros::datetime;

use super::*;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const WITHIN: Duration = Duration::minutes(15);
const EVERY: Duration = Duration::hours(6);

fn key(host: &str) -> CertificateKey {
    let names = DnsNames::from(host.parse::<DnsName>().unwrap());
    CertificateKey { names, key_type: KeyType::EcdsaP256, profile: None }
}

fn leaf(of: u8) -> Fingerprint {
    Fingerprint::of(&[of])
}

fn expected(host: &str, of: u8, served_at: Option<OffsetDateTime>) -> Expected {
    Expected { key: key(host), leaf: leaf(of), intermediates: vec![], served_at }
}

fn watching(all: Vec<Expected>) -> Watching {
    let watch = Watch { within: WITHIN, every: EVERY };
    let mut watching = Watching::new(watch, "here".into());
    watching.expect(NOON, all);
    watching
}

fn edge(of: u8) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::new(192, 0, 2, of), 443))
}

/// What each edge of the shop shows, the first being 1.
fn sights(shown: &[Sight]) -> Sights {
    let sight = |(of, sight): (u8, &Sight)| {
        ("shop.example".parse().unwrap(), Some(edge(of)), sight.clone())
    };
    (1..).zip(shown).map(sight).collect()
}

const ANOTHER: Sight = Sight::Another { ends: NOON };
const SILENT: Sight = Sight::OutOfReach;

/// A look some seconds after noon: what it brought, and how long it is until the next.
fn look(watching: &mut Watching, seconds: i64, shown: &[Sight]) -> (News, Duration) {
    let now = NOON + Duration::seconds(seconds);
    let due = watching.due(now, 10);
    assert_eq!(due.len(), 1, "{seconds} s: {due:?}");
    let news = watching.looked(now, (&key("shop.example"), leaf(1)), sights(shown));
    (news, watching.next_after(now).unwrap() - now)
}

fn seen(watching: &Watching) -> Seen {
    watching.seen(&key("shop.example"), leaf(1)).unwrap()
}

#[test]
fn after_a_push_it_is_looked_ever_less_often_until_all_edges_serve_it() {
    let mut watching = watching(vec![expected("shop.example", 1, None)]);
    let cases = [(0, 1), (1, 1), (2, 1), (4, 2), (60, 30), (600, 300)];
    for (at, pause) in cases {
        let (news, next) = look(&mut watching, at, &[Sight::Current, ANOTHER]);
        let serving = if at == 0 { vec![edge(1)] } else { vec![] };
        assert_eq!(news.serving, serving, "at {at} s");
        assert!(!news.is_served && !seen(&watching).is_late, "at {at} s");
        assert_eq!(next, Duration::seconds(pause), "at {at} s");
    }
    let (news, next) = look(&mut watching, 900, &[Sight::Current, Sight::Current]);
    let served = News { serving: vec![edge(2)], is_served: true, is_noteworthy: true };
    assert_eq!((news, next), (served, EVERY));
    assert_eq!(seen(&watching).served_at, Some(NOON + Duration::seconds(900)));
}

#[test]
fn who_is_late_is_told_once_and_looked_at_on() {
    let mut watching = watching(vec![expected("shop.example", 1, None)]);
    let told = [(0, true), (1, false), (900, true), (1200, false)].map(|(at, told)| {
        let (news, _) = look(&mut watching, at, &[Sight::Current, ANOTHER]);
        assert_eq!(news.is_noteworthy, told, "at {at} s");
        seen(&watching).is_late
    });
    assert_eq!(told, [false, false, true, true]);
    let [wrong] = &seen(&watching).wrong[..] else { panic!("{:?}", seen(&watching)) };
    assert_eq!((wrong.address, &wrong.sight), (Some(edge(2)), &ANOTHER));
}

#[test]
fn what_was_served_and_is_no_more_is_late_at_once() {
    let mut watching = watching(vec![expected("shop.example", 1, None)]);
    look(&mut watching, 0, &[Sight::Current]);
    let (news, next) = look(&mut watching, 6 * 3600, &[ANOTHER]);
    assert!(news.is_noteworthy && !news.is_served && seen(&watching).is_late);
    assert_eq!(next, STALE);
    let (news, next) = look(&mut watching, 6 * 3600 + 300, &[Sight::Current]);
    assert!(news.is_noteworthy && !news.is_served && seen(&watching).wrong.is_empty());
    assert_eq!(next, EVERY);
}

#[test]
fn who_says_now_has_looked_at_what_is_not_served() {
    let served = expected("blog.example", 1, Some(NOON));
    let mut watching = watching(vec![expected("shop.example", 1, None), served]);
    look(&mut watching, 900, &[ANOTHER]);
    let now = NOON + Duration::seconds(901);
    assert_eq!(watching.due(now, 10), []);
    watching.wait_no_longer(now);
    assert_eq!(watching.due(now, 10), [expected("shop.example", 1, None)]);
}

#[test]
fn what_cannot_be_reached_from_here_proves_nothing() {
    let mut watching = watching(vec![expected("shop.example", 1, None)]);
    assert!(!look(&mut watching, 0, &[SILENT]).0.is_served, "nobody was seen to serve it");
    assert!(look(&mut watching, 1, &[Sight::Current, SILENT]).0.is_served);
}

#[test]
fn a_successor_begins_anew_and_a_late_look_at_the_one_before_brings_nothing() {
    let mut watching = watching(vec![expected("shop.example", 1, None)]);
    look(&mut watching, 0, &[Sight::Current]);
    watching.expect(NOON, vec![expected("shop.example", 2, None)]);
    assert_eq!(watching.seen(&key("shop.example"), leaf(1)), None);
    assert_eq!(watching.seen(&key("shop.example"), leaf(2)), Some(Seen::default()));
    let stale = watching.looked(NOON, (&key("shop.example"), leaf(1)), sights(&[ANOTHER]));
    assert_eq!(stale, News::default());
    assert_eq!(watching.due(NOON, 10), [expected("shop.example", 2, None)]);
    watching.expect(NOON, vec![]);
    assert_eq!(watching.next_after(NOON), None, "nobody wants it any more");
}

#[test]
fn what_is_served_already_is_looked_at_in_turn_over_the_whole_time() {
    let hosts: Vec<_> = (0..200).map(|of| format!("h{of}.example")).collect();
    let all = hosts.iter().map(|host| expected(host, 1, Some(NOON))).collect();
    let mut watching = watching(all);
    let hours: Vec<_> =
        (1..=6).map(|hours| watching.due(NOON + Duration::hours(hours), 200).len()).collect();
    assert_eq!(hours.iter().sum::<usize>(), 200);
    assert!(hours.iter().all(|count| (15..60).contains(count)), "{hours:?}");
}
