//! The file of a backup: a tar archive that begins with a list of what is in it.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// The entry that lists the others, the first one.
pub(super) const LIST: &str = "nws-certd-backup.json";
/// The database in a backup.
pub(super) const DATABASE: &str = "state.db";
/// What the names of sealed account keys end with.
pub(super) const ACCOUNT_KEY: &str = ".age";
/// How the archive is laid out.
pub(super) const FORMAT: u32 = 1;

/// What is in a backup.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct Contents {
    /// How the archive is laid out.
    pub(crate) format: u32,
    /// The version of the database's schema.
    pub(crate) schema: i64,
    /// The nws-certd that made it.
    pub(crate) made_by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) made_at: OffsetDateTime,
    /// Its files.
    pub(crate) files: Vec<Entry>,
}

/// One file of a backup.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// Its SHA-256, in lower-case hexadecimal.
    pub(crate) sha256: String,
}

/// What becomes a file of a backup.
pub(super) enum Content {
    /// Something small that others may change.
    Bytes(Zeroizing<Vec<u8>>),
    /// A file that is ours alone.
    File(PathBuf),
}

impl Content {
    fn len(&self) -> io::Result<u64> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.len().try_into().unwrap_or(u64::MAX)),
            Self::File(path) => Ok(path.metadata()?.len()),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        match self {
            Self::Bytes(bytes) => Ok(Box::new(&bytes[..])),
            Self::File(path) => Ok(Box::new(File::open(path)?)),
        }
    }
}

/// Writes an archive of these files, and makes it durable.
pub(super) fn write(
    to: File,
    files: &[(String, Content)],
    schema: i64,
    now: OffsetDateTime,
) -> io::Result<Contents> {
    let mut entries = Vec::new();
    for (name, content) in files {
        let sha256 = copy(&mut content.open()?, &mut io::sink())?;
        entries.push(Entry { name: name.clone(), sha256 });
    }
    let made_by = env!("CARGO_PKG_VERSION").into();
    let contents = Contents { format: FORMAT, schema, made_by, made_at: now, files: entries };
    let list = Content::Bytes(Zeroizing::new(serde_json::to_vec_pretty(&contents)?));
    let mut archive = tar::Builder::new(BufWriter::new(to));
    append(&mut archive, LIST, &list)?;
    for (name, content) in files {
        append(&mut archive, name, content)?;
    }
    archive.into_inner()?.into_inner()?.sync_all()?;
    Ok(contents)
}

fn append(archive: &mut tar::Builder<impl Write>, name: &str, content: &Content) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o600);
    header.set_size(content.len()?);
    archive.append_data(&mut header, name, content.open()?)
}

/// Copies everything, and says what its SHA-256 is.
pub(super) fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<String> {
    let mut digest = Context::new(&SHA256);
    // The key file comes through here, too.
    let mut buffer = Zeroizing::new(vec![0; 1 << 16]);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(hex::encode(digest.finish())),
            read => {
                digest.update(&buffer[..read]);
                to.write_all(&buffer[..read])?;
            }
        }
    }
}
