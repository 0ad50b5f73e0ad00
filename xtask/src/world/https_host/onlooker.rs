//! Somebody on the machine who reads what programs are called with and what stands in their environment (proc(5)).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};

/// What of every program is read; its environment by root and its own user only, who are who we are.
const READ: [&str; 2] = ["cmdline", "environ"];

/// In the environment of every git that the daemon runs over https.
const MARK: &[u8] = b"GIT_CONFIG_COUNT=";

#[derive(Default)]
pub(super) struct Onlooker {
    /// What is looked for.
    secrets: Vec<String>,
    /// How often a git of the daemon's was there to be read.
    gits: usize,
    /// Who showed a secret, and where.
    found: BTreeSet<String>,
}

impl Onlooker {
    pub(super) fn look_for(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// Looks at all programs that run now. One that ends meanwhile has nothing to show.
    pub(super) fn look(&mut self) {
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            for name in READ {
                let text = fs::read(process.path().join(name)).unwrap_or_default();
                self.read(&process.path().join(name), &text);
            }
        }
    }

    fn read(&mut self, place: &Path, text: &[u8]) {
        if holds(text, MARK) {
            self.gits += 1;
        }
        if self.secrets.iter().any(|secret| holds(text, secret.as_bytes())) {
            let shown = String::from_utf8_lossy(text).replace('\0', " ");
            self.found.insert(format!("{}: {shown}", place.display()));
        }
    }

    /// # Errors
    ///
    /// If a secret was seen, or no program that could have shown one.
    pub(super) fn check(&self) -> Result<()> {
        ensure!(self.found.is_empty(), "tokens were to be seen: {:?}", self.found);
        ensure!(self.gits > 0, "no git of the daemon's was seen");
        Ok(())
    }
}

fn holds(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_an_argument_or_a_variable_is_seen_and_so_is_that_nobody_was_there() {
        let mut onlooker = Onlooker::default();
        onlooker.look_for("hunter2");
        onlooker.read(Path::new("/proc/1/environ"), b"PATH=/bin\0");
        assert!(onlooker.check().is_err(), "nobody was there");
        onlooker.read(Path::new("/proc/2/environ"), b"GIT_CONFIG_COUNT=2\0A=b\0");
        assert!(onlooker.check().is_ok());
        onlooker.read(Path::new("/proc/3/cmdline"), b"git\0push\0https://hunter2@host\0");
        let said = onlooker.check().unwrap_err().to_string();
        assert!(said.contains("/proc/3/cmdline: git push"), "{said}");
    }
}
