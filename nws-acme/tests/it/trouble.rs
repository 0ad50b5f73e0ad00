//! What can happen to an order and passes.

use nws_acme::LimitScope;
use nws_acme::testing::{Answer, Endpoint, Faults, Instead, Outage, ReplacesRefusal};
use proptest::prelude::*;

use crate::world::{Entry, World};

/// What an order asks for.
const ENDPOINTS: [Endpoint; 8] = [
    Endpoint::Directory,
    Endpoint::NewNonce,
    Endpoint::NewOrder,
    Endpoint::Order,
    Endpoint::Authorization,
    Endpoint::Challenge,
    Endpoint::Finalize,
    Endpoint::Certificate,
];

/// What befalls one attempt, and what is left of it the next.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Every n-th nonce is bad; 1 is all.
    Nonces(u32),
    /// So many requests in a row fail.
    Errors(u32),
    /// Nobody is there, at all or at an endpoint.
    Away(Outage, Vec<Endpoint>),
    /// Another answer, so many times.
    Instead(Instead),
    /// What was asked for is done, and the answer breaks.
    Broken(Endpoint),
    /// The journal loses an entry.
    Lost(Entry),
    /// What an order replaces is refused.
    Replaces(ReplacesRefusal),
    /// So many validations fail.
    Invalid(u32),
}

impl Trouble {
    pub(crate) fn befall(&self, world: &World) {
        world.fake.faults(|faults| match self.clone() {
            Self::Nonces(every) => faults.bad_nonce_every = every,
            Self::Errors(next) => faults.server_errors_next = next,
            Self::Away(outage, at) => (faults.outage, faults.outage_at) = (Some(outage), at),
            Self::Instead(instead) => faults.instead.push(instead),
            Self::Broken(endpoint) => faults.break_answer_of = Some(endpoint),
            Self::Lost(entry) => world.journal.lose(entry),
            Self::Replaces(refusal) => faults.refuse_replaces = Some(refusal),
            Self::Invalid(next) => faults.failed_validations_next = next,
        });
    }
}

impl World {
    /// Ends what does not end by itself.
    pub(crate) fn calm(&self) {
        self.fake.faults(|faults| {
            (faults.bad_nonce_every, faults.outage, faults.refuse_replaces) = (0, None, None);
        });
    }
}

fn endpoint() -> impl Strategy<Value = Endpoint> {
    prop::sample::select(&ENDPOINTS[..])
}

fn scope() -> impl Strategy<Value = LimitScope> {
    prop::sample::select(vec![
        LimitScope::Account,
        LimitScope::RegisteredDomain,
        LimitScope::ExactSet,
        LimitScope::Identifier,
        LimitScope::Client,
        LimitScope::Unknown,
    ])
}

fn answer() -> impl Strategy<Value = Answer> {
    let seconds = |most: u32| (0..most).prop_map(|seconds| seconds.to_string());
    prop_oneof![
        (scope(), seconds(200_000))
            .prop_map(|(scope, retry_after)| Answer::Limited { scope, retry_after }),
        prop::option::of(seconds(4000)).prop_map(|retry_after| Answer::Busy { retry_after }),
        // without 404, which says of an order that it is gone
        prop::sample::select(vec![200, 403, 429, 500, 502, 503])
            .prop_map(|status| Answer::Page { status }),
    ]
}

fn outage() -> impl Strategy<Value = Outage> {
    let retry_after = prop::option::of((0..4000u32).prop_map(|seconds| seconds.to_string()));
    prop_oneof![
        Just(Outage::Refused),
        Just(Outage::Hang),
        retry_after.prop_map(|retry_after| Outage::Busy { retry_after }),
    ]
}

/// Any of them.
pub(crate) fn trouble() -> impl Strategy<Value = Trouble> {
    let entry = prop::sample::select(vec![Entry::OrderKnown, Entry::Present, Entry::Finalizing]);
    prop_oneof![
        (1..5u32).prop_map(Trouble::Nonces),
        (1..9u32).prop_map(Trouble::Errors),
        (outage(), prop::collection::vec(endpoint(), 0..3))
            .prop_map(|(outage, at)| Trouble::Away(outage, at)),
        (endpoint(), 1..7u32, answer()).prop_map(|(at, times, answer)| Trouble::Instead(Instead {
            at,
            times,
            answer
        })),
        endpoint().prop_map(Trouble::Broken),
        entry.prop_map(Trouble::Lost),
        prop::sample::select(&ReplacesRefusal::ALL[..]).prop_map(Trouble::Replaces),
        (1..4u32).prop_map(Trouble::Invalid),
    ]
}

/// What a CA is like, whatever happens.
pub(crate) fn manner() -> impl Strategy<Value = Faults> {
    let polls = (0..6u32, 0..6u32, prop::option::of((0..9u32).prop_map(|s| s.to_string())));
    let says = (any::<bool>(), any::<bool>(), any::<bool>());
    let does = (any::<bool>(), any::<bool>(), any::<bool>());
    (polls, says, does).prop_map(
        |(
            (validation_polls, processing_polls, retry_after),
            (shuffle_authorizations, silent_on_replaces, not_found_without_a_word),
            (reuse_authorizations, ready_at_once, never_the_same_order),
        )| Faults {
            validation_polls,
            processing_polls,
            retry_after,
            shuffle_authorizations,
            silent_on_replaces,
            not_found_without_a_word,
            reuse_authorizations,
            ready_at_once,
            never_the_same_order,
            ..Faults::default()
        },
    )
}
