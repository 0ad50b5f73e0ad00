//! How much room a bundle takes where Fleet keeps it.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Bundle, Bundles, PackedFile, is_packed};
use crate::RepoPath;

/// A bundle of this size or more has each of its files compressed (`internal/bundlereader/read.go`).
const COMPRESSED_FROM: u64 = 1_000_000;

impl Bundle {
    /// The largest object that etcd takes (`--max-request-bytes`, 1.5 MiB), in bytes.
    pub const LIMIT: u64 = 3 << 19;

    /// Whether it cannot be stored; where Fleet keeps bundles in an OCI registry, it can.
    pub fn is_over_limit(&self) -> bool {
        self.stored > Self::LIMIT
    }

    /// Whether it can be stored, and takes more than four fifths of the room.
    pub fn is_near_limit(&self) -> bool {
        self.stored > Self::LIMIT / 5 * 4 && !self.is_over_limit()
    }
}

impl Bundles {
    /// Weighs the large ones as Fleet stores them: every file on its own, gzip and then base64. `files` are those they were made
    /// of, in the order of their paths; `read` gives the bytes of those without a text.
    ///
    /// # Errors
    ///
    /// The first of `read`.
    pub fn weigh<B: AsRef<[u8]>, E>(
        &mut self,
        files: &[PackedFile],
        read: impl Fn(&RepoPath) -> Result<B, E>,
    ) -> Result<(), E> {
        let Self { by_dir, ignored, .. } = self;
        for bundle in by_dir.values_mut().filter(|bundle| bundle.bytes >= COMPRESSED_FROM) {
            let dir = bundle.dir.as_ref();
            let packed = below(files, dir).filter(|file| is_packed(dir, &file.path, ignored));
            bundle.stored = stored(packed, &read)?;
        }
        Ok(())
    }
}

/// What these files take; counted only until it is too much.
fn stored<'a, B: AsRef<[u8]>, E>(
    files: impl Iterator<Item = &'a PackedFile>,
    read: impl Fn(&RepoPath) -> Result<B, E>,
) -> Result<u64, E> {
    let mut sum: u64 = 0;
    for file in files {
        sum = sum.saturating_add(match &file.text {
            Some(text) => compressed(text.as_bytes()),
            None => compressed(read(&file.path)?.as_ref()),
        });
        if sum > Bundle::LIMIT {
            break;
        }
    }
    Ok(sum)
}

fn below<'a>(
    files: &'a [PackedFile],
    dir: Option<&RepoPath>,
) -> impl Iterator<Item = &'a PackedFile> {
    let prefix = dir.map_or_else(String::new, |dir| format!("{dir}/"));
    let from = files.partition_point(|file| *file.path.as_str() < *prefix);
    files[from..].iter().take_while(move |file| file.path.as_str().starts_with(&prefix))
}

fn compressed(bytes: &[u8]) -> u64 {
    let mut encoder = GzEncoder::new(Count(0), Compression::default());
    // Counting does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().map_or(0, |Count(bytes)| bytes.div_ceil(3) * 4)
}

/// Keeps nothing of what is written.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Bytes as of a key: nothing in them comes twice.
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn a_large_bundle_weighs_what_is_left_of_it_compressed() {
        let text = |len: usize| "a: b\n".repeat(len / 5).into_bytes();
        let cases: [(&str, Vec<u8>, bool, bool); 5] = [
            ("small", noise(900_000), false, false),
            ("a megabyte that does not compress", noise(1_000_000), true, false),
            ("more than base64 leaves room for", noise(1_200_000), false, true),
            ("much text", text(3_000_000), false, false),
            ("text and noise", [text(2_000_000), noise(1_100_000)].concat(), true, false),
        ];
        for (case, bytes, near, over) in cases {
            let path: RepoPath = "a/b.yaml".parse().unwrap();
            let fleet = PackedFile {
                path: "a/fleet.yaml".parse().unwrap(),
                bytes: 0,
                text: Some("".into()),
            };
            let file = PackedFile { path, bytes: bytes.len() as u64, text: None };
            let files = [file, fleet];
            let mut bundles = Bundles::of(&[], &files);
            bundles.weigh(&files, |_| Ok::<_, Infallible>(bytes.clone())).unwrap();
            let bundle = bundles.iter().next().unwrap();
            assert_eq!((bundle.is_near_limit(), bundle.is_over_limit()), (near, over), "{case}");
        }
    }

    #[test]
    fn no_more_is_read_than_it_takes_to_tell() {
        let bytes = noise(600_000);
        let file = |path: &str| PackedFile {
            path: path.parse().unwrap(),
            bytes: bytes.len() as u64,
            text: None,
        };
        let mut files: Vec<_> =
            ["a-b/x", "a/1", "a/2", "a/3", "a/4", "a/fleet.yaml", "a0/y"].map(file).into();
        files[5].bytes = 0;
        let read = std::cell::RefCell::new(Vec::new());
        let mut bundles = Bundles::of(&[], &files);
        let looked_at = |path: &RepoPath| {
            read.borrow_mut().push(path.to_string());
            Ok::<_, Infallible>(bytes.clone())
        };
        bundles.weigh(&files, looked_at).unwrap();
        assert_eq!(read.into_inner(), ["a/1", "a/2"]);
    }
}
