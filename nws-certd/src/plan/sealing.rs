//! Nothing is ordered that could go nowhere: the CA's patience is worth more than a certificate that waits.

use nws_gitops::NotSealable;
use time::Duration;

use super::evidence::Evidence;
use super::{Next, Obstruction};

/// How soon it is looked again whether it can be sealed. Each turn looks, and this one is taken if there is none before.
const LOOK: Duration = Duration::MINUTE;

impl Evidence<'_> {
    /// What comes next, and which CA an order goes to now: none, while no file of it could be sealed. What is open already goes on.
    pub(super) fn unless_unsealable(
        &self,
        (next, goes_to): (Next, Option<usize>),
    ) -> (Next, Option<usize>) {
        if self.open_at().is_some() {
            return (next, goes_to);
        }
        match (self.not_sealable(), next) {
            (None, next) => (next, goes_to),
            (Some(why), Next::Order(reason)) => {
                let on = Obstruction::Sealing(why);
                (Next::Wait { until: self.now + LOOK, reason, on }, None)
            }
            (Some(_), next) => (next, None),
        }
    }

    /// Why none of its files could be sealed; where one could, for one of its Secrets, it is worth an order.
    fn not_sealable(&self) -> Option<String> {
        let each = self.wants.iter().map(|want| self.unsealable.get(&want.key));
        let all = each.collect::<Option<Vec<_>>>()?;
        let mut words: Vec<_> = all.into_iter().flatten().map(NotSealable::to_string).collect();
        words.sort();
        words.dedup();
        Some(format!(
            "it cannot be sealed: {}; it is ordered as soon as it can be",
            words.join("; ")
        ))
    }
}
