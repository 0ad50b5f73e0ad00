//! What is seen of names before they are ordered for.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use nws_challenge::preflight::Fault;

use super::World;
use crate::order::{Lookout, Rigour};
use crate::preflight::{Asked, Finding, Findings, Obstruction, Onlooker, Weight};

/// After how many looks it is ordered all the same, where it is.
const TRIES: NonZeroU32 = NonZeroU32::MIN.saturating_add(2);

/// Whoever looks; all is well with names of which no test says otherwise.
#[derive(Debug, Default)]
pub(super) struct Scout {
    /// What daemons that start from now on do of what is seen; they do not look at first.
    policy: Mutex<Preflight>,
    found: Mutex<BTreeMap<String, (Weight, Fault)>>,
    /// Names whose edges never answer.
    silent: Mutex<BTreeSet<String>>,
    looks: AtomicUsize,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::daemon::tests) enum Preflight {
    #[default]
    Off,
    Warn,
    Enforce,
}

#[async_trait]
impl Onlooker for Scout {
    async fn look(&self, asked: &Asked) -> Findings {
        self.looks.fetch_add(1, Ordering::SeqCst);
        assert_eq!(asked.thumbprint.as_str().len(), 43);
        let is_silent = |name: &&str| self.silent.lock().unwrap().contains(*name);
        if asked.names.iter().map(|name| name.as_str()).any(|name| is_silent(&name)) {
            return std::future::pending().await;
        }
        let found = self.found.lock().unwrap();
        let finding = |(weight, fault): &(Weight, Fault), name| Finding {
            name,
            address: format!("{}:80", World::EDGE).parse().ok(),
            edge: Some("edge-1".into()),
            weight: *weight,
            obstruction: Obstruction::Edge(fault.clone()),
        };
        let each = asked.names.iter();
        let found = each.filter_map(|name| Some(finding(found.get(name.as_str())?, name.clone())));
        Findings(found.collect())
    }
}

impl Scout {
    pub(super) fn lookout(self: &Arc<Self>) -> Option<Lookout> {
        let rigour = match *self.policy.lock().unwrap() {
            Preflight::Off => return None,
            Preflight::Warn => Rigour::Warn { tries: TRIES },
            Preflight::Enforce => Rigour::Enforce { tries: TRIES },
        };
        Some(Lookout { onlooker: self.clone(), rigour })
    }
}

impl World {
    /// What daemons that start from now on do of what is seen before an order.
    pub(in crate::daemon::tests) fn preflight(&self, policy: Preflight) {
        *self.scout.policy.lock().unwrap() = policy;
    }

    /// From now on this is seen of the name.
    pub(in crate::daemon::tests) fn seen_of(&self, name: &str, weight: Weight, fault: Fault) {
        self.scout.found.lock().unwrap().insert(name.into(), (weight, fault));
    }

    /// From now on all is well with the name.
    pub(in crate::daemon::tests) fn is_mended(&self, name: &str) {
        self.scout.found.lock().unwrap().remove(name);
        self.scout.silent.lock().unwrap().remove(name);
    }

    /// From now on no edge of the name answers.
    pub(in crate::daemon::tests) fn is_silent(&self, name: &str) {
        self.scout.silent.lock().unwrap().insert(name.into());
    }

    /// How often anybody looked.
    pub(in crate::daemon::tests) fn scouted(&self) -> usize {
        self.scout.looks.load(Ordering::SeqCst)
    }
}
