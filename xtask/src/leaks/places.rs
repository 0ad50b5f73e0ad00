//! Where keys belong in the folder of a world, and where none does.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{below, walk};
use crate::files;

/// The files of a world's folder.
pub(super) struct Places {
    folder: PathBuf,
    files: Vec<PathBuf>,
    /// Whether the daemon was ever configured to deliver keys in clear.
    plain: bool,
}

impl Places {
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let mut found = Vec::new();
        walk(folder, &mut found)?;
        let configurations = found.iter().filter(|file| {
            file.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("nws-certd.toml"))
        });
        let mut plain = false;
        for file in configurations {
            plain |= files::read(file)?.contains("encryption = \"none\"");
        }
        Ok(Self { folder: folder.to_owned(), files: found, plain })
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether a file is where keys belong: with an edge, a CA, a git host, another client, an operator.
    pub(super) fn is_home(&self, file: &Path) -> bool {
        let inside = below(file, &self.folder);
        let above = inside.parent().into_iter().flat_map(Path::iter);
        let is_of_others = |folder: &str| {
            ["edge-", "pebble"].iter().any(|start| folder.starts_with(start))
                || ["git-host", "certbot", "lego"].contains(&folder)
                || self.plain && folder == "developer"
        };
        above.map(|folder| folder.to_string_lossy()).any(|folder| is_of_others(&folder))
            || self.is_secret(file)
            || inside == Path::new("state/key.age")
    }

    /// Whether a file is a secret of the operator's, and nothing else.
    pub(super) fn is_secret(&self, file: &Path) -> bool {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let is_one = ["webhook-secret", "git-token", "signing-key", "locked-key"].contains(&&*name);
        file.parent() == Some(&*self.folder) && (is_one || name.starts_with("eab-"))
    }

    /// Whether the daemon or a command of it has written a file.
    pub(super) fn is_of_daemon(&self, file: &Path) -> bool {
        let inside = below(file, &self.folder);
        inside.starts_with("state") || inside == "nws-certd.log" || inside == "said.log"
    }

    /// The repositories in which no key may stand.
    pub(super) fn sealed_repositories(&self) -> Vec<PathBuf> {
        let is_head = |file: &&PathBuf| file.ends_with("HEAD") && !self.plain;
        let folders = self.files.iter().filter(is_head).filter_map(|file| file.parent());
        let is_repository = |folder: &&Path| folder.join("objects").is_dir();
        folders.filter(is_repository).map(Path::to_owned).collect()
    }
}
