//! A CA of Boulder's kind, as far as its limits go: plain token buckets, written apart from the arithmetic they are a measure of.
//!
//! facts: Boulder `ratelimits/transaction.go` NewOrderLimitTransactions, `wfe2/wfe.go` NewOrder and validateReplacementOrder,
//! `ra/ra.go` countCertificateIssued and countFailedValidations, `core/objects.go` RenewalInfoSimple and IsWithin.

use std::collections::HashMap;

use nws_expiry::budget::Limit;
use nws_expiry::{DnsName, DnsNames, Validity, Window};
use time::{Duration, OffsetDateTime};

/// Tokens of which one costs an interval, and which grow with the time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokens {
    held: Duration,
    most: Duration,
    each: Duration,
    at: OffsetDateTime,
}

impl Tokens {
    pub(crate) fn full(burst: u32, each: Duration, at: OffsetDateTime) -> Self {
        Self { held: each * burst, most: each * burst, each, at }
    }

    fn refill(&mut self, now: OffsetDateTime) {
        self.held = self.most.min(self.held + (now - self.at));
        self.at = now;
    }

    pub(crate) fn has_one(&mut self, now: OffsetDateTime) -> bool {
        self.refill(now);
        self.held >= self.each
    }

    pub(crate) fn spend(&mut self, now: OffsetDateTime) {
        self.refill(now);
        self.held -= self.each;
    }
}

/// How many, and an interval for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate(pub(crate) u32, pub(crate) Duration);

impl Rate {
    pub(crate) fn limit(self) -> Option<Limit> {
        Limit::new(self.0.try_into().unwrap(), self.1 * self.0)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Rates {
    pub(crate) new_orders: Rate,
    pub(crate) domain: Rate,
    pub(crate) set: Rate,
    pub(crate) failures: Rate,
}

#[derive(Debug)]
pub(crate) struct Ca {
    rates: Rates,
    orders: Tokens,
    domains: HashMap<String, Tokens>,
    sets: HashMap<DnsNames, Tokens>,
    failures: HashMap<DnsName, Tokens>,
    issued: Vec<Certificate>,
}

#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    names: DnsNames,
    at: OffsetDateTime,
    pub(crate) validity: Validity,
    is_replaced: bool,
}

/// An order that the CA took.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) names: DnsNames,
    is_renewal: bool,
    replaces: Option<usize>,
}

impl Ca {
    pub(crate) fn new(rates: Rates, at: OffsetDateTime) -> Self {
        let orders = Tokens::full(rates.new_orders.0, rates.new_orders.1, at);
        let (domains, sets, failures) = Default::default();
        Self { rates, orders, domains, sets, failures, issued: Vec::new() }
    }

    /// Takes an order or says what is used up.
    pub(crate) fn new_order(
        &mut self,
        now: OffsetDateTime,
        names: &DnsNames,
        replaces: Option<usize>,
    ) -> Result<Order, String> {
        let replaces = replaces.filter(|number| !self.issued[*number].is_replaced);
        let order = |is_renewal| Order { names: names.clone(), is_renewal, replaces };
        if let Some(number) = replaces {
            let window = self.window(number);
            self.issued[number].is_replaced = true;
            if window.start() <= now && now < window.end() {
                return Ok(order(true));
            }
        }
        let is_renewal = self
            .issued
            .iter()
            .any(|other| other.names == *names && now - other.at < Duration::days(120));
        if !is_renewal && !self.orders.has_one(now) {
            return Err("new orders".into());
        }
        for domain in registered(names).into_iter().filter(|_| !is_renewal) {
            if !of(&mut self.domains, domain.clone(), self.rates.domain, now).has_one(now) {
                return Err(domain);
            }
        }
        if !of(&mut self.sets, names.clone(), self.rates.set, now).has_one(now) {
            return Err(format!("exactly {names}"));
        }
        for name in names {
            if !of(&mut self.failures, name.clone(), self.rates.failures, now).has_one(now) {
                return Err(format!("failures of {name}"));
            }
        }
        if !is_renewal {
            self.orders.spend(now);
        }
        Ok(order(is_renewal))
    }

    /// Issues, and says which one it is; backdated by an hour, as Let's Encrypt does it.
    pub(crate) fn issue(&mut self, now: OffsetDateTime, order: Order, lifetime: Duration) -> usize {
        let Order { names, is_renewal, .. } = order;
        for domain in registered(&names).into_iter().filter(|_| !is_renewal) {
            of(&mut self.domains, domain, self.rates.domain, now).spend(now);
        }
        of(&mut self.sets, names.clone(), self.rates.set, now).spend(now);
        let from = now - Duration::HOUR;
        let validity = Validity::new(from, from + lifetime).unwrap();
        self.issued.push(Certificate { names, at: now, validity, is_replaced: false });
        self.issued.len() - 1
    }

    /// The order has become invalid, so that what it replaced has no successor.
    pub(crate) fn end(&mut self, order: &Order) {
        if let Some(number) = order.replaces {
            self.issued[number].is_replaced = false;
        }
    }

    pub(crate) fn fail(&mut self, now: OffsetDateTime, name: &DnsName) {
        of(&mut self.failures, name.clone(), self.rates.failures, now).spend(now);
    }

    pub(crate) fn certificate(&self, number: usize) -> &Certificate {
        &self.issued[number]
    }

    /// A hundredth of the lifetime to both sides of two thirds of it.
    pub(crate) fn window(&self, number: usize) -> Window {
        let Certificate { at, validity, .. } = &self.issued[number];
        let (middle, part) = (*at + validity.lifetime() * 2 / 3, validity.lifetime() / 100);
        Window::new(middle - part, middle + part).unwrap()
    }
}

fn of<K: Eq + std::hash::Hash>(
    all: &mut HashMap<K, Tokens>,
    key: K,
    rate: Rate,
    now: OffsetDateTime,
) -> &mut Tokens {
    all.entry(key).or_insert_with(|| Tokens::full(rate.0, rate.1, now))
}

/// The last two labels, which is right for the names that are tried.
fn registered(names: &DnsNames) -> Vec<String> {
    let last_two = |name: &DnsName| {
        let labels: Vec<_> = name.as_str().rsplit('.').take(2).collect();
        format!("{}.{}", labels[1], labels[0])
    };
    let mut domains: Vec<_> = names.iter().map(last_two).collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}
