//! The log, to standard error.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;
use crate::failure::Failure;

/// Starts logging for the whole process.
pub(crate) fn start(format: LogFormat, filter: &str) -> Result<(), Failure> {
    let parsed =
        EnvFilter::try_new(filter).map_err(|_| Failure::LogFilter { filter: filter.into() })?;
    let log = tracing_subscriber::fmt().with_env_filter(parsed).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
