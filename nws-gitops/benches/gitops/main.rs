//! What it costs to read and write a large repository.
//!
//! `cargo xtask bench gitops` runs it, each measurement in a process of its own; what is told is one line of JSON.

mod generate;
mod libgit2;
mod measure;
mod write;

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nws_gitops::{Git, Mirror, Remote};

type Outcome<T> = Result<T, Box<dyn Error>>;

const USAGE: &str = "run by `cargo xtask bench gitops`: generate|read|cold|... DIR [COUNT]";

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let said = match words[..] {
        ["generate", dir, count] => generate::run(&Place::new(dir), count.parse()?)?,
        ["read", dir] => measure::read(&Place::new(dir))?,
        ["cold", dir] => measure::cold(&Place::new(dir))?,
        ["after", dir] => measure::after(&Place::new(dir))?,
        ["git-reads", dir] => measure::git_reads(&Place::new(dir))?,
        ["commit", dir, count] => write::commit(&Place::new(dir), count.parse()?)?,
        ["bare", dir, count] => write::bare(&Place::new(dir), count.parse()?)?,
        ["fast-import", dir, count] => write::fast_import(&Place::new(dir), count.parse()?)?,
        ["push", dir] => write::push(&Place::new(dir))?,
        ["git2-reads", dir] => libgit2::read(&Place::new(dir))?,
        ["git2", dir, count] => libgit2::commit(&Place::new(dir), count.parse()?)?,
        ["git2-push", dir] => libgit2::push(&Place::new(dir))?,
        ["git-push", dir] => write::git_push(&Place::new(dir))?,
        _ => USAGE.to_owned(),
    };
    Ok(writeln!(io::stdout(), "{said}")?)
}

/// Where a generated repository and its mirror are.
struct Place(PathBuf);

impl Place {
    fn new(dir: &str) -> Self {
        Self(Path::new(dir).to_owned())
    }

    fn remote(&self) -> PathBuf {
        self.0.join("remote.git")
    }

    fn bare(&self) -> PathBuf {
        self.0.join("mirror/bare.git")
    }

    fn git(&self) -> Git {
        #[expect(clippy::disallowed_methods, reason = "a bench runs the git of whoever runs it")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        Git::new(&self.0, path, Duration::from_secs(600))
    }

    fn mirror(&self) -> Outcome<Mirror> {
        let url = format!("file://{}", self.remote().display());
        let remote = Remote { url: url.parse()?, branch: "main".parse()? };
        Ok(Mirror::open(&self.0.join("mirror"), remote, self.git())?)
    }
}
