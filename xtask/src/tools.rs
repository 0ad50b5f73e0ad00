//! `cargo xtask tools`: the programs that demo and scenarios run on, found or installed.

mod certbot;
mod debian;
mod kubesealpy;
mod openssh;
mod pebble;
mod python;
mod sops;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

pub(crate) use certbot::find_or_install as certbot;
pub(crate) use kubesealpy::find_or_install as kubesealpy;
pub(crate) use openssh::OpenSsh;
pub(crate) use pebble::Pebble;
pub(crate) use sops::find_or_install as sops;

use crate::{ink, process, programs};

/// The oldest that the texts of `edge-config` were tried with.
const HAPROXY_AT_LEAST: Version = Version(2, 6);

/// What nws-certd itself asks for.
const GIT_AT_LEAST: Version = Version(2, 39);

/// Older ones have no label for RSA-OAEP.
const OPENSSL_AT_LEAST: Version = Version(1, 1);

/// The services that packages start by themselves.
const SERVICES: [(&str, &str); 4] = [
    ("haproxy", "haproxy"),
    ("nginx-light", "nginx"),
    ("openssh-server", "ssh"),
    ("unbound", "unbound"),
];

/// Everything a world is made of, besides nws-certd.
pub(crate) struct Tools {
    pub(crate) git: PathBuf,
    pub(crate) haproxy: PathBuf,
    pub(crate) openssh: OpenSsh,
    pub(crate) openssl: PathBuf,
    pub(crate) pebble: Pebble,
}

pub(crate) async fn run() -> Result<ExitCode> {
    let tools = find_or_install().await?;
    println!("git        {}", tools.git.display());
    println!("haproxy    {}", tools.haproxy.display());
    println!("ssh        {}", tools.openssh.client.display());
    println!("sshd       {}", tools.openssh.server.display());
    println!("openssl    {}", tools.openssl.display());
    println!("pebble     {} ({})", tools.pebble.server.display(), tools.pebble.origin);
    println!("sops       {}", sops().await?.display());
    println!("age        {}", age().await?.display());
    println!("kubesealpy {}", kubesealpy().await?.display());
    println!("nginx      {}", nginx().await?.display());
    Ok(ExitCode::SUCCESS)
}

/// Finds each program, or installs it and says so. Quick if all is there.
///
/// # Errors
///
/// If a program is missing and cannot be installed here, with what to do by hand.
pub(crate) async fn find_or_install() -> Result<Tools> {
    let git = system("git", "git", "--version", GIT_AT_LEAST).await?;
    let haproxy = haproxy().await?;
    let openssh = openssh::find_or_install().await?;
    let openssl = openssl().await?;
    Ok(Tools { git, haproxy, openssh, openssl, pebble: pebble::find_or_install().await? })
}

/// HAProxy, which edges are made of.
pub(crate) async fn haproxy() -> Result<PathBuf> {
    system("haproxy", "haproxy", "-v", HAPROXY_AT_LEAST).await
}

/// nginx, any version that a system still supports: it judges what edges are told, and serves files.
pub(crate) async fn nginx() -> Result<PathBuf> {
    find_or("nginx", "nginx-light").await
}

/// wrk, any version, which asks servers as fast as they answer.
pub(crate) async fn wrk() -> Result<PathBuf> {
    find_or("wrk", "wrk").await
}

/// taskset, any version, which binds programs to cores.
pub(crate) async fn taskset() -> Result<PathBuf> {
    find_or("taskset", "util-linux").await
}

/// unbound, any version: a resolver that validates.
pub(crate) async fn unbound() -> Result<PathBuf> {
    find_or("unbound", "unbound").await
}

/// A program of ldns, any version, which make keys and sign zones.
pub(crate) async fn ldns(name: &str) -> Result<PathBuf> {
    find_or(name, "ldnsutils").await
}

/// OpenSSL, which opens what is sealed to RSA keys.
pub(crate) async fn openssl() -> Result<PathBuf> {
    system("openssl", "openssl", "version", OPENSSL_AT_LEAST).await
}

/// lego, any version. The system's, because building it takes the libraries of all DNS services there are.
pub(crate) async fn lego() -> Result<PathBuf> {
    find_or("lego", "lego").await
}

/// age, any version: the format of its files is the same in all.
pub(crate) async fn age() -> Result<PathBuf> {
    find_or("age", "age").await
}

/// What the tests of the libraries look for, besides git.
///
/// # Errors
///
/// As [`find_or_install`].
pub(crate) async fn for_tests() -> Result<()> {
    sops().await?;
    kubesealpy().await?;
    openssl().await?;
    haproxy().await?;
    nginx().await?;
    age().await.map(drop)
}

async fn system(name: &str, package: &str, asked: &str, at_least: Version) -> Result<PathBuf> {
    let path = find_or(name, package).await?;
    let found = version(&path, asked).await?;
    ensure!(
        found >= at_least,
        "{} is version {found}, and {at_least} or newer is needed",
        path.display()
    );
    Ok(path)
}

async fn find_or(name: &str, package: &str) -> Result<PathBuf> {
    match programs::find(name) {
        Some(path) => Ok(path),
        None => install(name, package).await,
    }
}

async fn install(name: &str, package: &str) -> Result<PathBuf> {
    if !programs::is_debian() {
        bail!(
            "{name} is missing: install it (package {package}) with your system's package manager"
        );
    }
    debian::install(&[package]).await?;
    if let Some((_, service)) = SERVICES.iter().find(|(brings, _)| *brings == package) {
        debian::stop_service(service).await;
    }
    programs::find(name).with_context(|| format!("package {package} brought no {name}"))
}

/// Major and minor number: all that is ever asked for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Version(u32, u32);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

impl Version {
    /// Finds the first `1.2` in what a program says about itself.
    fn find(text: &str) -> Option<Self> {
        text.split(|c: char| !(c.is_ascii_digit() || c == '.')).find_map(|word| {
            let mut numbers = word.split('.');
            Some(Self(numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
        })
    }
}

async fn version(program: &Path, asked: &str) -> Result<Version> {
    let mut command = process::of_user(program);
    command.arg(asked);
    let said = process::output(command, Duration::from_secs(10)).await?;
    let said = String::from_utf8_lossy(&said);
    Version::find(&said)
        .with_context(|| format!("{} does not say its version: {said}", program.display()))
}

fn say(text: &str) {
    println!("{} {text}", ink::dim("tools:"));
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let cases = [
            ("git version 2.39.5", Some(Version(2, 39))),
            (
                "HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/",
                Some(Version(2, 6)),
            ),
            ("go version go1.26.8 linux/amd64", Some(Version(1, 26))),
            ("unknown", None),
        ];
        for (said, version) in cases {
            assert_eq!(Version::find(said), version, "{said}");
        }
    }
}
