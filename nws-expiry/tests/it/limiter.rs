//! No plan is refused: whatever is let go is put to a CA that keeps its limits in another way.

use nws_expiry::allot::{Book, Kind, Tenants, Work, allot};
use nws_expiry::budget::{Claim, Exemption, Ledger, Limits, Renewals};
use nws_expiry::{DnsNames, Urgency};
use proptest::prelude::*;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::ca::{Ca, Order, Rate, Rates};
use crate::made::names;

const START: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

/// Names that share registered domains, and with each other.
const WANTED: [&str; 9] = [
    "a.one.com",
    "b.one.com",
    "c.one.com",
    "a.one.com b.one.com",
    "a.two.com",
    "b.two.com c.two.com",
    "a.two.com x.three.com",
    "x.three.com",
    "y.three.com",
];

/// What happens next in a world.
#[derive(Clone, Debug)]
enum Event {
    /// Time passes.
    Pass(Duration),
    /// Of these certificates it is found that they are due, all at once.
    Plan(Vec<bool>),
    /// One of the orders under way brings its certificate.
    Issue(prop::sample::Index, i64),
    /// One of the orders under way fails for one of its names.
    Fail(prop::sample::Index, prop::sample::Index),
    /// One of the orders under way comes to nothing, and no name is to blame.
    Abandon(prop::sample::Index),
}

fn event() -> impl Strategy<Value = Event> {
    let pass = |most: i64| (0..most).prop_map(|seconds| Event::Pass(Duration::seconds(seconds)));
    let index = any::<prop::sample::Index>;
    prop_oneof![
        2 => pass(60),
        3 => pass(7200),
        2 => pass(90_000),
        1 => pass(2_000_000),
        1 => pass(13_000_000),
        5 => prop::collection::vec(any::<bool>(), WANTED.len()).prop_map(Event::Plan),
        5 => (index(), 6i64..91).prop_map(|(which, days)| Event::Issue(which, days)),
        2 => (index(), index()).prop_map(|(which, name)| Event::Fail(which, name)),
        1 => index().prop_map(Event::Abandon),
    ]
}

fn rates() -> impl Strategy<Value = Rates> {
    let rate = |most: u32, seconds: i64| {
        (1..=most, seconds / 20..=seconds)
            .prop_map(|(burst, each)| Rate(burst, Duration::seconds(each)))
    };
    let own = (rate(6, 7200), rate(5, 40_000), rate(4, 200_000), rate(4, 2000));
    own.prop_map(|(new_orders, domain, set, failures)| Rates { new_orders, domain, set, failures })
}

/// What our side knows.
struct Planner {
    wanted: Vec<Wanted>,
    ledger: Ledger,
    tenants: Tenants,
}

struct Wanted {
    names: DnsNames,
    have: Option<usize>,
    under_way: Option<(Order, Exemption)>,
}

impl Planner {
    fn new(rates: &Rates) -> Self {
        let wanted = |hosts| Wanted { names: names(hosts), have: None, under_way: None };
        let limits = Limits {
            new_orders: rates.new_orders.limit(),
            registered_domain: rates.domain.limit(),
            exact_set: rates.set.limit(),
            failed_validations: rates.failures.limit(),
            renewals: Renewals::Free,
        };
        let wanted = WANTED.into_iter().map(wanted).collect();
        Self { wanted, ledger: Ledger::new(limits), tenants: Tenants::default() }
    }

    /// What is to be ordered now, and what each is exempt from.
    fn plan(&self, now: OffsetDateTime, ca: &Ca, due: &[bool]) -> Vec<(usize, Exemption)> {
        let idle = |(key, _): &(usize, &Wanted)| due[*key] && self.wanted[*key].under_way.is_none();
        let claims = self.wanted.iter().enumerate().filter(idle).map(|(key, wanted)| {
            let exemption = wanted.have.map_or(Exemption::None, |have| {
                Exemption::of_renewal(now, ca.certificate(have).validity, Some(ca.window(have)))
            });
            let urgency = wanted.have.map_or(Urgency::Nothing, |have| {
                Urgency::Ends(ca.certificate(have).validity.not_after())
            });
            (key, exemption, urgency)
        });
        let claims = claims.collect::<Vec<_>>();
        let works = claims.iter().map(|&(key, exemption, urgency)| Work {
            key,
            ca: 0,
            tenant: ["a", "b"][key % 2],
            claim: Claim { names: &self.wanted[key].names, exemption },
            urgency,
            since: now,
            have: None,
        });
        let books = [Book { ledger: &self.ledger, ahead: &[] }];
        let go = allot(now, works.collect(), &books, &self.tenants).go;
        let exemption = |key| claims.iter().find(|claim| claim.0 == key).unwrap().1;
        go.into_iter().map(|key| (key, exemption(key))).collect()
    }
}

/// Both sides, and what was said between them.
struct World {
    now: OffsetDateTime,
    ca: Ca,
    planner: Planner,
}

impl World {
    fn new(rates: Rates) -> Self {
        Self { now: START, planner: Planner::new(&rates), ca: Ca::new(rates, START) }
    }

    fn happens(&mut self, event: &Event) -> Result<(), TestCaseError> {
        match event {
            Event::Pass(time) => self.now += *time,
            Event::Plan(due) => self.order(due)?,
            Event::Issue(which, days) => self.issue(which, Duration::days(*days)),
            Event::Fail(which, name) => self.fail(which, name),
            Event::Abandon(which) => {
                if let Some((_, order)) = self.ended(which, Ledger::give_back) {
                    self.ca.end(&order);
                }
            }
        }
        Ok(())
    }

    fn order(&mut self, due: &[bool]) -> Result<(), TestCaseError> {
        let Self { now, ca, planner } = self;
        for (key, exemption) in planner.plan(*now, ca, due) {
            let wanted = &mut planner.wanted[key];
            let claim = Claim { names: &wanted.names, exemption };
            planner.ledger.take(*now, &claim);
            planner.tenants.begun(*now, ["a", "b"][key % 2], Kind::Renewal);
            let taken = ca.new_order(*now, &wanted.names, wanted.have);
            let order = taken.map_err(|used_up| {
                TestCaseError::fail(format!("{} as {exemption:?}: {used_up} used up", wanted.names))
            })?;
            wanted.under_way = Some((order, exemption));
        }
        Ok(())
    }

    /// Ends one of the orders under way, if any is.
    fn ended(
        &mut self,
        which: &prop::sample::Index,
        counted: impl FnOnce(&mut Ledger, &Claim<'_>),
    ) -> Option<(usize, Order)> {
        let wanted = self.planner.wanted.iter();
        let under_way = wanted.enumerate().filter(|(_, wanted)| wanted.under_way.is_some());
        let keys: Vec<_> = under_way.map(|(key, _)| key).collect();
        let key = *keys.get(which.index(keys.len().max(1)))?;
        let (order, exemption) = self.planner.wanted[key].under_way.take()?;
        counted(&mut self.planner.ledger, &Claim { names: &order.names, exemption });
        self.planner.tenants.ended(["a", "b"][key % 2], Kind::Renewal);
        Some((key, order))
    }

    fn issue(&mut self, which: &prop::sample::Index, lifetime: Duration) {
        let now = self.now;
        if let Some((key, order)) = self.ended(which, |ledger, claim| {
            ledger.issued(now, claim);
        }) {
            self.planner.wanted[key].have = Some(self.ca.issue(now, order, lifetime));
        }
    }

    fn fail(&mut self, which: &prop::sample::Index, name: &prop::sample::Index) {
        let now = self.now;
        let to_blame =
            |names: &DnsNames| names.iter().nth(name.index(names.len())).unwrap().clone();
        let failed = |ledger: &mut Ledger, claim: &Claim<'_>| {
            ledger.failed(now, &to_blame(claim.names));
            ledger.give_back(claim);
        };
        if let Some((_, order)) = self.ended(which, failed) {
            self.ca.fail(now, &to_blame(&order.names));
            self.ca.end(&order);
        }
    }
}

proptest! {
    /// Whatever was ordered, issued, failed or given up before, and whenever: the CA takes every order that a plan lets go.
    #[test]
    fn no_plan_is_refused(rates in rates(), events in prop::collection::vec(event(), 1..100)) {
        let mut world = World::new(rates);
        for event in &events {
            world.happens(event)?;
        }
    }
}
