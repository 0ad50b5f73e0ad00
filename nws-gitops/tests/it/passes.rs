//! Passes over a repository, one after the other: what is new is written, and nothing else ever is, however keys are sealed.

mod life;

use nws_gitops::{Layout, Scope, SopsKind};
use proptest::prelude::*;

use self::life::{APPS, GROUPINGS, GROUPS, KEYS, Life};
use crate::world::World;

/// How keys are sealed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Clear,
    SealedSecrets(Scope),
    Sops(SopsKind),
}

const WAYS: [Way; 6] = [
    Way::Clear,
    Way::SealedSecrets(Scope::Strict),
    Way::SealedSecrets(Scope::NamespaceWide),
    Way::SealedSecrets(Scope::ClusterWide),
    Way::Sops(SopsKind::Secret),
    Way::Sops(SopsKind::SopsSecret),
];

/// What happens between two passes; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Event {
    /// An application wants a Secret.
    Comes(usize),
    /// It wants it no more.
    Leaves(usize),
    /// There is another certificate for it.
    Renewed(usize),
    /// A group has another sealing key, or other recipients, and nobody says that anything is to be sealed anew.
    Rekeyed { group: usize, key: usize },
    /// A person says so.
    Reseals,
    /// Keys are sealed from now on, as they are to be.
    Seals,
    /// The clusters are told apart otherwise, or not at all.
    Regrouped(usize),
    /// Somebody commits what is none of our business.
    Note(u8),
}

/// Where clusters stay told apart as they are.
fn event() -> impl Strategy<Value = Event> {
    let app = 0..APPS.len();
    prop_oneof![
        4 => app.clone().prop_map(Event::Comes),
        1 => app.clone().prop_map(Event::Leaves),
        2 => app.prop_map(Event::Renewed),
        2 => (0..GROUPS.len(), 0..KEYS).prop_map(|(group, key)| Event::Rekeyed { group, key }),
        1 => Just(Event::Reseals),
        1 => Just(Event::Seals),
        1 => any::<u8>().prop_map(Event::Note),
    ]
}

fn regrouping() -> impl Strategy<Value = Event> {
    prop_oneof![2 => event(), 1 => (0..GROUPINGS.len()).prop_map(Event::Regrouped)]
}

/// That each pass writes the files that what happened before it concerns, and the pass after it none; and that of what is left behind
/// then goes what may go.
fn check<E: Strategy<Value = Event>>(event: fn() -> E, way: Way, layout: Layout, grouping: usize) {
    let config = ProptestConfig { cases: 3, failure_persistence: None, ..Default::default() };
    let world = World::new();
    let mirrors = [world.mirror("ours"), world.mirror("ours").sealed()];
    proptest!(config, |(events in prop::collection::vec(event(), 1..11))| {
        let mut life = Life::new((&world, &mirrors), (way, layout, grouping));
        for event in &events {
            life.happens(event);
            let want = life.is_to_be_written();
            prop_assert_eq!(life.pass()?, want, "{:?} after {:?}", way, event);
            let want = life.is_to_go();
            prop_assert_eq!(life.clear_away()?, want, "{:?} gone after {:?}", way, event);
            prop_assert_eq!(life.pass()?, [""; 0], "{:?} again after {:?}", way, event);
            prop_assert_eq!(life.clear_away()?, [""; 0], "{:?} gone again after {:?}", way, event);
        }
    });
}

#[test]
fn with_bundles_for_one_group() {
    WAYS.into_iter().for_each(|way| check(event, way, Layout::FleetBundles, 0));
}

#[test]
fn with_bundles_for_each_of_several_groups() {
    WAYS.into_iter().for_each(|way| check(event, way, Layout::FleetBundles, 1));
}

#[test]
fn with_a_tree_for_each_of_several_groups() {
    WAYS.into_iter().for_each(|way| check(event, way, Layout::Tree, 1));
}

#[test]
fn with_kustomizations() {
    WAYS.into_iter().for_each(|way| check(event, way, Layout::Kustomize, 0));
}

#[test]
fn with_bundles_for_groups_that_change() {
    WAYS.into_iter().for_each(|way| check(regrouping, way, Layout::FleetBundles, 0));
}

#[test]
fn with_a_tree_for_groups_that_change() {
    WAYS.into_iter().for_each(|way| check(regrouping, way, Layout::Tree, 1));
}
