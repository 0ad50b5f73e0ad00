//! An order as a daemon drives it: attempt after attempt, by nothing but what the errors say.

use std::time::Duration;

use nws_acme::testing::Endpoint;
use nws_acme::{Clock as _, OrderSpec, OrderUrl, Recovery};
use nws_expiry::Issued;

use crate::trouble::Trouble;
use crate::world::World;

/// How many attempts the troubles still cost when they are over.
const LATER: usize = 20;

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_secs(60);

/// What is known of an order between its attempts.
struct Driven<'a> {
    world: &'a World,
    spec: &'a OrderSpec,
    /// How many of the journal's orders are over.
    over: usize,
}

impl World {
    /// Obtains as a daemon does: waits while the CA is to be left alone, and goes on with its order.
    pub(crate) async fn obtain_patiently(&self, spec: &OrderSpec) -> Issued {
        self.obtain_through(spec, &[]).await
    }

    /// The same, with some troubles at each attempt until there are no more. That many attempts may fail, and a few that the
    /// troubles still cost when they are over.
    pub(crate) async fn obtain_through(
        &self,
        spec: &OrderSpec,
        troubles: &[Vec<Trouble>],
    ) -> Issued {
        let mut driven = Driven { world: self, spec, over: self.journal.orders().len() };
        for attempt in 0..troubles.len() + LATER {
            self.wait_until_asked().await;
            self.calm();
            for trouble in troubles.get(attempt).into_iter().flatten() {
                trouble.befall(self);
            }
            if let Some(issued) = driven.attempt().await {
                return issued;
            }
        }
        panic!("{LATER} attempts without new trouble, and no certificate")
    }
}

impl Driven<'_> {
    fn known(&self) -> Option<OrderUrl> {
        self.world.journal.orders().split_off(self.over).pop()
    }

    async fn attempt(&mut self) -> Option<Issued> {
        let World { fake, clock, .. } = self.world;
        let (resume, before) = (self.known(), fake.count(Endpoint::NewOrder));
        let (resumes, deadline) = (resume.is_some(), clock.now() + HOUR);
        let spec = OrderSpec { resume, deadline, ..self.spec.clone() };
        let outcome = self.world.obtain(&spec).await;
        assert!(clock.now() <= deadline, "{outcome:?}");
        assert!(
            !resumes || fake.count(Endpoint::NewOrder) == before,
            "a known order is gone on with"
        );
        let error = match outcome {
            Ok(issued) => return Some(issued),
            Err(error) => error,
        };
        let pause = match error.recovery() {
            // the breaker says when
            Recovery::CaAway { .. } => Duration::ZERO,
            Recovery::Resume { retry_after: Some(retry_after) }
            | Recovery::Wait { retry_after, .. } => retry_after.delay(clock.now()),
            Recovery::Resume { retry_after: None } => SOON,
            Recovery::Fresh | Recovery::Name => {
                let known = self.known();
                assert!(!known.is_some_and(|known| fake.is_open(&known)), "it is open: {error:?}");
                self.over = self.world.journal.orders().len();
                MINUTE
            }
            Recovery::Account
            | Recovery::Hold { .. }
            | Recovery::Operator
            | Recovery::Permanent => panic!("nothing here is of that kind: {error:?}"),
        };
        tokio::time::sleep(pause).await;
        None
    }
}
