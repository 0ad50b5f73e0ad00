//! `nws-certd account`.

pub(super) mod import;

use std::sync::Arc;

use nws_acme::{Clock, Contact};

use super::confirm::confirm;
use super::{Answer, ask_or_open, show, write};
use crate::accounts::{AccountReport, Accounts, AccountsError, accounts_text};
use crate::args::AccountCommand;
use crate::config::Config;
use crate::control::{Control, ControlError};
use crate::failure::{Failure, Rest};

pub use self::import::ImportError;

pub(super) async fn command(
    command: AccountCommand,
    control: &Control,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<(), Failure> {
    let rest = command.rest();
    let (reports, output) = match command {
        AccountCommand::Show(output) => {
            let ask = async || control.accounts().await;
            (done(config, clock, ask, async |accounts| Ok(accounts.show())).await?, output)
        }
        AccountCommand::Contact(output) => {
            let ask = async || control.tell_contacts().await;
            let reports =
                done(config, clock, ask, async |accounts| Ok(accounts.tell_contacts().await));
            (are_as_configured(reports.await?, config)?, output)
        }
        AccountCommand::Rollover { ca, output } => {
            let ca = ca.as_deref();
            let ask = async || control.roll_over(ca).await;
            let reports = done(config, clock, ask, async |accounts| accounts.roll_over(ca).await);
            (reports.await?, output)
        }
        AccountCommand::Deactivate { ca, yes, output } => {
            confirm(
                &format!("End our account at {ca} for good? Its key can have no other there."),
                yes,
            )?;
            let ask = async || control.deactivate(&ca).await;
            let reports = done(config, clock, ask, async |accounts| accounts.deactivate(&ca).await);
            (reports.await?, output)
        }
        AccountCommand::Import { file, account, ca, replace } => {
            let import = import::Import { file, account, ca, replace };
            return write(&import.run(config, clock).await?);
        }
    };
    show(output, &reports, |_| accounts_text(&reports))?;
    is_done_everywhere(&reports, rest)
}

/// Asks the running daemon; where none runs, does it with the state directory held.
async fn done(
    config: &Config,
    clock: Arc<dyn Clock>,
    ask: impl AsyncFn() -> Result<Vec<AccountReport>, ControlError>,
    act: impl AsyncFnOnce(&Accounts) -> Result<Vec<AccountReport>, AccountsError>,
) -> Result<Vec<AccountReport>, Failure> {
    match ask_or_open(config, clock, ask).await? {
        Answer::Daemon(reports) => Ok(reports),
        Answer::Nobody(opened) => Ok(act(&opened.accounts()).await?),
    }
}

fn is_done_everywhere(reports: &[AccountReport], rest: Rest) -> Result<(), Failure> {
    let failed = reports.iter().filter(|report| report.error.is_some()).count();
    let of = reports.len();
    if failed == 0 { Ok(()) } else { Err(Failure::NotAtAllCas { failed, of, rest }) }
}

impl AccountCommand {
    /// What becomes of what a CA does not do now.
    fn rest(&self) -> Rest {
        match self {
            Self::Rollover { .. } => Rest::GoesOn,
            Self::Show(_) | Self::Contact(_) | Self::Deactivate { .. } | Self::Import { .. } => {
                Rest::IsLeft
            }
        }
    }
}

/// A daemon that was started with other contacts has told those.
fn are_as_configured(
    reports: Vec<AccountReport>,
    config: &Config,
) -> Result<Vec<AccountReport>, Failure> {
    let is_other = |report: &&AccountReport| {
        let ca = config.cas.iter().find(|ca| ca.directory.as_str() == report.ca);
        ca.is_none_or(|ca| !ca.contact.iter().map(Contact::as_str).eq(&report.contact))
    };
    match reports.iter().find(is_other) {
        Some(report) => Err(Failure::OtherContacts { ca: report.ca.clone() }),
        None => Ok(reports),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::accounts::AccountStanding;
    use crate::args::{Args, Command};

    fn report(error: Option<&str>) -> AccountReport {
        AccountReport {
            ca: "https://ca.example/directory".into(),
            url: None,
            standing: AccountStanding::Unknown,
            ended_at: None,
            key: "account".into(),
            thumbprint: "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI".into(),
            next_thumbprint: None,
            contact: vec![],
            external_account: None,
            done: None,
            error: error.map(Into::into),
        }
    }

    #[test]
    fn what_was_not_done_everywhere_says_what_becomes_of_it() {
        let cases = [
            ("contact", "do it again once that is mended"),
            ("rollover", "a key change goes on by itself where a daemon runs"),
        ];
        let reports = [report(None), report(Some("no answer"))];
        for (word, want) in cases {
            let args = Args::try_parse_from(["nws-certd", "account", word]).unwrap();
            let Command::Account(command) = args.command else { panic!("{word}") };
            let said = is_done_everywhere(&reports, command.rest()).unwrap_err().to_string();
            let want = format!("not done at 1 of 2 CAs, for the reason shown; {want}");
            assert_eq!(said, want, "{word}");
            is_done_everywhere(&reports[..1], command.rest()).unwrap();
        }
    }
}
