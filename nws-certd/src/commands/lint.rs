//! `nws-certd lint`.

use nws_acme::Clock;

use super::{path, show};
use crate::config::Config;
use crate::failure::Failure;
use crate::lint::{FailOn, Lint, LintError, LintReport, ask_dns, lint_text, look};

/// Looks at a repository; a configuration need not be there.
pub(super) fn lint(
    asked: &Lint,
    config: Option<&Config>,
    clock: &dyn Clock,
) -> Result<(), Failure> {
    let mut report = look(asked, config, path(), clock.now())?;
    if asked.dns {
        let config = config.ok_or(LintError::NoConfiguration)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(Failure::Runtime)?.block_on(ask_dns(&mut report, config, clock))?;
    }
    show(asked.output, &report, |colour| lint_text(&report, asked.wanted, colour))?;
    verdict(&report, asked.fail_on)
}

fn verdict(report: &LintReport, fail_on: FailOn) -> Result<(), Failure> {
    let (errors, warnings) = (report.errors, report.warnings);
    let fails = match fail_on {
        FailOn::Error => errors > 0,
        FailOn::Warning => errors + warnings > 0,
        FailOn::Never => false,
    };
    if fails { Err(Failure::ToSeeTo) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    #[test]
    fn the_exit_code_is_for_what_was_asked() {
        let cases = [
            (0, 0, [true, true, true]),
            (0, 1, [true, false, true]),
            (1, 0, [false, false, true]),
            (1, 1, [false, false, true]),
        ];
        for (errors, warnings, want) in cases {
            let report = LintReport {
                repository: ".".into(),
                commit: None,
                at: OffsetDateTime::UNIX_EPOCH,
                files: 0,
                errors,
                warnings,
                findings: Vec::new(),
                wanted: Vec::new(),
            };
            let passes = [FailOn::Error, FailOn::Warning, FailOn::Never].map(|fail_on| {
                let verdict = verdict(&report, fail_on);
                assert!(verdict.as_ref().err().is_none_or(|failure| failure.code() == 1));
                verdict.is_ok()
            });
            assert_eq!(passes, want, "{errors} errors, {warnings} warnings");
        }
    }
}
