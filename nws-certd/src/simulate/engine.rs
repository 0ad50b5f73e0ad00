//! Virtual time: what happens next, and what follows from it.

use std::collections::VecDeque;

use nws_expiry::allot::Kind;
use nws_expiry::budget::{Claim, Exemption};
use nws_expiry::{Backoff, DnsNames, FailureClass};
use rand::{RngExt as _, SeedableRng as _};
use time::{Duration, OffsetDateTime};

use super::ca::Ca;
use super::certificate::{Certificate, Had, Standing};
use super::mix::Mix;
use super::planner::{Due, Planner, Scene};
use super::settings::{Ari, Recall, Settings};
use super::tally::Tally;
use super::world::{Dice, World};

/// A world, its planner and its CA.
pub(super) struct Engine {
    settings: Settings,
    world: World,
    planner: Planner,
    ca: Ca,
    backoff: Backoff,
    tally: Tally,
    dice: Dice,
    now: OffsetDateTime,
    /// Orders take equally long, so that they end as they begin.
    under_way: VecDeque<UnderWay>,
    next_birth: Option<OffsetDateTime>,
    recall: Option<Recall>,
    /// What is called back, and when it will be revoked.
    called_back: Option<(OffsetDateTime, Vec<u32>)>,
    next_tidying: OffsetDateTime,
}

#[derive(Debug)]
struct UnderWay {
    key: u32,
    names: DnsNames,
    exemption: Exemption,
    kind: Kind,
    begun: OffsetDateTime,
    ends: OffsetDateTime,
}

impl Engine {
    /// The daemon asks for each certificate that often (Boulder's Retry-After, less a fifth or more).
    const ASKED: Duration = Duration::hours(6);
    /// While a CA is away it is asked that often whether it is back (`nws_acme`, the breaker).
    const PROBED: Duration = Duration::minutes(5);

    pub(super) fn new(settings: Settings, world: World) -> Self {
        let begins = world.epoch.0;
        let ca = Ca::new(settings.limits, settings.ari, world.epoch);
        let mut planner = Planner::new(&settings, &world);
        for (key, one) in (0u32..).zip(&world.certificates) {
            planner.put(world.due(one, ca.suggests(one)), key, one);
        }
        let mut engine = Self {
            planner,
            ca,
            backoff: Backoff::default(),
            tally: Tally::new(begins, settings.length),
            dice: Dice::seed_from_u64(settings.seed),
            now: begins,
            under_way: VecDeque::new(),
            next_birth: None,
            recall: settings.recall,
            called_back: None,
            next_tidying: begins + Duration::DAY,
            settings,
            world,
        };
        engine.next_birth = engine.birth_after(begins);
        engine
    }

    /// Lets all the time pass, and says between how much of it has.
    pub(super) fn run(mut self, mut passed: impl FnMut(Duration)) -> (Tally, Ca, World) {
        let begins = self.now;
        let ends = begins + self.settings.length;
        while let Some(next) = self.next_event().filter(|next| *next < ends) {
            self.now = self.now.max(next);
            self.happen();
            passed(self.now - begins);
        }
        self.tally.close(ends, &self.world);
        (self.tally, self.ca, self.world)
    }

    fn next_event(&self) -> Option<OffsetDateTime> {
        let plan = self.planner.wakes_at().map(|at| self.reachable_at(at.max(self.now)));
        let back = Some(self.reachable_at(self.now)).filter(|back| *back > self.now);
        let recall = self.recall.map(|recall| self.world.epoch.0 + recall.at);
        let events = [
            self.under_way.front().map(|order| order.ends),
            plan,
            back,
            self.next_birth,
            recall,
            self.called_back.as_ref().map(|(at, _)| *at),
        ];
        events.into_iter().flatten().min()
    }

    fn happen(&mut self) {
        while self.under_way.front().is_some_and(|order| order.ends <= self.now) {
            self.end_order();
        }
        if self.next_birth.is_some_and(|at| at <= self.now) {
            self.bear();
        }
        if let Some(recall) = self.recall.filter(|it| self.world.epoch.0 + it.at <= self.now) {
            self.recall = None;
            self.call_back(recall);
        }
        if self.called_back.as_ref().is_some_and(|(at, _)| *at <= self.now) {
            self.revoke();
        }
        if self.is_reachable() && self.planner.wakes_at().is_some_and(|at| at <= self.now) {
            self.plan();
        }
        self.begin_orders();
    }

    fn scene(&self) -> Scene<'_> {
        Scene { now: self.now, world: &self.world, ca: &self.ca }
    }

    fn plan(&mut self) {
        let scene = Scene { now: self.now, world: &self.world, ca: &self.ca };
        let waits = self.planner.plan(scene);
        self.tally.waits(self.now, &waits);
        if self.next_tidying <= self.now {
            self.next_tidying = self.now + Duration::DAY;
            self.planner.ledger.forget_whole(self.now);
            self.planner.tenants.forget(self.now - Duration::DAY);
            self.ca.forget_whole(self.now);
        }
    }

    fn begin_orders(&mut self) {
        while self.is_reachable()
            && self.under_way.len() < self.settings.concurrency
            && let Some(due) = self.planner.next()
        {
            self.begin(due);
        }
        self.tally.backlog(self.now, self.planner.backlog());
    }

    fn begin(&mut self, due: Due) {
        let exemption = self.scene().exemption(due.key);
        let claim = Claim { names: &due.names, exemption };
        if let Err(short) = self.planner.ledger.check(self.now, &claim) {
            let scene = Scene { now: self.now, world: &self.world, ca: &self.ca };
            return self.planner.wait(scene, due, short.until);
        }
        let Some(one) = self.world.get(due.key) else { return };
        if let Err(refusal) = self.ca.order(self.now, due.key, one, &self.world.names) {
            self.tally.refused(refusal);
            // The daemon would be told until when; here it is a fault of the planner, and counted as one.
            return self.planner.put(self.now + Duration::HOUR, due.key, one);
        }
        self.planner.ledger.take(self.now, &claim);
        let kind = if one.had == Had::Nothing { Kind::New } else { Kind::Renewal };
        self.planner.tenants.begun(self.now, self.world.tenant(one), kind);
        self.tally.ordered(self.now, exemption, self.ca.used(self.now));
        let (begun, ends) = (self.now, self.now + self.settings.issue_time);
        let order = UnderWay { key: due.key, names: due.names, exemption, kind, begun, ends };
        self.under_way.push_back(order);
    }

    /// An order whose end would fall into an outage is gone on with after it.
    fn end_order(&mut self) {
        let back = self.reachable_at(self.now);
        if back > self.now {
            let waiting = self.under_way.iter_mut();
            waiting.for_each(|order| order.ends = order.ends.max(back));
            return;
        }
        let Some(order) = self.under_way.pop_front() else { return };
        let Some(one) = self.world.get(order.key).copied() else { return };
        self.planner.tenants.ended(self.world.tenant(&one), order.kind);
        if self.settings.failures > 0.0 && self.dice.random_bool(self.settings.failures) {
            self.fail(&order, &one);
        } else {
            self.issue(&order, &one);
        }
    }

    fn fail(&mut self, order: &UnderWay, one: &Certificate) {
        self.tally.failed();
        let claim = Claim { names: &order.names, exemption: order.exemption };
        self.planner.ledger.give_back(&claim);
        self.planner.ledger.failed(self.now, order.names.first());
        self.ca.fail(self.now, order.key, &self.world.names);
        let failures = one.failures.saturating_add(1);
        let left = one.validity(self.world.epoch).map(|validity| validity.left(self.now));
        let wait = self.backoff.retry_after(FailureClass::Validation, failures.into(), left);
        if let Some(one) = self.world.get_mut(order.key) {
            one.failures = failures;
        }
        self.planner.put(self.now + wait, order.key, one);
    }

    fn issue(&mut self, order: &UnderWay, one: &Certificate) {
        let claim = Claim { names: &order.names, exemption: order.exemption };
        self.planner.ledger.issued(self.now, &claim);
        self.ca.issue(self.now, order.begun, order.key, one, &self.world.names);
        self.tally.issued(self.now, one, self.world.epoch);
        self.world.issued(self.now, order.key);
        if let Some(one) = self.world.get(order.key) {
            let at = self.world.due(one, self.ca.suggests(one));
            self.planner.put(at, order.key, one);
        }
    }

    fn birth_after(&mut self, instant: OffsetDateTime) -> Option<OffsetDateTime> {
        let mean = Duration::DAY.checked_div(i32::try_from(self.settings.new_per_day).ok()?)?;
        let most = i64::try_from(mean.whole_nanoseconds()).ok()?.saturating_mul(2);
        Some(instant + Duration::nanoseconds(self.dice.random_range(0..=most)))
    }

    fn bear(&mut self) {
        let usual = Mix::of_one(World::USUAL);
        let lifetime = self.settings.lifetime.as_ref().unwrap_or(&usual).draw(&mut self.dice);
        let key = self.world.born(self.now, lifetime, &mut self.dice);
        if let Some(one) = self.world.get(key) {
            self.planner.put(self.now, key, one);
        }
        self.next_birth = self.birth_after(self.now);
    }

    /// The CA calls certificates back; the daemon learns so when it next asks about each, or an operator tells it.
    fn call_back(&mut self, recall: Recall) {
        self.ca.recalls(self.now);
        let all = self.world.certificates.len();
        let wanted = usize::try_from(recall.certificates).unwrap_or(usize::MAX).min(all);
        let chosen = rand::seq::index::sample(&mut self.dice, all, wanted);
        let keys: Vec<_> = chosen.iter().filter_map(|index| u32::try_from(index).ok()).collect();
        for key in &keys {
            let Some(one) = self.world.get_mut(*key).filter(|one| one.had == Had::Here) else {
                continue;
            };
            one.standing = Standing::CalledBack;
            let told = match self.settings.ari {
                Ari::Offered => self.now + Self::ASKED * self.dice.random_range(0.0..1.2),
                Ari::Missing => self.now,
            };
            self.planner.hasten(told, *key);
        }
        self.called_back = Some((self.now + recall.notice, keys));
    }

    fn revoke(&mut self) {
        let Some((at, keys)) = self.called_back.take() else { return };
        let second = self.world.epoch.second(at);
        for key in keys {
            let called = |one: &&mut Certificate| one.standing == Standing::CalledBack;
            if let Some(one) = self.world.get_mut(key).filter(called) {
                let old = *one;
                one.standing = Standing::Revoked;
                one.ends = one.ends.min(second);
                self.planner.ends_otherwise(key, &old, one);
            }
        }
    }

    fn is_reachable(&self) -> bool {
        self.reachable_at(self.now) <= self.now
    }

    /// The first instant from then on at which the CA answers, and we know it.
    fn reachable_at(&self, instant: OffsetDateTime) -> OffsetDateTime {
        let begins = self.world.epoch.0;
        match &self.settings.outage {
            Some(outage) => {
                let back = begins + outage.end + Self::PROBED;
                let is_out = begins + outage.start <= instant && instant < back;
                if is_out { back } else { instant }
            }
            None => instant,
        }
    }
}
