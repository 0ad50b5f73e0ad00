//! The two CAs, and who may issue for whom.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nws_acme::caa::CaaRecord;
use nws_acme::testing::{FakeCa, Unanswered};
use nws_acme::{DirectoryUrl, Limits};
use nws_challenge::{Answers, Token};
use nws_expiry::{DnsName, budget};

use super::World;
use crate::authority::Terms;
use crate::order::{CaaFault, CaaZone};

/// One of the two CAs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::daemon::tests) enum Place {
    First,
    Second,
}

/// The CAA records of names; none have any before a test gives them some.
#[derive(Debug, Default)]
pub(super) struct Zone(Mutex<BTreeMap<String, Vec<CaaRecord>>>);

#[async_trait]
impl CaaZone for Zone {
    async fn records(&self, name: &str) -> Result<Vec<CaaRecord>, CaaFault> {
        Ok(self.0.lock().unwrap().get(name).cloned().unwrap_or_default())
    }
}

impl World {
    /// Which CAs a daemon has that is made from now on, in its order.
    pub(in crate::daemon::tests) fn configure(&self, cas: &[Place]) {
        *self.configured.lock().unwrap() = cas.to_vec();
    }

    pub(in crate::daemon::tests) fn at(&self, place: Place) -> &Arc<FakeCa> {
        match place {
            Place::First => &self.ca,
            Place::Second => &self.second,
        }
    }

    /// Both CAs have the same path, and the second another host.
    pub(in crate::daemon::tests) fn directory(&self, place: Place) -> DirectoryUrl {
        let url = self.ca.directory_url();
        match place {
            Place::First => url,
            Place::Second => url.as_str().replace("//ca.", "//second.").parse().unwrap(),
        }
    }

    /// What certificates are had on; only of the first are any limits known.
    pub(super) fn terms(&self, place: Place) -> Terms {
        let limits = match place {
            Place::First => *self.limits.lock().unwrap(),
            Place::Second => budget::Limits::NONE,
        };
        Terms { name: None, registration: self.registration(), profile: None, chain: None, limits }
    }

    /// From now on the owner of a name lets these CAs issue for it, by how CAA records call them.
    pub(in crate::daemon::tests) fn allow(&self, name: &str, cas: &[&str]) {
        let issue =
            |ca: &&str| CaaRecord { critical: false, tag: "issue".into(), value: (*ca).into() };
        self.zone.0.lock().unwrap().insert(name.into(), cas.iter().map(issue).collect());
    }
}

/// The CA's validator: asks the answer table, as an edge would.
pub(super) fn validator(
    answers: Answers,
    down: Arc<AtomicBool>,
) -> impl Fn(&DnsName, &Token) -> Result<String, Unanswered> + Send + Sync + 'static {
    move |_: &DnsName, token: &Token| {
        let found = answers.get(token).filter(|_| !down.load(Ordering::SeqCst));
        let text = found.map(|body| String::from_utf8_lossy(&body).into_owned());
        text.ok_or_else(|| Unanswered::connection("192.0.2.1: connection refused"))
    }
}

/// Waits are real here, as git and SQLite take real time; so they are short.
pub(super) fn quick() -> Limits {
    let tick = Duration::from_millis(1);
    Limits {
        first_pause: tick,
        longest_pause: tick * 5,
        first_poll: tick,
        slowest_poll: tick * 5,
        ..Limits::default()
    }
}
