//! Durations as Go writes them, and so Kubernetes: `2160h`, `1h30m`, `1.5h`.

use time::Duration;

/// Longer is no certificate.
const LONGEST: f64 = 1e9;

/// Reads one of at least a second, to the second.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds) = (text.strip_prefix('+').unwrap_or(text), 0.0_f64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, from_unit) = rest.split_at(end);
        let next = from_unit.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, after) = from_unit.split_at(next.unwrap_or(from_unit.len()));
        seconds += number.parse::<f64>().ok()? * of_unit(unit)?;
        rest = after;
    }
    (1.0..=LONGEST).contains(&seconds).then(|| Duration::seconds_f64(seconds.trunc()))
}

fn of_unit(unit: &str) -> Option<f64> {
    Some(match unit {
        "h" => 3600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads() {
        let cases = [
            ("2160h", Some(2160 * 3600)),
            ("2160h0m0s", Some(2160 * 3600)),
            ("1h30m", Some(5400)),
            ("1.5h", Some(5400)),
            ("+90s", Some(90)),
            (".5m", Some(30)),
            ("1500ms", Some(1)),
            ("0s", None),
            ("500ms", None),
            ("-1h", None),
            ("90d", None),
            ("90", None),
            ("h", None),
            ("1..5h", None),
            ("", None),
            ("1 h", None),
            ("9999999999999999999999h", None),
        ];
        for (text, want) in cases {
            assert_eq!(parse(text), want.map(Duration::seconds), "{text:?}");
        }
    }
}
