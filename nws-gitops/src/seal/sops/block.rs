//! The block at the end of a SOPS file, by which it opens.

use std::fmt;

use time::{OffsetDateTime, UtcOffset};

use super::SopsKind;
use super::ciphertext::Ciphertext;

/// The `sops:` of a document, written as SOPS 3.11 does: what looks for it in a text looks for these letters.
pub(super) struct Block {
    /// Each recipient, and the data key as an armored age file for it.
    pub(super) age: Vec<(String, String)>,
    pub(super) last_modified: LastModified,
    pub(super) mac: Ciphertext,
    pub(super) kind: SopsKind,
    pub(super) version: String,
}

impl Block {
    /// What SOPS writes in place of an absent one would be its own; without any it refuses the file.
    pub(super) const VERSION: &str = "3.11.0";
}

/// When a file was encrypted, to the second; the MAC is bound to it.
#[derive(Clone, Copy)]
pub(super) struct LastModified(pub(super) OffsetDateTime);

impl fmt::Display for LastModified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0.to_offset(UtcOffset::UTC);
        let (year, month, day) = at.to_calendar_date();
        let (hour, minute, second) = at.to_hms();
        let month = u8::from(month);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sops:\n    age:\n")?;
        for (recipient, file) in &self.age {
            writeln!(f, "        - recipient: {recipient}\n          enc: |")?;
            file.lines().try_for_each(|line| writeln!(f, "            {line}"))?;
        }
        writeln!(f, "    lastmodified: \"{}\"", self.last_modified)?;
        writeln!(f, "    mac: {}", self.mac)?;
        let (field, value) = self.kind.rule();
        writeln!(f, "    {field}: {value}")?;
        writeln!(f, "    version: {}", self.version)
    }
}
