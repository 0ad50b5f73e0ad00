//! How long a certificate is to be valid, beside how long it is.

use time::Duration;

use super::Asking;
use crate::Delivered;
use crate::fault::{Fault, FaultReason};
use crate::reader::Stated;

/// Tells who asks for a lifetime that the certificate which is there does not have.
///
/// Only the CA decides that, and it may change its mind, so nothing is ordered for it. Before there is one, nobody knows.
pub(super) fn compare(askings: &[Asking], held: Option<&Delivered>, faults: &mut Vec<Fault>) {
    let Some(chain) = held.and_then(|held| held.chain.as_ref()) else { return };
    let got = chain.leaf().lifetime();
    for asking in askings {
        if let Stated::Value { value, field } = &asking.options.duration
            && differ_markedly(*value, got)
        {
            faults.push(fault(asking, field, *value, got));
        }
    }
}

/// By more than a tenth, and than what is made of an hour before and a second after.
fn differ_markedly(asked: Duration, got: Duration) -> bool {
    let difference = (asked - got).abs();
    difference > got / 10 && difference > Duration::HOUR * 2
}

fn fault(asking: &Asking, field: &str, asked: Duration, got: Duration) -> Fault {
    Fault {
        path: asking.source.path.clone(),
        document: Some(asking.source.document),
        field: Some(field.to_owned()),
        reason: FaultReason::AnotherDuration { asked: hours(asked), got: hours(got) },
        hosts: asking.names.certain.iter().map(ToString::to_string).collect(),
    }
}

/// As Go writes it, to the hour.
fn hours(duration: Duration) -> String {
    let hours = duration.whole_minutes().saturating_add(30) / 60;
    format!("{hours}h")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_lifetimes_differ() {
        let day = Duration::DAY;
        let cases = [
            (day * 90, day * 90 - Duration::SECOND, false),
            (day * 90, day * 84, false),
            (day * 90, day * 45, true),
            (day * 90, day * 365, true),
            (day * 7, Duration::hours(160), false),
            (Duration::HOUR, Duration::MINUTE * 3, false),
        ];
        for (asked, got, want) in cases {
            assert_eq!(differ_markedly(asked, got), want, "{asked} asked, {got} got");
        }
    }
}
