//! Whom certificates are ordered from.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use nws_acme::{DirectoryUrl, Limits, Profile};

use super::read::Reader;
use super::values;

/// A `[ca]` table, or one of several `[[ca]]`.
#[derive(Clone, Debug)]
pub struct CaSettings {
    /// The ACME directory: `directory`. There is no default, so that nobody orders from a production CA by accident.
    pub directory: DirectoryUrl,
    /// A PEM file of the roots that the CA's own listener is trusted by: `roots`; the platform's where absent.
    pub roots: Option<PathBuf>,
    /// How long one request may take: `timeout`.
    pub timeout: Duration,
    /// The profile that certificates get that ask for none: `profile`; the CA's default where absent.
    pub profile: Option<Profile>,
}

impl CaSettings {
    pub(super) fn take_all(from: &mut Reader) -> Option<Vec<Self>> {
        let tables = from.tables("ca");
        // Every one is read, so that every fault is kept.
        let taken: Vec<_> = tables.iter().map(|table| Self::take(from, table)).collect();
        let cas: Vec<_> = taken.into_iter().collect::<Option<_>>()?;
        let mut seen = BTreeSet::new();
        for (table, ca) in tables.iter().zip(&cas) {
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
        let directory = from.required_text(
            &key("directory"),
            "the CA's ACME directory, for instance \"https://acme-staging-v02.api.letsencrypt.org/directory\"",
        );
        let terms = from.required::<values::TermsAgreed>(
            &key("terms_agreed"),
            "true, once you have read and agree to the CA's terms of service",
        );
        let roots = from.optional(&key("roots"));
        let timeout = from.duration_or(&key("timeout"), Limits::default().request);
        let profile = from.optional_text(&key("profile"));
        terms?;
        Some(Self { directory: directory?, roots: roots?, timeout: timeout?, profile: profile? })
    }
}
