//! What came of it.

mod text;
pub(super) use text::number;

use nws_expiry::budget::{Limit, LimitKind, Limits};
use serde::Serialize;
use time::Duration;

use super::ca::Ca;
use super::certificate::Had;
use super::options::Simulate;
use super::settings::Settings;
use super::span::Span;
use super::tally::Tally;
use super::world::World;

/// The figures of one simulation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Summary {
    /// What was simulated, in words.
    pub(super) title: String,
    pub(super) certificates: CertificateFigures,
    pub(super) orders: OrderFigures,
    /// Orders that the CA would have refused.
    pub(super) refused: u64,
    /// What ended, or was revoked, before it was replaced.
    pub(super) missed: Missed,
    /// The least that was left when a certificate was replaced, in seconds.
    pub(super) least_left_s: Option<i64>,
    /// The same as part of the lifetime: the least of all.
    pub(super) least_left_part: Option<f64>,
    pub(super) backlog: Backlog,
    /// The longest time from when a name was asked for to its first certificate, in seconds.
    pub(super) longest_wait_s: Option<i64>,
    pub(super) limits: Vec<LimitUse>,
    /// The part of the places for orders that were taken.
    pub(super) busy: f64,
    /// Which limit made an order wait first.
    pub(super) binds: Option<&'static str>,
    pub(super) verdict: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct CertificateFigures {
    pub(super) at_the_end: usize,
    /// Names that still wait for their first one.
    pub(super) unserved: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct OrderFigures {
    pub(super) all: u64,
    /// In the window that the CA suggested: exempt from all limits.
    pub(super) suggested: u64,
    /// For the same names as before: exempt from the limits for new orders and domains.
    pub(super) same_names: u64,
    pub(super) new: u64,
    pub(super) failed: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Missed {
    pub(super) expired: u64,
    pub(super) revoked: u64,
    /// For how long names were without one, together.
    pub(super) without_s: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Backlog {
    pub(super) largest: usize,
    /// How long after the beginning.
    pub(super) after_s: i64,
}

/// A limit, and the most that was used of it at a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct LimitUse {
    pub(super) limit: &'static str,
    pub(super) allows: String,
    pub(super) most: i64,
    pub(super) of: u32,
}

impl Summary {
    pub(super) fn of(
        title: String,
        settings: &Settings,
        tally: &Tally,
        ca: &Ca,
        world: &World,
    ) -> Self {
        let had = world.certificates.iter().filter(|one| one.had != Had::Nothing).count();
        let seconds = |span: Duration| span.whole_seconds();
        let mut summary = Self {
            title,
            certificates: CertificateFigures { at_the_end: had, unserved: tally.unserved },
            orders: OrderFigures {
                all: tally.orders(),
                suggested: tally.suggested,
                same_names: tally.same_names,
                new: tally.new,
                failed: tally.failed,
            },
            refused: tally.refused.all(),
            missed: Missed {
                expired: tally.expired,
                revoked: tally.revoked,
                without_s: seconds(tally.without),
            },
            least_left_s: tally.least_left.map(seconds),
            least_left_part: tally.least_part,
            backlog: Backlog {
                largest: tally.largest_backlog,
                after_s: seconds(tally.largest_backlog_at - world.epoch.0),
            },
            longest_wait_s: tally.longest_wait.map(seconds),
            limits: uses(&settings.limits, ca),
            busy: busy(settings, tally.orders()),
            binds: tally.binds.map(|(_, kind)| kind.as_str()),
            verdict: String::new(),
        };
        summary.verdict = text::verdict(&summary, tally.binds, world.epoch.0);
        summary
    }
}

fn uses(limits: &Limits, ca: &Ca) -> Vec<LimitUse> {
    let peaks = ca.peaks;
    let most = |kind| match kind {
        LimitKind::NewOrders => peaks.new_orders,
        LimitKind::RegisteredDomain => peaks.registered_domain,
        LimitKind::ExactSet => peaks.exact_set,
        LimitKind::FailedValidations => peaks.failed_validations,
    };
    let used = |kind: LimitKind, limit: Limit| LimitUse {
        limit: kind.as_str(),
        allows: limit.to_string(),
        most: most(kind),
        of: limit.burst(),
    };
    LimitKind::ALL.into_iter().filter_map(|kind| Some(used(kind, limits.get(kind)?))).collect()
}

fn busy(settings: &Settings, orders: u64) -> f64 {
    let (orders, places) = (orders as f64, settings.concurrency as f64);
    orders * (settings.issue_time / settings.length) / places
}

/// What is simulated, in one line.
pub(in crate::simulate) fn title(
    asked: &Simulate,
    certificates: usize,
    settings: &Settings,
) -> String {
    let lifetime = match (&settings.lifetime, &asked.inventory) {
        (Some(mix), _) => format!(" of {mix}"),
        (None, Some(_)) => String::new(),
        (None, None) => " of 90d".into(),
    };
    let mut parts =
        vec![format!("{} certificates{lifetime} for {}", number(certificates), asked.length)];
    if settings.new_per_day > 0 {
        parts.push(format!("{} new a day", number(settings.new_per_day)));
    }
    if let Some(within) = asked.import {
        let from = asked.import_from;
        parts.push(format!("all from another CA, ending within {within} from {from} on"));
    }
    if settings.failures > 0.0 {
        parts.push(format!("{} fail", asked.failures));
    }
    if let Some(outage) = asked.outage {
        parts.push(format!("CA away for {outage} after {}", asked.outage_at));
    }
    if let Some(revoked) = asked.revoke {
        let (at, notice) = (asked.revoke_at, asked.notice);
        parts.push(format!("{} called back after {at}, {notice} of notice", number(revoked)));
    }
    parts.push(format!("{}{}", asked.limits.text(), other_limits(asked)));
    parts.push(format!("{} orders at a time of {}", asked.concurrency, asked.issue_time));
    parts.join("; ")
}

fn other_limits(asked: &Simulate) -> String {
    let limits = asked.limits();
    let said = [
        (LimitKind::NewOrders, asked.new_orders),
        (LimitKind::RegisteredDomain, asked.registered_domain),
        (LimitKind::ExactSet, asked.exact_set),
        (LimitKind::FailedValidations, asked.failed_validations),
    ];
    let mut texts: Vec<_> = said
        .into_iter()
        .filter_map(|(kind, limit)| Some(format!("{} {}", kind.as_str(), limit?)))
        .collect();
    if let Some(_counting) = asked.renewals {
        texts.push(format!("renewals {:?}", limits.renewals).to_lowercase());
    }
    if asked.no_ari {
        texts.push("no ARI".into());
    }
    if texts.is_empty() { String::new() } else { format!(" ({})", texts.join(", ")) }
}

/// A time, shown.
pub(super) fn span(seconds: i64) -> String {
    Span::of(Duration::seconds(seconds)).to_string()
}
