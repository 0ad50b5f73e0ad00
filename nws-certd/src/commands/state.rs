//! `nws-certd state`.

use std::path::Path;

use nws_acme::Clock;

use super::write;
use crate::args::StateCommand;
use crate::backup::{Places, backup, restore};
use crate::config::Config;
use crate::failure::Failure;
use crate::report::instant;
use crate::rotation::{Rotated, rotate_key};
use crate::state_dir::StatePaths;

pub(super) async fn command(
    command: &StateCommand,
    config: &Config,
    clock: &dyn Clock,
) -> Result<(), Failure> {
    let places =
        Places { state: StatePaths::of(&config.state_dir), key_file: config.key_file.clone() };
    match command {
        StateCommand::Backup { file } => {
            let contents = backup(&places, file, clock.now()).await?;
            write(&format!(
                "{} files of {} are in {}\n\
                 IT HOLDS THE KEY FILE: whoever reads it has every private key and every account; keep it as you would keep those\n",
                contents.files.len(),
                config.state_dir.display(),
                file.display(),
            ))
        }
        StateCommand::Restore { file } => {
            let contents = restore(file, &places)?;
            write(&format!(
                "{} files of {} are back in {}, as of {}; start the daemon with: nws-certd run\n",
                contents.files.len(),
                file.display(),
                config.state_dir.display(),
                instant(contents.made_at),
            ))
        }
        StateCommand::RotateKey => {
            let rotated = rotate_key(&places).await?;
            write(&rotated_text(&rotated, &config.key_file))
        }
    }
}

fn rotated_text(rotated: &Rotated, key_file: &Path) -> String {
    let Rotated { keys, account_keys, foreign, foreign_files } = rotated;
    let mut text = format!(
        "{keys} keys of certificates and {account_keys} account keys are sealed to a new identity in {0}; the one before opens none of them\n\
         A backup from before holds the old identity and all that it opens: make another with nws-certd state backup FILE, then destroy those\n",
        key_file.display(),
    );
    if *foreign > 0 {
        text += &format!(
            "{foreign} keys in the database opened with the old identity no more than with the new, and are as they were\n"
        );
    }
    for file in foreign_files {
        text += &format!(
            "{} opened with the old identity no more than with the new, and is as it was\n",
            file.display()
        );
    }
    text
}
