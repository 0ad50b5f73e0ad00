//! An authority for tests that never ask it for its account.

use std::sync::Arc;

use nws_acme::{Ca, Registration, TermsAgreed};
use nws_expiry::budget::Limits;

use super::{Authority, Terms};
use crate::account::{AccountKeys, AccountName};
use crate::state_dir::StatePaths;
use crate::vault::Vault;

pub(crate) fn authority(ca: Ca) -> Authority {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open(&dir.path().join("key.age")).unwrap();
    let paths = StatePaths::of(dir.path());
    let keys = AccountKeys::open(&paths, AccountName::default(), &vault).unwrap();
    let registration = Registration { terms: TermsAgreed, contact: vec![], external_account: None };
    let terms =
        Terms { name: None, registration, profile: None, chain: None, limits: Limits::NONE };
    Authority::new(ca, Arc::new(keys), terms, &[])
}
