//! Medians side by side, and which goals they meet.

use std::time::Duration;

use crate::bench::issue::clients::Sample;
use crate::bench::statistics::median;
use crate::{ink, table};

/// All that was measured with so many orders in flight.
pub(super) struct Level {
    pub(super) in_flight: usize,
    pub(super) measured: Vec<Measured>,
}

/// The medians of one client.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    client: &'static str,
    per_second: f64,
    slowest: f64,
    fastest: f64,
    client_ms: f64,
    ca_ms: f64,
}

const OURS: &str = "nws-certd";
const BARE: &str = "bare loop";
const LEGO: &str = "lego";

/// The least part of the bare loop's speed, by orders in flight.
const SPEED: [(usize, f64); 3] = [(1, 0.5), (32, 0.9), (128, 0.9)];
/// The most CPU for each certificate, in parts of the bare loop's, and of lego's.
const CPU_OF_BARE: f64 = 1.5;
const CPU_OF_LEGO: f64 = 0.1;

impl Measured {
    pub(super) fn of(client: &'static str, samples: &[Sample]) -> Self {
        let speeds = || samples.iter().map(|sample| sample.per_second);
        Self {
            client,
            per_second: median(speeds()),
            slowest: speeds().fold(f64::INFINITY, f64::min),
            fastest: speeds().fold(0.0, f64::max),
            client_ms: median(samples.iter().map(|sample| sample.client_ms)),
            ca_ms: median(samples.iter().map(|sample| sample.ca_ms)),
        }
    }
}

impl Level {
    fn of(&self, client: &str) -> Option<&Measured> {
        self.measured.iter().find(|measured| measured.client == client)
    }

    fn rows(&self) -> impl Iterator<Item = [String; 7]> {
        let bare = self.of(BARE);
        self.measured.iter().map(move |measured| {
            let ratio = |of: fn(&Measured) -> f64| {
                bare.map_or_else(String::new, |bare| format!("{:.2}", of(measured) / of(bare)))
            };
            let Measured { client, per_second, slowest, fastest, client_ms, ca_ms } = measured;
            [
                self.in_flight.to_string(),
                (*client).to_owned(),
                format!("{per_second:.2} [{slowest:.2}-{fastest:.2}]"),
                ratio(|measured| measured.per_second),
                format!("{client_ms:.2}"),
                ratio(|measured| measured.client_ms),
                format!("{ca_ms:.2}"),
            ]
        })
    }

    fn goals(&self, lego: Option<&Measured>) -> Vec<String> {
        let (Some(ours), Some(bare)) = (self.of(OURS), self.of(BARE)) else { return Vec::new() };
        let mut goals = Vec::new();
        if let Some((_, least)) = SPEED.iter().find(|(in_flight, _)| *in_flight == self.in_flight) {
            let found = ours.per_second / bare.per_second;
            let text = format!("{found:.2} of the bare loop's speed, at least {least}");
            goals.push(self.goal(found >= *least, &text));
        }
        let found = ours.client_ms / bare.client_ms;
        let text = format!("{found:.2} of the bare loop's CPU, at most {CPU_OF_BARE}");
        goals.push(self.goal(found <= CPU_OF_BARE, &text));
        if let Some(lego) = lego {
            let found = ours.client_ms / lego.client_ms;
            let text = format!("{found:.2} of lego's CPU, at most {CPU_OF_LEGO}");
            goals.push(self.goal(found <= CPU_OF_LEGO, &text));
        }
        goals
    }

    fn goal(&self, met: bool, text: &str) -> String {
        let met = if met { ink::green("met   ") } else { ink::red("missed") };
        format!("{met}  {} in flight: {text}\n", self.in_flight)
    }
}

pub(super) fn text(levels: &[Level], sync: Duration) -> String {
    let rows: Vec<_> = levels.iter().flat_map(Level::rows).collect();
    let header =
        ["IN FLIGHT", "CLIENT", "PER SECOND", "OF BARE", "CPU ms EACH", "OF BARE", "CA's CPU ms"];
    let lego = levels.iter().find_map(|level| level.of(LEGO));
    let goals: String = levels.iter().flat_map(|level| level.goals(lego)).collect();
    let sync = sync.as_secs_f64() * 1000.0;
    format!(
        "\n{}\n\nOne write of 4096 bytes is on this machine's disk after {sync:.2} ms (median of fsync).\n\n{goals}",
        table::render(header, &rows)
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use expect_test::expect;

    use super::{Level, Measured, text};
    use crate::bench::issue::clients::Sample;

    fn measured(client: &'static str, per_second: f64, client_ms: f64) -> Measured {
        let samples = [0.9, 1.0, 1.3].map(|factor| Sample {
            per_second: per_second * factor,
            client_ms,
            ca_ms: 7.0,
        });
        Measured::of(client, &samples)
    }

    #[test]
    fn a_miss_is_told_as_a_miss() {
        let one = Level {
            in_flight: 1,
            measured: vec![
                measured("nws-certd", 1.0, 6.0),
                measured("bare loop", 1.9, 4.1),
                measured("lego", 0.2, 50.0),
            ],
        };
        let many = Level {
            in_flight: 32,
            measured: vec![measured("nws-certd", 100.0, 2.5), measured("bare loop", 187.0, 1.7)],
        };
        expect![[r#"

            IN FLIGHT  CLIENT     PER SECOND              OF BARE  CPU ms EACH  OF BARE  CA's CPU ms
            1          nws-certd  1.00 [0.90-1.30]        0.53     6.00         1.46     7.00
            1          bare loop  1.90 [1.71-2.47]        1.00     4.10         1.00     7.00
            1          lego       0.20 [0.18-0.26]        0.11     50.00        12.20    7.00
            32         nws-certd  100.00 [90.00-130.00]   0.53     2.50         1.47     7.00
            32         bare loop  187.00 [168.30-243.10]  1.00     1.70         1.00     7.00

            One write of 4096 bytes is on this machine's disk after 1.23 ms (median of fsync).

            met     1 in flight: 0.53 of the bare loop's speed, at least 0.5
            met     1 in flight: 1.46 of the bare loop's CPU, at most 1.5
            missed  1 in flight: 0.12 of lego's CPU, at most 0.1
            missed  32 in flight: 0.53 of the bare loop's speed, at least 0.9
            met     32 in flight: 1.47 of the bare loop's CPU, at most 1.5
            met     32 in flight: 0.05 of lego's CPU, at most 0.1
        "#]]
        .assert_eq(&text(&[one, many], Duration::from_micros(1234)));
    }
}
