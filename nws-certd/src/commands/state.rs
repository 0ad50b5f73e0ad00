//! `nws-certd state`.

use nws_acme::Clock;

use super::write;
use crate::args::StateCommand;
use crate::backup::{Places, backup, restore};
use crate::config::Config;
use crate::failure::Failure;
use crate::report::instant;
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
    }
}
