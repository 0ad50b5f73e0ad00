//! Turns, until what they began is over.

use std::sync::Arc;

use nws_acme::Clock as _;

use super::{QUIET, World};
use crate::daemon::{Daemon, Look};
use crate::report::Report;

impl World {
    /// Takes turns until the orders that were due are over, waits for the batch, and says how everything stands.
    pub(in crate::daemon::tests) async fn settle(&self, daemon: &mut Daemon) -> Arc<Report> {
        daemon.turn(Look::Asked).await.unwrap();
        self.settle_without_looking(daemon).await
    }

    pub(in crate::daemon::tests) async fn settle_without_looking(
        &self,
        daemon: &mut Daemon,
    ) -> Arc<Report> {
        let at = self.clock.now();
        self.run_orders(daemon).await;
        daemon.turn(Look::WhenDue).await.unwrap();
        // What somebody else has written is looked for now.
        while let Some(ended) = daemon.doubts.looking.join_next().await {
            daemon.looked_at_edges(ended).await;
            daemon.turn(Look::WhenDue).await.unwrap();
        }
        // What was issued is asked about now.
        while let Some(ended) = daemon.inquiries.round.join_next().await {
            daemon.collect_round(ended);
            daemon.turn(Look::WhenDue).await.unwrap();
        }
        let report = daemon.reports().borrow().clone().unwrap();
        if report.certificates.iter().all(|one| one.next.what != "push") {
            return report;
        }
        *self.clock.0.lock().unwrap() = at + QUIET;
        daemon.turn(Look::WhenDue).await.unwrap();
        daemon.reports().borrow().clone().unwrap()
    }

    pub(in crate::daemon::tests) async fn order_without_publishing(&self, daemon: &mut Daemon) {
        daemon.turn(Look::Asked).await.unwrap();
        self.run_orders(daemon).await;
    }

    /// As [`Self::order_without_publishing`], whatever inquiries do.
    pub(in crate::daemon::tests) async fn order_only(&self, daemon: &mut Daemon) {
        daemon.turn(Look::Asked).await.unwrap();
        while let Some(ended) = daemon.running.join_next_with_id().await {
            daemon.collect(ended);
        }
    }

    /// As [`Self::settle`], where no operator says "now".
    pub(in crate::daemon::tests) async fn settle_without_asking(
        &self,
        daemon: &mut Daemon,
    ) -> Arc<Report> {
        daemon.turn(Look::WhenDue).await.unwrap();
        self.settle_without_looking(daemon).await
    }

    /// Lets looks, orders and inquiries under way end.
    pub(in crate::daemon::tests) async fn run_orders(&self, daemon: &mut Daemon) {
        while !daemon.looks.is_empty() {
            let looked = daemon.looks.next().await;
            daemon.looked_before(looked);
        }
        while let Some(ended) = daemon.running.join_next_with_id().await {
            daemon.collect(ended);
        }
        while let Some(ended) = daemon.inquiries.round.join_next().await {
            daemon.collect_round(ended);
        }
    }
}
