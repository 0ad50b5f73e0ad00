//! How what was asked for gets on, until all of it is in the branch.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::note;
use crate::control::{Control, ControlError, Identity};
use crate::failure::Failure;
use crate::report::{CertificateReport, Report, Stage};

/// How often the daemon is asked.
const PAUSE: Duration = Duration::from_secs(1);

/// What is to be replaced, and by what it is told from its successor.
#[derive(Clone, Debug)]
pub(super) struct Awaited(Vec<(Identity, Option<String>)>);

/// How far it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Progress {
    pub(super) done: usize,
    pub(super) of: usize,
    /// What does not get on at the moment, and why.
    pub(super) stuck: Vec<String>,
}

impl Awaited {
    pub(super) fn of(certificates: &[CertificateReport]) -> Self {
        let each = certificates.iter().map(|one| (Identity::from(one), one.fingerprint.clone()));
        Self(each.collect())
    }

    /// What nobody wants any more is done, too.
    pub(super) fn progress(&self, report: &Report) -> Progress {
        let now: HashMap<_, _> =
            report.certificates.iter().map(|one| (Identity::from(one), one)).collect();
        let mut progress = Progress { done: 0, of: self.0.len(), stuck: Vec::new() };
        for (identity, old) in &self.0 {
            match now.get(identity) {
                None => progress.done += 1,
                Some(one) if one.stage.is_in_branch() && one.fingerprint != *old => {
                    progress.done += 1;
                }
                Some(one) => progress.stuck.extend(why(one)),
            }
        }
        progress
    }
}

/// Why one does not get on, if it does not.
fn why(one: &CertificateReport) -> Option<String> {
    match one.stage {
        Stage::Held | Stage::Preflight | Stage::Waiting | Stage::Parked => {
            Some(format!("{}: {}", one.names.first()?, waits(one)))
        }
        Stage::Wanted | Stage::Ordering | Stage::Issued | Stage::Pushed | Stage::Served => None,
    }
}

fn waits(one: &CertificateReport) -> String {
    match (one.holds.first(), &one.last_error) {
        (Some(hold), _) if one.is_held_back() => format!("held by {}", hold.text),
        (_, Some(error)) => error.clone(),
        (_, None) => "it waits".into(),
    }
}

impl Progress {
    fn is_over(&self) -> bool {
        self.done == self.of
    }

    pub(super) fn text(&self) -> String {
        let Self { done, of, stuck } = self;
        match stuck.as_slice() {
            [] => format!("{done} of {of} replaced"),
            [first, ..] => {
                format!("{done} of {of} replaced, {} not for now, as {first}", stuck.len())
            }
        }
    }
}

/// Shows how it gets on, until all is in the branch or somebody has seen enough.
pub(super) async fn follow(control: &Control, awaited: &Awaited) -> Result<(), Failure> {
    let shown = Shown::new(awaited.0.len());
    tokio::select! {
        followed = until_all(control, awaited, &shown) => followed,
        () = interrupted() => {
            shown.end();
            note("the daemon goes on with the rest; see: nws-certd status\n");
            Ok(())
        }
    }
}

/// Without a handler the signal ends us, as it does everywhere.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn until_all(control: &Control, awaited: &Awaited, shown: &Shown) -> Result<(), Failure> {
    let mut last = None;
    loop {
        let progress = awaited.progress(&control.status().await.map_err(gone)?);
        if last.as_ref() != Some(&progress) {
            shown.show(&progress);
        }
        if progress.is_over() {
            shown.end();
            return Ok(());
        }
        last = Some(progress);
        tokio::time::sleep(PAUSE).await;
    }
}

/// What was asked for is kept, whatever becomes of the daemon.
fn gone(error: ControlError) -> Failure {
    Failure::NotFollowed(error)
}

/// A bar on a terminal, and elsewhere a line for each change.
enum Shown {
    Bar(ProgressBar),
    Lines,
}

impl Shown {
    fn new(of: usize) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines;
        }
        let bar = ProgressBar::new(of.try_into().unwrap_or(u64::MAX));
        let style = ProgressStyle::with_template("{wide_bar} {pos} of {len}\n{msg}");
        Self::Bar(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)))
    }

    fn show(&self, progress: &Progress) {
        match self {
            Self::Bar(bar) => {
                bar.set_position(progress.done.try_into().unwrap_or(u64::MAX));
                bar.set_message(progress.text());
            }
            Self::Lines => note(&format!("{}\n", progress.text())),
        }
    }

    fn end(&self) {
        match self {
            Self::Bar(bar) => bar.abandon(),
            Self::Lines => {}
        }
    }
}

#[cfg(test)]
mod tests;
