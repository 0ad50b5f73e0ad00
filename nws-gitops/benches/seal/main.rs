//! What it costs to seal certificates.
//!
//! `cargo xtask bench seal` runs it, each measurement in a process of its own; what is told is one line of JSON.

mod certificate;
mod sealed_secrets;
mod sops;

use std::error::Error;
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};
use std::time::Instant;

use nws_gitops::{Manifest, SealError, WantKey};

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "run by `cargo xtask bench seal`: sealed-secrets BITS SECRETS CORES, or sops-age or sops-secret RECIPIENTS SECRETS CORES";

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = match words[..] {
        ["sealed-secrets", bits, secrets, cores] => {
            sealed_secrets::run(bits, secrets.parse()?, cores.parse()?)?
        }
        [kind @ ("sops-age" | "sops-secret"), recipients, secrets, cores] => {
            sops::run(kind, recipients.parse()?, secrets.parse()?, cores.parse()?)?
        }
        _ => USAGE.to_owned(),
    };
    Ok(writeln!(io::stdout(), "{said}")?)
}

/// Seals for so many Secrets on so many cores. Times are of the wall, since threads are the matter.
fn measure(
    secrets: NonZeroUsize,
    cores: NonZeroUsize,
    seal: impl Fn(&WantKey) -> Result<Manifest, SealError> + Sync,
) -> Outcome<String> {
    let keys = certificate::keys(secrets.get())?;
    #[expect(clippy::disallowed_methods, reason = "what is measured is time")]
    let begun = Instant::now();
    let bytes: usize = thread::scope(|scope| {
        let parts = keys.chunks(keys.len().div_ceil(cores.get()));
        let seal = &seal;
        let running: Vec<_> = parts.map(|part| scope.spawn(move || bytes_of(part, seal))).collect();
        let sealed = |one: ScopedJoinHandle<'_, _>| one.join().unwrap_or_else(|p| resume_unwind(p));
        running.into_iter().map(sealed).sum::<Result<usize, _>>()
    })?;
    let s = begun.elapsed().as_secs_f64();
    Ok(format!("{{\"s\":{s},\"bytes\":{}}}", bytes / secrets))
}

fn bytes_of(
    keys: &[WantKey],
    seal: impl Fn(&WantKey) -> Result<Manifest, SealError>,
) -> Result<usize, SealError> {
    keys.iter().map(|key| Ok(seal(key)?.as_str().len())).sum()
}
