//! Accounts as configured, what is kept of them, and what is lost.

use std::sync::Arc;

use nws_acme::{Ca, Registration, TermsAgreed, Transport};

use super::cas::quick;
use super::{Place, World};
use crate::account::AccountKeys;
use crate::authority::Authority;
use crate::daemon::Daemon;
use crate::state_dir::StatePaths;
use crate::store::{SqliteStore, Store as _};
use crate::vault::Vault;

impl World {
    pub(super) fn registration(&self) -> Registration {
        let external_account = self.external_account.clone();
        let contact = vec!["mailto:ops@platform.example".parse().unwrap()];
        Registration { terms: TermsAgreed, contact, external_account }
    }

    /// The names of the account keys' files.
    pub(in crate::daemon::tests) fn account_keys(&self) -> Vec<String> {
        let names = std::fs::read_dir(self.dir.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut keys: Vec<_> =
            names.filter(|name| name.starts_with("account") && name.ends_with(".age")).collect();
        keys.sort();
        keys
    }

    /// The key authorizations that validators are given after a start.
    pub(in crate::daemon::tests) async fn answers(&self) -> Vec<String> {
        let store = SqliteStore::open(&self.database()).await.unwrap();
        let kept = store.answers(self.now()).await.unwrap();
        kept.into_iter().map(|(answer, _)| answer.as_str().to_owned()).collect()
    }

    pub(in crate::daemon::tests) fn lose_database(&self) {
        for file in ["state.db", "state.db-wal", "state.db-shm"] {
            let _ = std::fs::remove_file(self.dir.path().join(file));
        }
    }

    /// As if an operator had put another key file in place; the account key goes with the old one.
    pub(in crate::daemon::tests) fn replace_key_file(&self) {
        for file in ["key.age", "account.age"] {
            std::fs::remove_file(self.dir.path().join(file)).unwrap();
        }
    }

    /// From now on the daemon has an account key of its own at this place of the configuration.
    pub(in crate::daemon::tests) fn keep_apart(
        &self,
        daemon: &mut Daemon,
        place: Place,
        at: usize,
    ) {
        let vault = Vault::open(&self.dir.path().join("key.age")).unwrap();
        let paths = StatePaths::of(self.dir.path());
        let keys = AccountKeys::open(&paths, "apart".parse().unwrap(), &vault).unwrap();
        let ca = Ca::new(self.directory(place), self.way_to(place), quick());
        let authority = Authority::new(ca, Arc::new(keys), self.terms(place), &[]);
        let ordering = Arc::get_mut(&mut daemon.parts.ordering).unwrap();
        ordering.authorities[at] = Arc::new(authority);
    }

    pub(super) fn way_to(&self, place: Place) -> Arc<dyn Transport> {
        match place {
            Place::First => self.transport.clone(),
            Place::Second => self.second.transport(),
        }
    }
}
