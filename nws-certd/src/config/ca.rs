//! Whom certificates are ordered from.

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use nws_acme::{Contact, DirectoryUrl, Limits, PreferredChain, Profile, Rates};

use nws_expiry::budget;
use nws_gitops::CaName;

use super::limits;
use super::read::Reader;
use super::values;
use crate::account::AccountName;

/// A `[ca]` table, or one of several `[[ca]]`.
#[derive(Clone, Debug)]
pub struct CaSettings {
    /// What `discover.issuers` and manifests call it: `name`.
    pub name: Option<CaName>,
    /// The ACME directory: `directory`. There is no default, so that nobody orders from a production CA by accident.
    pub directory: DirectoryUrl,
    /// A PEM file of the roots that the CA's own listener is trusted by: `roots`; the platform's where absent.
    pub roots: Option<PathBuf>,
    /// How long one request may take: `timeout`.
    pub timeout: Duration,
    /// How many requests it gets in a second at most, wherever it counts them: `requests_per_second`; what is known to suit it where
    /// absent.
    pub requests_per_second: Option<NonZeroU32>,
    /// How many requests it gets at a time: `requests_in_flight`.
    pub requests_in_flight: NonZeroUsize,
    /// The profile that certificates get that ask for none: `profile`; the CA's default where absent.
    pub profile: Option<Profile>,
    /// The root that chains should end at, by its common name: `preferred_chain`; the CA's default chain where absent.
    pub preferred_chain: Option<PreferredChain>,
    /// Where the CA finds a person: `contact`.
    pub contact: Vec<Contact>,
    /// What the CA allows: `[ca.limits]`; what it publishes, where that is known.
    pub budget: budget::Limits,
    /// The account that the CA knows from elsewhere: `[ca.eab]`.
    pub eab: Option<EabSettings>,
    /// Which account key is used there: `account`; CAs that name the same share it.
    pub account: AccountName,
}

/// A `[ca.eab]` table.
#[derive(Clone, Debug)]
pub struct EabSettings {
    /// The id of the key, which the CA chose: `kid`.
    pub kid: String,
    /// The file of the HMAC key in base64url: `key_file`.
    pub key_file: PathBuf,
}

impl CaSettings {
    /// What the CA may cost, and be cost.
    pub fn limits(&self) -> Limits {
        let known = Rates::of(&self.directory);
        Limits {
            request: self.timeout,
            in_flight: self.requests_in_flight,
            rates: self.requests_per_second.map_or(known, |most| known.at_most(most)),
            ..Limits::default()
        }
    }

    pub(super) fn take_all(from: &mut Reader) -> Option<Vec<Self>> {
        let tables = from.tables("ca");
        // Every one is read, so that every fault is kept.
        let taken: Vec<_> = tables.iter().map(|table| Self::take(from, table)).collect();
        let cas: Vec<_> = taken.into_iter().collect::<Option<_>>()?;
        let (mut seen, mut names) = (BTreeSet::new(), BTreeSet::new());
        for (table, ca) in tables.iter().zip(&cas) {
            if ca.name.as_ref().is_some_and(|name| !names.insert(name)) {
                from.fault(
                    &format!("{table}.name"),
                    "is that of another CA too; name each CA apart",
                );
            }
            if !seen.insert(ca.directory.as_str()) {
                from.fault(
                    &format!("{table}.directory"),
                    "is that of another CA too; name each CA once",
                );
            }
        }
        (seen.len() == cas.len()).then_some(cas)
    }

    fn take(from: &mut Reader, table: &str) -> Option<Self> {
        let key = |name: &str| format!("{table}.{name}");
        let name = from.optional_text(&key("name"));
        let directory = from.required_text(
            &key("directory"),
            "the CA's ACME directory, for instance \"https://acme-staging-v02.api.letsencrypt.org/directory\"",
        );
        let terms = from.required::<values::TermsAgreed>(
            &key("terms_agreed"),
            "true, once you have read and agree to the CA's terms of service",
        );
        let roots = from.optional(&key("roots"));
        let limits = Limits::default();
        let timeout = from.duration_or(&key("timeout"), limits.request);
        let requests_per_second = from.optional_count(&key("requests_per_second"), 20);
        let requests_in_flight = from.count_or(&key("requests_in_flight"), limits.in_flight);
        let profile = from.optional_text(&key("profile"));
        let preferred_chain = from.optional_text(&key("preferred_chain"));
        let contact = from.texts(&key("contact"));
        let published =
            directory.as_ref().map(|it: &DirectoryUrl| budget::Limits::published(it.as_str()));
        let budget = limits::take(from, &key("limits"), published.unwrap_or(budget::Limits::NONE));
        let eab = EabSettings::take(from, &key("eab"));
        let account = from.optional_text(&key("account"));
        terms?;
        Some(Self {
            name: name?,
            directory: directory?,
            roots: roots?,
            timeout: timeout?,
            requests_per_second: requests_per_second?,
            requests_in_flight: requests_in_flight?,
            profile: profile?,
            preferred_chain: preferred_chain?,
            contact: contact?,
            budget: budget?,
            eab: eab?,
            account: account?.unwrap_or_default(),
        })
    }
}

impl EabSettings {
    fn take(from: &mut Reader, table: &str) -> Option<Option<Self>> {
        let (kid_key, file_key) = (format!("{table}.kid"), format!("{table}.key_file"));
        let kid: Option<Option<String>> = from.optional(&kid_key);
        let key_file: Option<Option<PathBuf>> = from.optional(&file_key);
        match (kid?, key_file?) {
            (None, None) => return Some(None),
            (Some(kid), Some(key_file)) => return Some(Some(Self { kid, key_file })),
            (None, Some(_)) => {
                from.fault(&kid_key, "is missing; write the key id that the CA gave you");
            }
            (Some(_), None) => from.fault(
                &file_key,
                "is missing; write the file of the HMAC key that the CA gave you with the key id",
            ),
        }
        None
    }
}
