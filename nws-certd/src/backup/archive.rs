//! The file of a backup: a tar archive that begins with a list of what is in it.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The entry that lists the others, the first one.
pub(super) const LIST: &str = "nws-certd-backup.json";
/// The database in a backup.
pub(super) const DATABASE: &str = "state.db";
/// The key file in a backup, wherever it stands outside.
pub(super) const KEY_FILE: &str = "key.age";
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

/// The file at which writing failed.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) file: PathBuf,
    pub(super) source: io::Error,
}

/// Writes an archive of these files, and makes it durable.
pub(super) fn write(
    to: File,
    files: &[(String, PathBuf)],
    schema: i64,
    now: OffsetDateTime,
) -> Result<Contents, Failed> {
    let mut entries = Vec::new();
    for (name, path) in files {
        let sha256 = File::open(path).and_then(|mut file| copy(&mut file, &mut io::sink()));
        entries.push(Entry { name: name.clone(), sha256: sha256.map_err(at(path))? });
    }
    let made_by = env!("CARGO_PKG_VERSION").into();
    let contents = Contents { format: FORMAT, schema, made_by, made_at: now, files: entries };
    let list = Path::new(LIST);
    let json = serde_json::to_vec_pretty(&contents).map_err(|e| at(list)(e.into()))?;
    let mut archive = tar::Builder::new(BufWriter::new(to));
    append(&mut archive, LIST, json.len().try_into().unwrap_or(u64::MAX), &mut &json[..])
        .map_err(at(list))?;
    for (name, path) in files {
        let added = File::open(path).and_then(|mut file| {
            let size = file.metadata()?.len();
            append(&mut archive, name, size, &mut file)
        });
        added.map_err(at(path))?;
    }
    let written = archive.into_inner().and_then(|writer| writer.into_inner()?.sync_all());
    written.map_err(at(list))?;
    Ok(contents)
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Failed {
    move |source| Failed { file: path.into(), source }
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    size: u64,
    data: &mut dyn Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o600);
    header.set_size(size);
    archive.append_data(&mut header, name, data)
}

/// Copies everything, and says what its SHA-256 is.
pub(super) fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<String> {
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; 1 << 16];
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
