//! Counting what was lost, from the CA's side and the branch's.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};

use crate::proxy::{Ledger, Standing};
use crate::world::{App, Leaf, Repository, TlsSecret};

/// What the branch has: names and serial of each certificate.
pub(super) struct Pushed(BTreeMap<String, String>);

/// What a seed comes to.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Audit {
    pub(super) orders: usize,
    pub(super) finalized: usize,
    /// Orders that the CA itself called failed.
    pub(super) failed: usize,
    /// Names whose certificate was made and is not on the branch.
    pub(super) lost: Vec<String>,
    /// Names for which an order was made while one went on whose URL was known.
    pub(super) second: Vec<String>,
    /// Names without a certificate on the branch.
    pub(super) missing: Vec<String>,
}

impl Pushed {
    /// Reads every Secret on the branch.
    pub(super) async fn read(repository: &Repository) -> Result<Self> {
        let mut serials = BTreeMap::new();
        for blob in repository.list(&repository.tip()?, "certs/").await? {
            let text = repository.show(&blob.id).await?;
            let Some(secret) = TlsSecret::read(&text).with_context(|| blob.path.clone())? else {
                continue;
            };
            let leaf = Leaf::of_chain(&secret.identity.certificate).context(blob.path)?;
            serials.insert(secret.name.namespace, leaf.serial.trim_start_matches('0').to_owned());
        }
        Ok(Self(serials))
    }
}

/// Compares what the CA did with what was pushed. An application's one host is its name with `.example` after it.
pub(super) fn audit(ledger: &Ledger, pushed: &Pushed, apps: &[App]) -> Audit {
    let serials: BTreeSet<_> = pushed.0.values().collect();
    let orders = ledger.orders();
    let finalized = orders.values().filter(|order| order.finalized);
    let lost = finalized.clone().filter(|order| {
        order.standing != Standing::Over
            && order.serial.as_ref().is_none_or(|serial| !serials.contains(serial))
    });
    let failed = orders.values().filter(|order| order.standing == Standing::Over);
    let missing = apps.iter().filter(|app| !pushed.0.contains_key(app.name));
    Audit {
        orders: orders.len(),
        finalized: finalized.count(),
        failed: failed.count(),
        lost: lost.flat_map(|order| order.names.clone()).collect(),
        second: ledger.seconds().iter().map(ToString::to_string).collect(),
        missing: missing.flat_map(|app| app.hosts).map(|&host| host.to_owned()).collect(),
    }
}
