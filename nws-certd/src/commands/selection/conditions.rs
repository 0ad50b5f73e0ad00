use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::report::CertificateReport;

/// What a certificate has to be for an incident to concern it: all of these.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Conditions(pub(super) Vec<Condition>);

/// One thing that a certificate has to be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Condition {
    /// Its issuer's name has this text in it, in any case.
    Issuer(String),
    /// It came from the CA of this directory.
    Ca(String),
    /// One of its names is like this, where `*` stands for anything and `?` for one character.
    Host(String),
    /// Its serial number is in this file.
    SerialIn(PathBuf),
    /// It begins before this instant, which is when the CA says that it was issued, or an hour before that.
    IssuedBefore(OffsetDateTime),
}

impl FromStr for Conditions {
    type Err = InvalidConditions;

    /// Reads `key=value,key=value`; a value with commas stands in double quotes.
    fn from_str(text: &str) -> Result<Self, InvalidConditions> {
        clauses(text).into_iter().map(Condition::read).collect::<Result<_, _>>().map(Self)
    }
}

impl Condition {
    fn read(clause: &str) -> Result<Self, InvalidConditions> {
        let Some((key, value)) = clause.split_once('=') else {
            return Err(InvalidConditions::NoValue { clause: clause.into() });
        };
        let value = value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(value);
        if value.is_empty() {
            return Err(InvalidConditions::NoValue { clause: clause.into() });
        }
        match key.trim() {
            "issuer" => Ok(Self::Issuer(value.to_lowercase())),
            "ca" => Ok(Self::Ca(value.into())),
            "host" => Ok(Self::Host(value.to_ascii_lowercase())),
            "serial-in" => Ok(Self::SerialIn(value.into())),
            "issued-before" => begin(value)
                .map(Self::IssuedBefore)
                .ok_or_else(|| InvalidConditions::NoInstant { found: value.into() }),
            unknown => Err(InvalidConditions::UnknownKey { found: unknown.into() }),
        }
    }
}

/// The parts between commas that do not stand in double quotes.
fn clauses(text: &str) -> Vec<&str> {
    let mut quoted = false;
    let is_end = |c: char| {
        quoted ^= c == '"';
        c == ',' && !quoted
    };
    text.split(is_end).collect()
}

/// An instant (RFC 3339), or the begin of a day in UTC.
fn begin(text: &str) -> Option<OffsetDateTime> {
    let day = || Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    let instant = OffsetDateTime::parse(text, &Rfc3339).ok();
    instant.or_else(|| day().map(|day| day.midnight().assume_utc()))
}

/// Conditions whose files were read.
#[derive(Clone, Debug, Default)]
pub(in crate::commands) struct Filter {
    conditions: Vec<Condition>,
    serials: Vec<BTreeSet<String>>,
}

impl Filter {
    /// Reads the files that the conditions name.
    pub(in crate::commands) fn open(all: Vec<Conditions>) -> Result<Self, SerialsError> {
        let mut filter = Self::default();
        for condition in all.into_iter().flat_map(|conditions| conditions.0) {
            match condition {
                Condition::SerialIn(file) => filter.serials.push(read_serials(&file)?),
                Condition::Issuer(_)
                | Condition::Ca(_)
                | Condition::Host(_)
                | Condition::IssuedBefore(_) => filter.conditions.push(condition),
            }
        }
        Ok(filter)
    }

    /// Whether there is a certificate that is all of it.
    pub(super) fn concerns(&self, one: &CertificateReport) -> bool {
        let Some(serial) = one.serial.as_deref() else {
            return false;
        };
        let is_listed =
            |list: &BTreeSet<String>| serial_of(serial).is_some_and(|it| list.contains(&it));
        self.conditions.iter().all(|condition| meets(one, condition))
            && self.serials.iter().all(is_listed)
    }
}

fn meets(one: &CertificateReport, condition: &Condition) -> bool {
    match condition {
        Condition::Issuer(text) => {
            one.issuer.as_ref().is_some_and(|issuer| issuer.to_lowercase().contains(text))
        }
        Condition::Ca(directory) => one.ca.as_ref() == Some(directory),
        Condition::Host(glob) => one.names.iter().any(|name| is_like(name, glob)),
        Condition::IssuedBefore(at) => one.not_before.is_some_and(|begins| begins < *at),
        // Its list was read.
        Condition::SerialIn(_) => true,
    }
}

fn is_like(name: &str, glob: &str) -> bool {
    match (glob.chars().next(), name.chars().next()) {
        (None, None) => true,
        (Some('*'), _) if is_like(name, &glob[1..]) => true,
        (Some('*'), Some(first)) => is_like(&name[first.len_utf8()..], glob),
        (Some(want), Some(first)) if want == '?' || want == first => {
            is_like(&name[first.len_utf8()..], &glob[want.len_utf8()..])
        }
        (None, Some(_)) | (Some(_), None | Some(_)) => false,
    }
}

fn read_serials(file: &Path) -> Result<BTreeSet<String>, SerialsError> {
    let text = std::fs::read_to_string(file)
        .map_err(|source| SerialsError::Unreadable { file: file.into(), source })?;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim()).enumerate();
    let serial = |(at, line): (usize, &str)| {
        let none =
            || SerialsError::NoSerial { file: file.into(), line: at + 1, found: line.into() };
        serial_of(line).ok_or_else(none)
    };
    lines.filter(|(_, line)| !line.is_empty()).map(serial).collect()
}

/// A serial number in the one way that it is compared in: lower-case hexadecimal without colons and leading zeros.
pub(crate) fn serial_of(text: &str) -> Option<String> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let digits: String = digits.chars().filter(|c| *c != ':').collect();
    let is_one = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_hexdigit());
    is_one.then(|| digits.trim_start_matches('0').to_ascii_lowercase())
}

/// Why a text is no list of conditions.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidConditions {
    /// A part without a value.
    #[error(
        "{clause:?} is no condition; write key=value, and a value with commas in double quotes"
    )]
    NoValue {
        /// The part.
        clause: String,
    },
    /// A key that there is not.
    #[error(
        "there is no condition {found:?}; write one of issuer=TEXT, ca=DIRECTORY, host=GLOB, serial-in=FILE, issued-before=DATE, and a value with commas in double quotes"
    )]
    UnknownKey {
        /// As written.
        found: String,
    },
    /// Not an instant.
    #[error("{found:?} is no instant; write 2026-03-01 or 2026-03-01T12:00:00Z")]
    NoInstant {
        /// As written.
        found: String,
    },
}

/// Why a list of serial numbers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SerialsError {
    /// The file cannot be read.
    #[error("cannot read the serial numbers in {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line that is no serial number.
    #[error(
        "{}, line {line}: {found:?} is no serial number; write one a line, in hexadecimal, and remarks after #",
        file.display()
    )]
    NoSerial {
        /// The file.
        file: PathBuf,
        /// Which line, the first being 1.
        line: usize,
        /// What stands there.
        found: String,
    },
}
