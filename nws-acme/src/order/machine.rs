use std::time::Duration;

use instant_acme::OrderStatus;
use time::OffsetDateTime;

use crate::retry::doubled;
use crate::{Limits, RetryAfter};

/// Where an order stands, and what to do next (RFC 8555 §7.1.6). Pure: the time and what the CA said come in, the next step goes out.
///
/// An order only moves forward, `pending`, `ready`, `processing`, `valid`, and may be met at any of them: a new one is `ready` if
/// its names were validated before, a resumed one can be further than whoever resumes it. A status from before the last step is
/// an answer that was behind, and asked for again.
#[derive(Debug)]
pub(crate) struct Machine {
    phase: Phase,
    polls: u32,
    deadline: OffsetDateTime,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Opened,
    Validating,
    Finalizing,
}

/// The one thing to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Next {
    /// Answer the challenges and offer them.
    Offer,
    /// Look at the order again after this pause.
    Poll { after: Duration },
    /// Send the signing request.
    Finalize,
    /// Fetch the certificate.
    Download,
    /// The CA has ended the order.
    Rejected,
    /// There is no time left, or the CA wants to be asked again only much later.
    Leave { retry_after: Option<RetryAfter> },
}

impl Machine {
    pub(crate) fn new(deadline: OffsetDateTime) -> Self {
        Self { phase: Phase::Opened, polls: 0, deadline }
    }

    /// Takes the order's status and the pause the CA asked for with it.
    pub(crate) fn on_status(
        &mut self,
        now: OffsetDateTime,
        got: OrderStatus,
        retry_after: Option<RetryAfter>,
        limits: &Limits,
    ) -> Next {
        match (self.phase, got) {
            (_, OrderStatus::Invalid) => Next::Rejected,
            (_, OrderStatus::Valid) => Next::Download,
            (Phase::Opened, OrderStatus::Pending) => {
                self.enter(Phase::Validating, now, Next::Offer)
            }
            (Phase::Opened | Phase::Validating, OrderStatus::Ready) => {
                self.enter(Phase::Finalizing, now, Next::Finalize)
            }
            (_, OrderStatus::Processing) => {
                self.phase = Phase::Finalizing;
                self.poll(now, retry_after, limits)
            }
            (Phase::Validating | Phase::Finalizing, OrderStatus::Pending)
            | (Phase::Finalizing, OrderStatus::Ready) => self.poll(now, retry_after, limits),
        }
    }

    /// A step that makes the CA work is begun only while there is time to see its end.
    fn enter(&mut self, phase: Phase, now: OffsetDateTime, next: Next) -> Next {
        if now >= self.deadline {
            return Next::Leave { retry_after: None };
        }
        (self.phase, self.polls) = (phase, 0);
        next
    }

    fn poll(
        &mut self,
        now: OffsetDateTime,
        retry_after: Option<RetryAfter>,
        limits: &Limits,
    ) -> Next {
        let own = doubled(limits.first_poll, self.polls, limits.slowest_poll);
        let asked = retry_after.map_or(own, |retry| retry.delay(now).max(limits.first_poll));
        let left: Duration = (self.deadline - now).try_into().unwrap_or_default();
        if left.is_zero() || asked > limits.longest_poll {
            return Next::Leave { retry_after };
        }
        self.polls = self.polls.saturating_add(1);
        // the last look is at the deadline itself
        Next::Poll { after: asked.min(left) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-03-02 0:00 UTC);
    const DEADLINE: OffsetDateTime = datetime!(2026-03-02 0:10 UTC);

    fn poll(millis: u64) -> Next {
        Next::Poll { after: Duration::from_millis(millis) }
    }

    #[test]
    fn every_order_goes_forward_from_wherever_it_is_met() {
        use OrderStatus::{Invalid, Pending, Processing, Ready, Valid};
        let cases: [(&str, &[(OrderStatus, Next)]); 9] = [
            (
                "a new order",
                &[
                    (Pending, Next::Offer),
                    (Pending, poll(250)),
                    (Pending, poll(500)),
                    (Ready, Next::Finalize),
                    (Processing, poll(250)),
                    (Processing, poll(500)),
                    (Valid, Next::Download),
                ],
            ),
            (
                "its names were validated before",
                &[(Ready, Next::Finalize), (Valid, Next::Download)],
            ),
            (
                "resumed while it was processing",
                &[(Processing, poll(250)), (Valid, Next::Download)],
            ),
            ("resumed when all was done", &[(Valid, Next::Download)]),
            ("resumed when all was lost", &[(Invalid, Next::Rejected)]),
            ("a name failed", &[(Pending, Next::Offer), (Invalid, Next::Rejected)]),
            (
                "finalizing failed",
                &[(Ready, Next::Finalize), (Processing, poll(250)), (Invalid, Next::Rejected)],
            ),
            (
                "an answer from before finalizing",
                &[
                    (Ready, Next::Finalize),
                    (Ready, poll(250)),
                    (Pending, poll(500)),
                    (Valid, Next::Download),
                ],
            ),
            (
                "somebody else finalized",
                &[(Pending, Next::Offer), (Processing, poll(250)), (Ready, poll(500))],
            ),
        ];
        for (case, steps) in cases {
            let mut machine = Machine::new(DEADLINE);
            for (at, (got, want)) in steps.iter().enumerate() {
                let next = machine.on_status(START, *got, None, &Limits::default());
                assert_eq!(next, *want, "{case}, step {at}");
            }
        }
    }

    #[test]
    fn pauses_follow_the_ca_within_bounds() {
        let seconds = |seconds| Some(RetryAfter::Delay(Duration::from_secs(seconds)));
        let late = DEADLINE - time::Duration::seconds(2);
        let cases = [
            ("no wish", START, None, poll(250)),
            ("three seconds", START, seconds(3), poll(3000)),
            ("at once is not at once", START, seconds(0), poll(250)),
            ("a date", START, Some(RetryAfter::At(START + time::Duration::seconds(7))), poll(7000)),
            ("beyond the deadline", late, seconds(30), poll(2000)),
            (
                "beyond all patience",
                START,
                seconds(86_400),
                Next::Leave { retry_after: seconds(86_400) },
            ),
            ("on the deadline", DEADLINE, None, Next::Leave { retry_after: None }),
        ];
        for (case, now, retry_after, want) in cases {
            let mut machine = Machine::new(DEADLINE);
            let next =
                machine.on_status(now, OrderStatus::Processing, retry_after, &Limits::default());
            assert_eq!(next, want, "{case}");
        }
    }

    #[test]
    fn nothing_is_begun_after_the_deadline() {
        for status in [OrderStatus::Pending, OrderStatus::Ready, OrderStatus::Processing] {
            let next = Machine::new(DEADLINE).on_status(DEADLINE, status, None, &Limits::default());
            assert_eq!(next, Next::Leave { retry_after: None }, "{status:?}");
        }
        let done = Machine::new(DEADLINE).on_status(
            DEADLINE,
            OrderStatus::Valid,
            None,
            &Limits::default(),
        );
        assert_eq!(done, Next::Download);
    }

    fn status() -> impl Strategy<Value = OrderStatus> {
        use OrderStatus::{Invalid, Pending, Processing, Ready, Valid};
        prop_oneof![8 => Just(Pending), 4 => Just(Ready), 8 => Just(Processing), 1 => Just(Valid), 1 => Just(Invalid)]
    }

    proptest! {
        /// Whatever the CA says, and however long, the machine is done at the deadline, and asks for no step twice.
        #[test]
        fn no_run_of_statuses_outlives_the_deadline(
            answers in prop::collection::vec((status(), prop::option::of(0u64..320)), 1..24)
        ) {
            let (mut machine, mut now) = (Machine::new(DEADLINE), START);
            let (mut offered, mut finalized, mut done) = (0, 0, false);
            let most = 2 + 10 * 60 * 4 + 1; // two steps, a look every quarter of a second, the last at the deadline
            for (got, seconds) in answers.iter().cycle().take(most) {
                let retry_after = seconds.map(|seconds| RetryAfter::Delay(Duration::from_secs(seconds)));
                match machine.on_status(now, *got, retry_after, &Limits::default()) {
                    Next::Offer => offered += 1,
                    Next::Finalize => finalized += 1,
                    Next::Poll { after } => now += after,
                    Next::Download | Next::Rejected | Next::Leave { .. } => {
                        done = true;
                        break;
                    }
                }
                prop_assert!(now <= DEADLINE);
                prop_assert!(offered <= 1 && finalized <= 1);
            }
            prop_assert!(done);
        }
    }
}
