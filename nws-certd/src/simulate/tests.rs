use clap::Parser as _;
use clap::error::ErrorKind;
use expect_test::expect;
use proptest::prelude::*;

use super::*;
use crate::args::{Args, Command};

fn parse(line: &str) -> Result<Simulate, clap::Error> {
    let words = ["nws-certd", "simulate"].into_iter().chain(line.split_whitespace());
    match Args::try_parse_from(words)?.command {
        Command::Simulate(asked) => Ok(*asked),
        _ => unreachable!("simulate was asked for"),
    }
}

fn summary(line: &str) -> Summary {
    simulated(&parse(line).unwrap()).unwrap().summary
}

/// Whether anything was missing, and what was refused.
fn fared(line: &str) -> (bool, u64) {
    let summary = summary(line);
    (summary.missed.expired + summary.missed.revoked > 0, summary.refused)
}

#[test]
fn in_a_steady_state_nothing_expires() {
    let base = "--certificates 60 --for 100d --new-per-day 1 --failures 3%";
    for lifetime in ["90d", "64d", "45d", "160h", "90d=50%,45d=30%,160h=20%"] {
        for ari in ["", "--no-ari"] {
            let line = format!("{base} --lifetime {lifetime} {ari}");
            assert_eq!(fared(&line), (false, 0), "{line}");
        }
    }
}

#[test]
fn an_outage_costs_what_it_is_longer_than_what_is_left() {
    let cases = [
        ("two days of 45", "--lifetime 45d --outage 2d", false),
        ("two weeks of 45, of which 15 days are left", "--lifetime 45d --outage 14d", false),
        ("15 days of them", "--lifetime 45d --outage 15d", true),
        ("two days of 160 hours, of which 80 hours are left", "--lifetime 160h --outage 2d", false),
        ("82 hours of them", "--lifetime 160h --outage 82h", true),
    ];
    for (case, line, expires) in cases {
        let line = format!("--certificates 200 --for 60d {line}");
        assert_eq!(fared(&line), (expires, 0), "{case}");
    }
}

#[test]
fn what_is_called_back_is_replaced_within_the_notice() {
    let base = "--certificates 500 --for 33d --revoke 500";
    let cases = [
        ("a day", "--notice 1d", false),
        ("a day, where orders take long", "--notice 1d --issue-time 30m", true),
        ("an hour, which is sooner than it is asked about", "--notice 1h", true),
        ("an hour, and an operator who knows", "--notice 1h --no-ari", false),
    ];
    for (case, line, is_late) in cases {
        assert_eq!(fared(&format!("{base} {line}")), (is_late, 0), "{case}");
    }
    let summary = summary("--certificates 100 --for 31d --revoke 100");
    assert_eq!(summary.orders.new, 0, "the names are known to the CA");
}

/// Certificates that another CA has issued, at ten new orders a day.
#[test]
fn an_import_that_is_feasible_is_in_time() {
    let base = "--new-orders 10/1d --for 40d --import 1d";
    let cases = [
        ("ten days before they end", "--certificates 100 --import-from 10d", false),
        ("nine, and ten orders at once", "--certificates 100 --import-from 9d", false),
        ("eight", "--certificates 100 --import-from 8d", true),
        (
            "with new names all the time",
            "--certificates 100 --import-from 10d --new-per-day 20",
            false,
        ),
        // The new names may have only what is spare before the 190 end, most of which are not due yet.
        (
            "with new names before any is due",
            "--certificates 190 --import-from 20d --lifetime 45d --new-per-day 20",
            false,
        ),
    ];
    for (case, line, expires) in cases {
        assert_eq!(fared(&format!("{base} {line}")), (expires, 0), "{case}");
    }
}

#[test]
fn the_same_seed_is_the_same_course() {
    let of = |seed: u32| {
        summary(&format!(
            "--certificates 100 --for 60d --failures 20% --new-per-day 4 --seed {seed}"
        ))
    };
    assert_eq!(of(7), of(7));
    assert_ne!(of(7), of(8));
}

#[test]
fn a_summary_is_one_screen() {
    let line = "--certificates 200 --lifetime 45d --new-per-day 5 --failures 2% --new-orders 2/12h --for 60d \
                --outage 2d --revoke 100 --revoke-at 40d";
    expect![[r#"
        200 certificates of 45d for 60d
        5 new a day
        2 % fail
        CA away for 2d after 30d
        100 called back after 40d, 1d of notice
        the limits of Let's Encrypt (new_orders 2/12h)
        8 orders at a time of 5s

        certificates at the end           429, and 68 names that wait for one
        orders                            794
          when the CA suggests            452
          for the same names              109
          new to the CA                   233
          failed                          12
        refused by the CA                 0
        ended unreplaced                  0
        least left at a renewal           12d 14h, 28.0 % of a lifetime
        largest backlog                   68 after 59d 15h
        longest wait, new names           14d 22h
        places for orders taken           0.0 %
        most used of new_orders           2 of 2 (2/12h)
        most used of registered_domain    1 of 50 (50/7days)
        most used of exact_set            2 of 5 (5/7days)
        most used of failed_validations   2 of 5 (5/1h)

        Nothing expired. The limit for new orders of the account binds first: orders waited for it after 10h 51m.
    "#]].assert_eq(&summary(line).text());
}

#[test]
fn a_verdict_names_what_expired_and_what_binds() {
    let cases = [
        (
            "--certificates 50 --for 10d",
            "Nothing expired. No limit made anything wait; what bounds the rest is how many orders run at a time, 0.0 % used.",
        ),
        (
            "--certificates 50 --for 10d --new-per-day 100 --failures 40%",
            "Nothing expired. No limit made anything wait; failed_validations comes closest, 60.0 % used.",
        ),
        (
            "--certificates 0 --new-per-day 12 --new-orders 4/1d --for 20d",
            "Nothing expired. The limit for new orders of the account binds first: orders waited for it after 11h 37m.",
        ),
        (
            "--certificates 50 --for 90d --import 1d --import-from 5d --new-orders 1/1d",
            "44 certificates EXPIRED. The limit for new orders of the account binds first: orders waited for it after 0s.",
        ),
    ];
    for (line, want) in cases {
        assert_eq!(summary(line).verdict, want, "{line}");
    }
}

#[test]
fn a_real_inventory_is_gone_on_with() {
    let certificate = |name: &str, from: &str, to: &str, ca: &str| {
        format!(
            r#"{{"names":["{name}","www.{name}"],"not_before":"{from}","not_after":"{to}","ca":{ca},
                "deliveries":[{{"namespace":"shop"}}],"stage":"pushed"}}"#
        )
    };
    let nothing = r#"{"names":["new.example"],"not_before":null,"not_after":null,"ca":null}"#;
    let known = certificate("a.example", "2026-11-01T00:00:00Z", "2027-01-30T00:00:00Z", r#""le""#);
    let foreign = certificate("b.example", "2026-11-01T00:00:00Z", "2027-01-30T00:00:00Z", "null");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("status.json");
    let text =
        format!(r#"{{"at":"2026-12-01T00:00:00Z","certificates":[{known},{foreign},{nothing}]}}"#);
    std::fs::write(&file, text).unwrap();
    let summary = summary(&format!("--inventory {} --for 60d", file.display()));
    let orders = &summary.orders;
    assert_eq!((summary.certificates.at_the_end, orders.suggested, orders.new), (3, 1, 2));
    assert_eq!((summary.refused, summary.missed.expired), (0, 0));
}

#[test]
fn what_makes_no_sense_is_refused_with_a_remedy() {
    let usage = [
        ("--certificates many", ErrorKind::ValueValidation),
        ("--lifetime 90", ErrorKind::ValueValidation),
        ("--failures 101%", ErrorKind::ValueValidation),
        ("--new-orders 300", ErrorKind::ValueValidation),
        ("--for ever", ErrorKind::ValueValidation),
        ("--limits buypass", ErrorKind::InvalidValue),
        ("--concurrency 0", ErrorKind::ValueValidation),
        ("--outage-at 3d", ErrorKind::MissingRequiredArgument),
        ("--notice 3d", ErrorKind::MissingRequiredArgument),
        ("--import-from 3d", ErrorKind::MissingRequiredArgument),
        ("--inventory a.json --certificates 3", ErrorKind::ArgumentConflict),
        ("--import 7d --revoke 3", ErrorKind::ArgumentConflict),
    ];
    for (line, want) in usage {
        assert_eq!(parse(line).unwrap_err().kind(), want, "{line}");
    }
    let cases = [
        (
            "--certificates 0",
            "there are no certificates and no new names; say --certificates or --new-per-day",
        ),
        ("--issue-time 0s", "an order takes some time; write for instance --issue-time 5s"),
        ("--for 0d", "no time passes; write for instance --for 1y"),
        (
            "--for 10d --outage 1d",
            "--outage-at 30d is not before the end of --for 10d; make one of them another",
        ),
        ("--certificates 3 --revoke 4", "--revoke 4 is more than there are certificates (3)"),
        ("--inventory nowhere.json", "cannot read the inventory nowhere.json"),
        (
            "--inventory Cargo.toml",
            "Cargo.toml is no inventory; write one with: nws-certd status --json",
        ),
        ("--certificates 1 --for 1d --plot no/where.svg", "cannot draw no/where.svg"),
    ];
    for (line, want) in cases {
        assert_eq!(simulate(&parse(line).unwrap()).unwrap_err().to_string(), want, "{line}");
    }
}

#[test]
fn a_picture_has_its_parameters_and_its_dates() {
    let done = simulated(&parse("--certificates 100 --lifetime 45d --for 90d").unwrap()).unwrap();
    let svg = plot::svg(&done.summary.title, &done.tally.series).unwrap();
    for text in ["100 certificates of 45d for 90d", "2027-01-01", "orders (an hour)", "(%)"] {
        assert!(svg.contains(text), "{text}");
    }
    assert!(svg.len() < 100_000, "{}", svg.len());
}

/// Worlds in which every limit is met, and time is short.
fn worlds() -> impl Strategy<Value = String> {
    let world = (0u32..40, 0u32..12, 1u32..8, 0u32..60, 1u32..5, 1u32..600);
    let world = world.prop_map(|(certificates, new, per_domain, failures, places, seconds)| {
        format!(
            "--certificates {certificates} --new-per-day {new} --names-per-domain {per_domain} --failures {failures}% \
             --concurrency {places} --issue-time {seconds}s --tenants 3"
        )
    });
    let limit = |name: &'static str| {
        (1u32..12, 1u32..200).prop_map(move |(burst, hours)| format!("--{name} {burst}/{hours}h"))
    };
    let limits = (
        limit("new-orders"),
        limit("registered-domain"),
        limit("exact-set"),
        limit("failed-validations"),
        prop::sample::select(vec![
            "",
            "--renewals counted",
            "--no-ari",
            "--renewals counted --no-ari",
        ]),
    );
    let lifetime = prop::sample::select(vec!["2d", "160h", "45d", "90d=50%,160h=50%"]);
    let event = prop::sample::select(vec![
        "",
        "--outage 2d --outage-at 5d",
        "--outage 10m --outage-at 1d",
        "--import 3d --import-from 10d",
        "--import 1d --import-from 1h --outage 1d --outage-at 1d",
    ]);
    (world, limits, lifetime, event, 0u32..9).prop_map(|(world, limits, lifetime, event, seed)| {
        let (a, b, c, d, e) = limits;
        format!("--for 20d {world} {a} {b} {c} {d} {e} --lifetime {lifetime} {event} --seed {seed}")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the limits and whatever happens: what the planner lets go, the CA takes.
    #[test]
    fn nothing_is_refused(line in worlds(), revoked in 0u32..20) {
        let asked = parse(&line).unwrap();
        let recall = asked.certificates >= revoked && asked.import.is_none();
        let line = if recall { format!("{line} --revoke {revoked} --revoke-at 4d") } else { line };
        prop_assume!(asked.certificates + asked.new_per_day > 0);
        prop_assert_eq!(summary(&line).refused, 0, "{}", line);
    }
}
