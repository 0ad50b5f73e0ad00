//! What will count as a new order once it is due.

use std::collections::BTreeMap;

use nws_expiry::budget::{Exemption, Renewals};
use time::OffsetDateTime;

use crate::simulate::certificate::{Certificate, Epoch, Had};
use crate::simulate::settings::Settings;

/// The ends of certificates on the agenda whose renewals count as new orders, where those are limited.
#[derive(Debug)]
pub(super) struct Ahead {
    is_limited: bool,
    renewals: Renewals,
    ends: BTreeMap<i32, usize>,
    len: usize,
}

impl Ahead {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            is_limited: settings.limits.new_orders.is_some(),
            renewals: settings.limits.renewals,
            ends: BTreeMap::new(),
            len: 0,
        }
    }

    /// Whether an order with this exemption counts as new.
    pub(super) fn counts(&self, exemption: Exemption) -> bool {
        self.is_limited && (self.renewals == Renewals::Counted || exemption == Exemption::None)
    }

    pub(super) fn add(&mut self, one: &Certificate) {
        if self.is_one(one) {
            *self.ends.entry(one.ends).or_default() += 1;
            self.len += 1;
        }
    }

    pub(super) fn remove(&mut self, one: &Certificate) {
        if !self.is_one(one) {
            return;
        }
        if let Some(count) = self.ends.get_mut(&one.ends) {
            *count -= 1;
            self.len -= 1;
            if *count == 0 {
                self.ends.remove(&one.ends);
            }
        }
    }

    /// What this CA has issued is renewed within the time in which the same names are exempt.
    fn is_one(&self, one: &Certificate) -> bool {
        match one.had {
            Had::Nothing => false,
            Had::Elsewhere => self.is_limited,
            Had::Here => self.is_limited && self.renewals == Renewals::Counted,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All of them, in order.
    pub(super) fn ends(&self, epoch: Epoch) -> Vec<OffsetDateTime> {
        let each = self.ends.iter();
        each.flat_map(|(end, count)| std::iter::repeat_n(epoch.instant(*end), *count)).collect()
    }
}
