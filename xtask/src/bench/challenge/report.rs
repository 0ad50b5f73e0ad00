//! Medians by server, and which goals are met.

use std::num::NonZeroUsize;

use super::load::Sample;
use super::servers::Kind;
use crate::bench::statistics::median;
use crate::{ink, table};

/// All samples of one server at one number of connections.
pub(super) struct Measured {
    pub(super) kind: Kind,
    pub(super) connections: NonZeroUsize,
    pub(super) samples: Vec<Sample>,
}

impl Measured {
    pub(super) fn new(kind: Kind, connections: NonZeroUsize) -> Self {
        Self { kind, connections, samples: Vec::new() }
    }

    fn rate(&self) -> f64 {
        median(self.samples.iter().map(Sample::rate))
    }

    fn rate_of_busy_core(&self) -> f64 {
        median(self.samples.iter().map(Sample::rate_of_busy_core))
    }

    fn p99_ms(&self) -> f64 {
        median(self.samples.iter().map(Sample::p99_ms))
    }

    fn row(&self) -> [String; 7] {
        let rates = self.samples.iter().map(Sample::rate_of_busy_core);
        let (least, most) = rates
            .fold((f64::MAX, 0.0_f64), |(least, most), rate| (least.min(rate), most.max(rate)));
        [
            self.connections.to_string(),
            self.kind.name().to_owned(),
            format!("{:.0}", self.rate()),
            format!("{:.0}", self.rate_of_busy_core()),
            format!("{least:.0} to {most:.0}"),
            format!("{:.3}", median(self.samples.iter().map(Sample::p50_ms))),
            format!("{:.3}", self.p99_ms()),
        ]
    }
}

pub(super) fn text(all: &[Measured]) -> String {
    let header = ["CONNECTIONS", "SERVER", "REQUESTS/s", "A CORE", "SPREAD", "p50 ms", "p99 ms"];
    let rows: Vec<_> = all.iter().map(Measured::row).collect();
    let mut levels: Vec<_> = all.iter().map(|one| one.connections).collect();
    levels.dedup();
    let goals: String = levels.into_iter().map(|level| goals(all, level)).collect();
    format!("\n{}\n\n{goals}", table::render(header, &rows))
}

/// What has to hold at one number of connections.
fn goals(all: &[Measured], connections: NonZeroUsize) -> String {
    let of = |kind| all.iter().find(|one| one.kind == kind && one.connections == connections);
    let rate = |kind| of(kind).map_or(0.0, Measured::rate_of_busy_core);
    let p99 = |kind| of(kind).map_or(0.0, Measured::p99_ms);
    let nginx = [Kind::NginxWithSendfile, Kind::Nginx];
    let nginx = if rate(nginx[0]) < rate(nginx[1]) { nginx[1] } else { nginx[0] };
    let ours = rate(Kind::Ours);
    let rates = [
        ("nginx", ours, rate(nginx), 1.5),
        ("HAProxy stateless", ours, rate(Kind::Haproxy), 1.0),
        ("its own with ten, with a million", rate(Kind::OursWithMany), ours, 0.9),
        (
            "HAProxy to nginx, behind HAProxy",
            rate(Kind::HaproxyToOurs),
            rate(Kind::HaproxyToNginx),
            1.0,
        ),
    ];
    let rates = rates.map(|(other, ours, theirs, goal)| {
        let ratio = ours / theirs;
        let met = verdict(goal <= ratio);
        format!("{met}  {connections:>2} connections: {ratio:.2} x {other}, at least {goal:.1}\n")
    });
    let tails = [("nginx", nginx), ("HAProxy stateless", Kind::Haproxy)].map(|(other, kind)| {
        let (ours, theirs) = (p99(Kind::Ours), p99(kind));
        let met = verdict(ours <= theirs);
        format!("{met}  {connections:>2} connections: p99 {ours:.3} ms, at most that of {other}, {theirs:.3}\n")
    });
    rates.concat() + &tails.concat()
}

fn verdict(met: bool) -> String {
    if met { ink::green("met   ") } else { ink::red("missed") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect;

    use super::*;

    #[test]
    fn what_is_told_are_medians_and_a_miss_is_told_as_a_miss() {
        let rates = [60_000, 50_000, 60_000, 53_999, 40_000, 20_000, 20_001];
        let connections = NonZeroUsize::MIN;
        let all: Vec<_> = Kind::ALL
            .into_iter()
            .zip(rates)
            .map(|(kind, rate)| {
                let p99 = rate / 10;
                let busy = Duration::from_millis(800);
                let samples =
                    [rate - 1000, rate, rate + 2000].map(|rate| Sample::of(rate, (100, p99), busy));
                Measured { samples: samples.into(), ..Measured::new(kind, connections) }
            })
            .collect();
        expect![[r#"

            CONNECTIONS  SERVER                    REQUESTS/s  A CORE  SPREAD          p50 ms  p99 ms
            1            nws-challenge             60000       75000   73750 to 77500  0.100   6.000
            1            nginx, sendfile           50000       62500   61250 to 65000  0.100   5.000
            1            HAProxy stateless         60000       75000   73750 to 77500  0.100   6.000
            1            nws-challenge, a million  53999       67499   66249 to 69999  0.100   5.399
            1            nginx                     40000       50000   48750 to 52500  0.100   4.000
            1            HAProxy to nws-challenge  20000       25000   23750 to 27500  0.100   2.000
            1            HAProxy to nginx          20001       25001   23751 to 27501  0.100   2.000

            missed   1 connections: 1.20 x nginx, at least 1.5
            met      1 connections: 1.00 x HAProxy stateless, at least 1.0
            missed   1 connections: 0.90 x its own with ten, with a million, at least 0.9
            missed   1 connections: 1.00 x HAProxy to nginx, behind HAProxy, at least 1.0
            missed   1 connections: p99 6.000 ms, at most that of nginx, 5.000
            met      1 connections: p99 6.000 ms, at most that of HAProxy stateless, 6.000
        "#]]
        .assert_eq(&text(&all));
    }
}
