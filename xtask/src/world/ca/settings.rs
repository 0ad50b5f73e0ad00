//! What a CA is to be like, as Pebble is told it: partly by its configuration, partly by its environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::ca::Sites;

#[derive(Clone, Copy)]
pub(crate) struct CaSettings {
    /// What it issues: names of profiles, and how long certificates of them live. With several, Pebble picks one at random for
    /// orders that name none.
    pub(crate) profiles: &'static [(&'static str, Duration)],
    /// How many good nonces of a hundred it calls bad.
    pub(crate) bad_nonces: u8,
    /// How often of a hundred times it takes a valid authorization instead of a new one.
    pub(crate) reuse: u8,
    /// It waits less than so many seconds, whole ones and at random, before each validation; not at all where absent.
    pub(crate) pause: Option<u8>,
    /// Whom it makes accounts for; for anyone where empty.
    pub(crate) external_accounts: &'static [ExternalAccount],
}

/// What a CA gives its customers out of band (RFC 8555 section 7.3.4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ExternalAccount {
    pub(crate) kid: &'static str,
    /// The HMAC key, base64url.
    pub(crate) key: &'static str,
}

impl CaSettings {
    /// One profile of ninety days, one nonce in twenty refused, no authorization used twice.
    pub(crate) const USUAL: Self = Self {
        profiles: &[("default", Duration::from_secs(90 * 86_400))],
        bad_nonces: 5,
        reuse: 0,
        pause: None,
        external_accounts: &[],
    };

    pub(super) fn configuration(&self, folder: &Path, sites: &Sites<'_>) -> Value {
        let profiles: BTreeMap<_, _> = self.profiles.iter().map(profile).collect();
        let keys: BTreeMap<_, _> =
            self.external_accounts.iter().map(|account| (account.kid, account.key)).collect();
        json!({"pebble": {
            "listenAddress": sites.api, "managementListenAddress": sites.management,
            "certificate": folder.join("cert.pem"), "privateKey": folder.join("key.pem"),
            "httpPort": sites.http, "tlsPort": sites.https, "ocspResponderURL": "",
            "externalAccountBindingRequired": !keys.is_empty(), "externalAccountMACKeys": keys,
            "profiles": profiles,
            // The same for Debian's Pebble, which knows no profiles.
            "certificateValidityPeriod": self.profiles.first().map(|(_, lifetime)| lifetime.as_secs()),
        }})
    }

    pub(super) fn environment(&self) -> [(&'static str, String); 3] {
        let pause = match self.pause {
            None => ("PEBBLE_VA_NOSLEEP", "1".to_owned()),
            Some(seconds) => ("PEBBLE_VA_SLEEPTIME", seconds.to_string()),
        };
        [
            pause,
            ("PEBBLE_WFE_NONCEREJECT", self.bad_nonces.to_string()),
            ("PEBBLE_AUTHZREUSE", self.reuse.to_string()),
        ]
    }
}

fn profile((name, lifetime): &(&'static str, Duration)) -> (&'static str, Value) {
    (*name, json!({"description": name, "validityPeriod": lifetime.as_secs()}))
}
