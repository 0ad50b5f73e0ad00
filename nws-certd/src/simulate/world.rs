//! What there is at the beginning, and what becomes of it.

use nws_expiry::budget::Exemption;
use nws_expiry::{DnsNames, Policy, Spread, SweepTime, Timing, Window};
use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::certificate::{Certificate, Epoch, Had, Standing};
use super::mix::Mix;
use super::names::Names;
use super::options::Simulate;
use super::span::Span;

/// The dice of a simulation: the same numbers from the same seed on every machine.
pub(super) type Dice = Xoshiro256PlusPlus;

/// Every certificate, and whose it is.
#[derive(Debug)]
pub(super) struct World {
    pub(super) epoch: Epoch,
    pub(super) certificates: Vec<Certificate>,
    pub(super) names: Names,
    pub(super) tenants: Vec<Box<str>>,
    pub(super) policy: Policy,
}

impl World {
    /// What made-up worlds and their sweeps are known by.
    const INSTALLATION: &str = "simulation";
    /// When made-up worlds begin.
    const BEGINNING: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);
    /// The lifetime of Let's Encrypt's usual profile.
    pub(super) const USUAL: Span = Span::of(Duration::days(90));
    /// CAs backdate by this.
    const BACKDATED: i32 = 3_600;

    pub(super) fn empty(epoch: Epoch, names: Names, tenants: Vec<Box<str>>) -> Self {
        let policy = Policy { renew_before: None, sweep: SweepTime::of(Self::INSTALLATION) };
        Self { epoch, certificates: Vec::new(), names, tenants, policy }
    }

    /// A made-up one, as asked for.
    pub(super) fn made(asked: &Simulate, dice: &mut Dice) -> Self {
        let tenants = (0..asked.tenants.get()).map(|tenant| format!("t{tenant}").into());
        let names = Names::made(asked.names_per_domain.get());
        let mut world = Self::empty(Epoch(Self::BEGINNING), names, tenants.collect());
        let usual = Mix::of_one(Self::USUAL);
        let lifetime = asked.lifetime.as_ref().unwrap_or(&usual);
        for _ in 0..asked.certificates {
            let lifetime = lifetime.draw(dice);
            let (had, begins, ends) = match asked.import {
                None => of_any_age(lifetime, dice),
                Some(within) => {
                    let from = asked.import_from.duration();
                    imported(lifetime, from, within.duration(), dice)
                }
            };
            world.add(Certificate { begins, ends, had, ..blank(lifetime) }, dice);
        }
        world
    }

    /// One that is asked for now, and that nothing is there of.
    pub(super) fn born(&mut self, now: OffsetDateTime, lifetime: i32, dice: &mut Dice) -> u32 {
        let begins = self.epoch.second(now);
        self.add(Certificate { begins, ends: begins, ..blank(lifetime) }, dice)
    }

    fn add(&mut self, one: Certificate, dice: &mut Dice) -> u32 {
        let tenant = dice.random_range(0..self.tenants.len());
        self.push(Certificate { tenant: u32::try_from(tenant).unwrap_or(0), ..one })
    }

    /// One of whom all is known but its place in windows.
    pub(super) fn push(&mut self, one: Certificate) -> u32 {
        let key = u32::try_from(self.certificates.len()).unwrap_or(u32::MAX);
        let names = self.names.get(key);
        let spread = names.map_or(Spread::NONE, |names| Spread::of(Self::INSTALLATION, &names));
        self.certificates.push(Certificate { spread, ..one });
        key
    }

    pub(super) fn get(&self, key: u32) -> Option<&Certificate> {
        self.certificates.get(usize::try_from(key).ok()?)
    }

    pub(super) fn get_mut(&mut self, key: u32) -> Option<&mut Certificate> {
        self.certificates.get_mut(usize::try_from(key).ok()?)
    }

    pub(super) fn names(&self, key: u32) -> Option<DnsNames> {
        self.names.get(key)
    }

    pub(super) fn tenant(&self, one: &Certificate) -> &str {
        let index = usize::try_from(one.tenant).unwrap_or(usize::MAX);
        self.tenants.get(index).map_or("", |tenant| tenant)
    }

    /// Since when, or from when, it is due.
    pub(super) fn due(&self, one: &Certificate, suggested: Option<Window>) -> OffsetDateTime {
        match one.validity(self.epoch) {
            None => self.epoch.instant(one.begins),
            Some(validity) => {
                let Timing { at, .. } = self.policy.timing(validity, suggested, one.spread);
                at
            }
        }
    }

    /// What an order now is exempt from, as far as we know.
    pub(super) fn exemption(
        &self,
        now: OffsetDateTime,
        one: &Certificate,
        suggested: Option<Window>,
    ) -> Exemption {
        match (one.had, one.validity(self.epoch)) {
            (Had::Here, Some(have)) => Exemption::of_renewal(now, have, suggested),
            // The CA has never seen these names.
            (Had::Here | Had::Elsewhere | Had::Nothing, _) => Exemption::None,
        }
    }

    /// It has a new certificate.
    pub(super) fn issued(&mut self, now: OffsetDateTime, key: u32) {
        let begins = self.epoch.second(now).saturating_sub(Self::BACKDATED);
        if let Some(one) = self.get_mut(key) {
            let ends = begins.saturating_add(one.lifetime);
            let (had, standing) = (Had::Here, Standing::Good);
            *one = Certificate { begins, ends, had, standing, failures: 0, ..*one };
        }
    }
}

/// One of which nothing is there.
pub(super) fn blank(lifetime: i32) -> Certificate {
    Certificate {
        spread: Spread::NONE,
        tenant: 0,
        begins: 0,
        ends: 0,
        lifetime,
        failures: 0,
        had: Had::Nothing,
        standing: Standing::Good,
    }
}

/// Renewals have gone on for long: every age below that of a renewal is as likely.
fn of_any_age(lifetime: i32, dice: &mut Dice) -> (Had, i32, i32) {
    let short = Duration::seconds(lifetime.into()) < Duration::days(10);
    let renewed = if short { lifetime / 2 } else { lifetime - lifetime / 3 };
    let begins = -dice.random_range(0..renewed.max(1));
    (Had::Here, begins, begins + lifetime)
}

/// All end in the same time. They had as long a lifetime as is needed for that.
fn imported(lifetime: i32, from: Duration, within: Duration, dice: &mut Dice) -> (Had, i32, i32) {
    let seconds = |span: Duration| i32::try_from(span.whole_seconds()).unwrap_or(i32::MAX / 2);
    let ends = seconds(from) + dice.random_range(0..seconds(within).max(1));
    (Had::Elsewhere, (ends - lifetime).min(-World::BACKDATED), ends)
}
