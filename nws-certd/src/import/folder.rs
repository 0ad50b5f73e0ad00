//! The files of a folder that others have filled.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A chain of certificates takes some 4 kB, a renewal configuration less.
const LARGEST: u64 = 256 << 10;
/// `accounts/HOST/directory/ID/private_key.json`, with room for a longer path of a CA.
const DEEPEST: usize = 8;
/// Five files a certificate, for a hundred thousand of them.
const MOST: usize = 500_000;

/// Some files by their path within a folder, with `/` between its parts. They may hold keys, so they are wiped on drop.
#[derive(Default)]
pub(crate) struct Folder(BTreeMap<String, Result<Zeroizing<Vec<u8>>, Unread>>);

impl Folder {
    /// Reads what lies below some folders of `root`. Links to files are followed, links to folders are not, so there is an end.
    ///
    /// # Errors
    ///
    /// [`FolderError`] if `root` cannot be listed, has none of them, or holds far more than a client would put there. A file
    /// that cannot be read is kept as that.
    pub(crate) fn open(root: &Path, folders: &[&str]) -> Result<Self, FolderError> {
        fs::read_dir(root).map_err(|source| unlisted(root, source))?;
        let mut open = Self::default();
        let there: Vec<_> = folders.iter().filter(|name| root.join(name).is_dir()).collect();
        if there.is_empty() {
            let (root, looked_for) = (root.into(), folders.join(", "));
            return Err(FolderError::Other { root, looked_for });
        }
        for name in there {
            open.walk(&root.join(name), name, DEEPEST)?;
        }
        Ok(open)
    }

    fn walk(&mut self, dir: &Path, within: &str, depth: usize) -> Result<(), FolderError> {
        for entry in fs::read_dir(dir).map_err(|source| unlisted(dir, source))? {
            let entry = entry.map_err(|source| unlisted(dir, source))?;
            // A name that is no text is none that a client has given.
            let Some(path) = entry.file_name().to_str().map(|name| format!("{within}/{name}"))
            else {
                continue;
            };
            if self.0.len() >= MOST {
                return Err(FolderError::TooMany { dir: dir.into() });
            }
            self.take(&entry, path, depth)?;
        }
        Ok(())
    }

    fn take(&mut self, entry: &DirEntry, path: String, depth: usize) -> Result<(), FolderError> {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            self.0.insert(path, read(&entry.path()));
            return Ok(());
        }
        if depth == 0 { Ok(()) } else { self.walk(&entry.path(), &path, depth - 1) }
    }

    /// What is in a file.
    pub(crate) fn get(&self, path: &str) -> Result<&[u8], Unread> {
        match self.0.get(path) {
            Some(read) => read.as_ref().map(|bytes| bytes.as_slice()).map_err(Clone::clone),
            None => Err(Unread::Absent),
        }
    }

    /// What is in a text file; nothing where it cannot be read.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.get(path).ok().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// All paths below a folder, in order, without that.
    pub(crate) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.keys().filter_map(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Unread> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => Unread::Denied,
        io::ErrorKind::NotFound => Unread::Absent,
        _ => Unread::Failed { reason: error.to_string() },
    };
    // Opening a pipe would wait for somebody to write into it.
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(Unread::NoFile);
    }
    // Room for all of it, and to see its end: what grows leaves copies behind.
    let room = usize::try_from(metadata.len().min(LARGEST)).unwrap_or_default().saturating_add(64);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let file = File::open(path).map_err(failed)?;
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if read as u64 > LARGEST { Err(Unread::TooLarge) } else { Ok(bytes) }
}

fn unlisted(dir: &Path, source: io::Error) -> FolderError {
    FolderError::Unlisted { dir: dir.into(), source }
}

/// Why a file was not read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unread {
    #[error("there is no such file")]
    Absent,
    #[error("it may not be read; run this as a user who may, as with sudo")]
    Denied,
    #[error("it is no file")]
    NoFile,
    #[error("it is larger than {LARGEST} bytes, so it is none of that client's")]
    TooLarge,
    #[error("it cannot be read: {reason}")]
    Failed { reason: String },
}

/// Why a folder was not read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be listed.
    #[error("cannot list {}; name the folder, and run this as a user who may read it", dir.display())]
    Unlisted {
        /// Which one.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is another one.
    #[error("{} is no folder of that client: there is none of {looked_for} in it", root.display())]
    Other {
        /// Which one.
        root: PathBuf,
        /// What would be in it.
        looked_for: String,
    },
    /// It has far more in it than a client would put there.
    #[error("there are more than {MOST} files up to {}; is that the client's folder?", dir.display())]
    TooMany {
        /// Where that was noticed.
        dir: PathBuf,
    },
}

#[cfg(any(test, feature = "testing"))]
impl<'a> FromIterator<(&'a str, &'a [u8])> for Folder {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a [u8])>>(files: I) -> Self {
        let own = |(path, bytes): (&str, &[u8])| (path.into(), Ok(bytes.to_vec().into()));
        Self(files.into_iter().map(own).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_is_no_readable_file_says_so_and_the_rest_is_read() {
        let root = tempfile::tempdir().unwrap();
        let live = root.path().join("live/a");
        fs::create_dir_all(&live).unwrap();
        fs::create_dir_all(root.path().join("archive/a")).unwrap();
        fs::write(root.path().join("archive/a/cert1.pem"), "chain").unwrap();
        fs::write(live.join("large"), vec![b'a'; 300 << 10]).unwrap();
        let links = [
            ("cert.pem", "../../archive/a/cert1.pem"),
            ("loop", "loop"),
            ("up", ".."),
            ("gone", "nowhere"),
            ("endless", "/dev/zero"),
        ];
        for (link, to) in links {
            symlink(to, live.join(link)).unwrap();
        }
        let folder = Folder::open(root.path(), &["live", "renewal"]).unwrap();
        let paths: Vec<_> = folder.below("live").collect();
        assert_eq!(paths, ["a/cert.pem", "a/endless", "a/gone", "a/large", "a/loop", "a/up"]);
        assert_eq!(folder.text("live/a/cert.pem"), "chain");
        let cases = [
            ("endless", Unread::NoFile),
            ("up", Unread::NoFile),
            ("gone", Unread::Absent),
            ("large", Unread::TooLarge),
            ("never there", Unread::Absent),
        ];
        for (file, want) in cases {
            assert_eq!(folder.get(&format!("live/a/{file}")), Err(want), "{file}");
        }
        assert!(matches!(folder.get("live/a/loop"), Err(Unread::Failed { .. })));
    }

    #[test]
    fn another_folder_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let said = Folder::open(root.path(), &["live"]).err().unwrap().to_string();
        assert!(
            said.ends_with("is no folder of that client: there is none of live in it"),
            "{said}"
        );
        let nowhere = root.path().join("nowhere");
        assert!(matches!(Folder::open(&nowhere, &["live"]), Err(FolderError::Unlisted { .. })));
    }
}
