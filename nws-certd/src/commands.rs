//! What the commands do.

mod account;
mod confirm;
mod edge_config;
mod import;
mod incident;
mod lint;
mod preflight;
mod progress;
mod prune;
mod renew;
mod reseal;
mod revoke;
mod selection;
mod state;

pub use account::ImportError;
pub use edge_config::EdgeConfigError;
pub use import::TakeAccountError;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nws_acme::Clock;
use serde::Serialize;

use crate::args::{Args, Command, ConfigCommand, EdgeConfigCommand, Output};
use crate::at::At;
use crate::config::Config;
use crate::control::{Control, ControlError};
use crate::daemon::{Daemon, Parts};
use crate::explain::{Story, story_text};
use crate::failure::Failure;
use crate::lint::configuration;
use crate::report::{Colour, Report, Trouble, TroubleWith, plan_text, status_text, sync_text};
use crate::simulate::{Simulate, simulate};
use crate::state_dir::{StateDir, StatePaths};
use crate::{core_dumps, logging, open, serve};

pub(crate) use selection::serial_of;
pub use selection::{Condition, Conditions, InvalidConditions, SelectionError, SerialsError};

/// Runs one command.
///
/// # Errors
///
/// [`Failure`], with the exit code it stands for.
pub fn run(args: Args, clock: impl Clock + 'static) -> Result<(), Failure> {
    core_dumps::forbid().map_err(Failure::CoreDumps)?;
    logging::start(
        args.log_format,
        args.log.as_deref().unwrap_or_else(|| args.command.usual_log()),
    )?;
    if let Command::Simulate(asked) = &args.command {
        return simulated(asked); // without a configuration, which is perhaps not there yet
    }
    if let Command::Lint(asked) = &args.command {
        return lint::lint(asked, configuration(&args.config)?.as_ref(), &clock); // perhaps without one, too
    }
    if let Command::EdgeConfig(asked) = &args.command
        && let Some(done) =
            edge_config::from_configuration(asked, configuration(&args.config)?.as_ref())
    {
        return done; // and this, where all is said that an edge is told
    }
    let config = Config::read(&args.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Failure::Runtime)?;
    let outcome = runtime.block_on(command(args.command, &config, Arc::new(clock)));
    // A git that hangs is not waited for; what it was at is done again by the next start.
    runtime.shutdown_background();
    outcome
}

async fn command(command: Command, config: &Config, clock: Arc<dyn Clock>) -> Result<(), Failure> {
    let control = Control::at(StatePaths::of(&config.state_dir).control_socket());
    match command {
        Command::Run => {
            let opened = open_patiently(config, clock).await?;
            Ok(serve::run(config, opened).await?)
        }
        Command::Plan(plan) => {
            let report = look(&control, config, clock, Freshness::Fetched(plan.at)).await?;
            show(plan.output, &report, |colour| plan_text(&report, colour))?;
            branch_was_looked_at(&report)
        }
        Command::Status(output) => {
            let report = look(&control, config, clock, Freshness::LastSeen).await?;
            show(output, &report, |colour| status_text(&report, colour))
        }
        Command::Explain { host, output } => {
            let story = explain(&control, config, clock, &host).await?;
            show(output, &story, |_| story_text(&story))
        }
        Command::Sync(output) => {
            let report = sync(&control, &config.state_dir).await?;
            show(output, &report, |_| sync_text(&report))?;
            branch_was_looked_at(&report)
        }
        Command::Issue(issue) => renew::issue(&control, issue).await,
        Command::Renew(renew) => renew::renew(&control, renew).await,
        Command::Revoke(revoke) => revoke::revoke(&control, revoke).await,
        Command::Import(command) => import::import(command, &control, config, clock).await,
        Command::Preflight(asked) => preflight::preflight(&control, asked).await,
        Command::Reseal(reseal) => reseal::reseal(&control, reseal).await,
        Command::Prune(prune) => prune::prune(&control, prune).await,
        Command::Config(ConfigCommand::Check) => {
            write(&format!("configuration is fine; state in {}\n", config.state_dir.display()))
        }
        Command::Simulate(asked) => simulated(&asked),
        Command::Lint(asked) => lint::lint(&asked, Some(config), &*clock),
        Command::EdgeConfig(EdgeConfigCommand::HaproxyStateless(asked)) => {
            edge_config::from_accounts(&asked, &control, config, clock).await
        }
        Command::EdgeConfig(asked) => {
            edge_config::from_configuration(&asked, Some(config)).unwrap_or(Ok(()))
        }
        Command::Account(command) => account::command(command, &control, config, clock).await,
        Command::State(command) => state::command(&command, config, &*clock).await,
    }
}

fn simulated(asked: &Simulate) -> Result<(), Failure> {
    let simulated = simulate(asked)?;
    show(asked.output, simulated.figures(), |_| simulated.text())
}

/// What was asked about the branch as it is was answered from an older one, if it could not be fetched.
fn branch_was_looked_at(report: &Report) -> Result<(), Failure> {
    let is_of_fetch = |trouble: &Trouble| trouble.with == TroubleWith::Fetch;
    if report.troubles.iter().any(is_of_fetch) { Err(Failure::Outdated) } else { Ok(()) }
}

/// A daemon that is starting holds the directory before it has a socket.
async fn sync(control: &Control, state_dir: &Path) -> Result<Report, ControlError> {
    let mut patience = Patience::default();
    loop {
        match control.sync().await {
            Err(ControlError::NotRunning { .. })
                if StateDir::is_held(state_dir) && patience.wait().await => {}
            answered => return answered,
        }
    }
}

/// Opens the state, waiting for a command that holds it for the moment.
async fn open_patiently(
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<open::Opened, open::OpenError> {
    let mut patience = Patience::default();
    loop {
        match open::open(config, path(), clock.clone()).await {
            Err(error) if error.is_held() && patience.wait().await => {}
            opened => return opened,
        }
    }
}

/// How long the state directory may be held by somebody else before that is an error.
#[derive(Debug, Default)]
struct Patience {
    waits: u32,
}

impl Patience {
    const STEP: Duration = Duration::from_millis(100);
    const STEPS: u32 = 50;

    /// Waits a little; `false` once it has been long enough.
    async fn wait(&mut self) -> bool {
        self.waits += 1;
        tokio::time::sleep(Self::STEP).await;
        self.waits <= Self::STEPS
    }
}

/// Whether the branch is fetched for a report.
#[derive(Clone, Copy, Debug)]
enum Freshness {
    /// For a plan for this instant.
    Fetched(At),
    LastSeen,
}

/// The running daemon's report; where none runs, one made of what it left.
async fn look(
    control: &Control,
    config: &Config,
    clock: Arc<dyn Clock>,
    fresh: Freshness,
) -> Result<Report, Failure> {
    let ask = async || match fresh {
        Freshness::Fetched(at) => control.plan(at).await,
        Freshness::LastSeen => control.status().await,
    };
    match ask_or_open(config, clock, ask).await? {
        Answer::Daemon(report) => Ok(report),
        Answer::Nobody(opened) => {
            let mut report = report_of(opened.parts, fresh).await?;
            report.troubles.push(Trouble::no_daemon());
            Ok(report)
        }
    }
}

/// The running daemon's story; where none runs, one made of what it left.
async fn explain(
    control: &Control,
    config: &Config,
    clock: Arc<dyn Clock>,
    host: &str,
) -> Result<Story, Failure> {
    match ask_or_open(config, clock, async || control.explain(host).await).await? {
        Answer::Daemon(story) => Ok(story),
        Answer::Nobody(opened) => {
            let narrator = opened.narrator();
            let mut report = report_of(opened.parts, Freshness::LastSeen).await?;
            report.troubles.push(Trouble::no_daemon());
            let story = narrator.recall(host, &report).await.map_err(open::OpenError::Store)?;
            // A daemon that is begun meanwhile need not wait for the DNS.
            drop(opened.state);
            Ok(narrator.look_at_edges(story).await)
        }
    }
}

/// Who answered.
enum Answer<T> {
    Daemon(T),
    /// No daemon runs; the state is ours as long as this lives.
    Nobody(Box<open::Opened>),
}

/// Asks the daemon, or opens what it left; one that is starting holds the directory before it has a socket.
async fn ask_or_open<T>(
    config: &Config,
    clock: Arc<dyn Clock>,
    ask: impl AsyncFn() -> Result<T, ControlError>,
) -> Result<Answer<T>, Failure> {
    let mut patience = Patience::default();
    loop {
        match ask().await {
            Err(ControlError::NotRunning { .. }) => {}
            answered => return Ok(Answer::Daemon(answered?)),
        }
        match open::open(config, path(), clock.clone()).await {
            Err(error) if error.is_held() && patience.wait().await => {}
            opened => return Ok(Answer::Nobody(Box::new(opened?))),
        }
    }
}

async fn report_of(parts: Parts, fresh: Freshness) -> Result<Report, open::OpenError> {
    let mut daemon = Daemon::new(parts);
    match fresh {
        Freshness::Fetched(at) => daemon.report_fetched(at).await,
        Freshness::LastSeen => daemon.report_last_seen(At::NOW).await,
    }
    .map_err(open::OpenError::Store)
}

#[expect(clippy::disallowed_methods, reason = "where git is found is for the environment to say")]
fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn show<T: Serialize>(
    output: Output,
    report: &T,
    text: impl FnOnce(Colour) -> String,
) -> Result<(), Failure> {
    if output.json {
        let json =
            serde_json::to_string_pretty(report).map_err(|error| Failure::Output(error.into()))?;
        return write(&format!("{json}\n"));
    }
    let colour = if std::io::stdout().is_terminal() { Colour::Terminal } else { Colour::Plain };
    write(&text(colour))
}

fn write(text: &str) -> Result<(), Failure> {
    std::io::stdout().write_all(text.as_bytes()).map_err(Failure::Output)
}

/// What is said beside the result, so that a script reads nothing else than that.
fn note(text: &str) {
    // Whoever closed standard error does not want to read it.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
