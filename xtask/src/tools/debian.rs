//! Debian and Ubuntu packages.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::tools::say;
use crate::{process, programs};

/// For a slow mirror; beyond it, something waits for an answer that nobody will give.
const LIMIT: Duration = Duration::from_secs(600);

/// Where packages put systemd's units.
const SYSTEMD_UNITS: [&str; 2] = ["/lib/systemd/system", "/usr/lib/systemd/system"];

/// Installs packages with apt-get: as root, or through sudo where it asks no password.
pub(crate) async fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    say(&format!("installing {names} with apt-get"));
    let advice =
        || format!("cannot install {names}; run `apt-get install {names}` as root, then try again");
    process::output(apt_get(&["update"]), LIMIT).await.with_context(advice)?;
    let mut command = apt_get(&["install", "--yes", "--no-install-recommends"]);
    command.args(packages);
    process::output(command, LIMIT).await.map(drop).with_context(advice)
}

/// Ends the service that a package started: only the program is wanted, and it would hold ports of the system.
pub(crate) async fn stop_service(name: &str) {
    if !Path::new("/run/systemd/system").exists() {
        let mut stop = as_root(OsStr::new("service"));
        stop.args([name, "stop"]);
        return report(process::run(stop).await);
    }
    disable(&format!("{name}.service")).await;
    let socket = format!("{name}.socket");
    if SYSTEMD_UNITS.iter().any(|folder| Path::new(folder).join(&socket).exists()) {
        disable(&socket).await;
    }
}

async fn disable(unit: &str) {
    let mut disable = as_root(OsStr::new("systemctl"));
    disable.args(["disable", "--now", "--quiet", unit]);
    report(process::run(disable).await);
}

fn report(outcome: Result<()>) {
    if let Err(error) = outcome {
        say(&format!("{error:#}; if the service runs, it is not needed"));
    }
}

fn apt_get(args: &[&str]) -> Command {
    let mut command = as_root(OsStr::new("env"));
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]).args(args);
    command
}

fn as_root(program: &OsStr) -> Command {
    match programs::find("sudo") {
        Some(sudo) if !rustix::process::geteuid().is_root() => {
            let mut command = process::of_user(&sudo);
            command.arg("-n").arg(program);
            command
        }
        Some(_) | None => process::of_user(Path::new(program)),
    }
}
