//! `nws-certd lint`: what in a repository somebody should see to, without a daemon, a state or an order, and without DNS unless that is
//! asked for: the same files have the same findings, wherever and whenever they are looked at.
//!
//! The judging is `nws_gitops::lint`; here is where the repository comes from, by which settings it is looked at, and how that is told.

mod dns;
mod options;
mod place;
mod report;
mod text;

use std::ffi::OsString;
use std::path::Path;

use nws_gitops::{Rules, lint};
use time::OffsetDateTime;

use crate::config::{Config, ConfigError, Encryption, GitSettings};

use self::place::Place;

pub(crate) use self::dns::ask_dns;
pub use self::options::{FailOn, Lint};
pub use self::place::LintError;
pub(crate) use self::report::LintReport;
pub(crate) use self::text::lint_text;

/// The configuration that a repository is looked at by: none where nobody names one and there is none in the usual place.
///
/// # Errors
///
/// As [`Config::read`].
pub(crate) fn configuration(file: &Path) -> Result<Option<Config>, ConfigError> {
    if file == Path::new(Config::DEFAULT_FILE) && !file.exists() {
        return Ok(None);
    }
    Config::read(file).map(Some)
}

/// Looks at the repository. `path` is where git and ssh are found, which only a URL needs.
pub(crate) fn look(
    asked: &Lint,
    config: Option<&Config>,
    path: OsString,
    now: OffsetDateTime,
) -> Result<LintReport, LintError> {
    let place = Place::of(asked, config)?;
    let discover = config.map(|config| config.discover.clone()).unwrap_or_default();
    // A configuration says so, or it is none.
    let is_clear = |one: &GitSettings| one.seal.encryption == Encryption::None;
    let may_hold_keys = config.is_some_and(|config| config.git.iter().any(is_clear));
    let rules = Rules { renew_before: asked.within, may_hold_keys };
    let at = asked.at.instant(now);
    place.snapshot(path, |snapshot| {
        let facts = snapshot.facts(&discover, &asked.fleet_paths)?;
        let findings = lint(&facts, &rules, at);
        Ok(LintReport::of(&place, &snapshot, &facts, &findings, at))
    })
}

#[cfg(test)]
mod tests;
