//! Taking settings one by one, and keeping every fault.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use figment::Figment;
use figment::error::Kind;
use figment::providers::{Env, Format, Toml};
use figment::value::{Dict, Value};
use nws_acme::Proxy;
use serde::de::DeserializeOwned;

use super::environment::BadProxy;
use crate::args::CONFIG_VARIABLE;

const PREFIX: &str = "NWS_CERTD_";

/// One thing wrong with the configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The file or variable it stands in.
    pub source: String,
    /// The key, with its table: `ca.directory`.
    pub key: String,
    /// What is wrong and what to write.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.source, self.key, self.reason)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read; write one there or name another with --config", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// What the parser says, with the line.
        reason: String,
    },
    /// Everything that is wrong, a line each.
    #[error("{}", lines(.0))]
    Faults(Vec<Fault>),
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Takes settings by key, and keeps what is wrong with them.
///
/// Each method gives `None` once a fault was kept, so that the reading of the others goes on.
pub(crate) struct Reader {
    figment: Figment,
    file: PathBuf,
    known: BTreeSet<String>,
    faults: Vec<Fault>,
}

impl Reader {
    pub(crate) fn open(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| ConfigError::Unreadable { file: file.into(), source })?;
        let table: toml::Table = toml::from_str(&text)
            .map_err(|error| ConfigError::Syntax { file: file.into(), reason: syntax(&error) })?;
        let variables =
            Env::prefixed(PREFIX).ignore(&[&CONFIG_VARIABLE[PREFIX.len()..]]).split("__");
        let figment = Figment::new().merge(Toml::file_exact(file));
        let figment = lists(&table).fold(figment, Figment::merge).merge(variables);
        Ok(Self { figment, file: file.into(), known: BTreeSet::new(), faults: Vec::new() })
    }

    pub(crate) fn fault(&mut self, key: &str, reason: impl Into<String>) {
        let source = self.source(key);
        self.faults.push(Fault { source, key: key.into(), reason: reason.into() });
    }

    pub(super) fn proxy(&mut self, read: Result<Option<Proxy>, BadProxy>) -> Option<Option<Proxy>> {
        let keep = |BadProxy { variable, reason }| {
            let (source, key) = ("environment".into(), variable.into());
            self.faults.push(Fault { source, key, reason: reason.to_string() });
        };
        read.map_err(keep).ok()
    }

    fn source(&self, key: &str) -> String {
        // Lists of tables have no source of their own, and neither have variables; but those have a name.
        let is_variable = |name: &str| name.contains("environment variable");
        match self.figment.find_metadata(key) {
            Some(metadata) if is_variable(&metadata.name) => {
                format!("{PREFIX}{}", key.replace('.', "__").to_uppercase())
            }
            Some(_) | None => self.file.display().to_string(),
        }
    }

    /// Whether there is anything of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.figment.find_value(name).is_ok()
    }

    /// The tables of one name: `[name]` is one, `[[name]]` are several, which are called `name.1`, `name.2` and so on.
    pub(crate) fn tables(&self, name: &str) -> Vec<String> {
        let several = (1..).map(|place| format!("{name}.{place}"));
        let several: Vec<_> =
            several.take_while(|table| self.figment.find_value(table).is_ok()).collect();
        if several.is_empty() { vec![name.into()] } else { several }
    }

    /// `Some(None)`: the key is absent.
    pub(crate) fn optional<T: DeserializeOwned>(&mut self, key: &str) -> Option<Option<T>> {
        self.optional_or_say(key, |_, kind| kind.to_string())
    }

    fn optional_or_say<T: DeserializeOwned>(
        &mut self,
        key: &str,
        reason: impl FnOnce(&Value, Kind) -> String,
    ) -> Option<Option<T>> {
        self.known.insert(key.into());
        let Ok(value) = self.figment.find_value(key) else {
            return Some(None);
        };
        match value.deserialize() {
            Ok(setting) => Some(Some(setting)),
            Err(error) => {
                self.fault(key, reason(&value, error.kind));
                None
            }
        }
    }

    /// One of a few words; what is no text at all is `none_of` them, too.
    pub(super) fn optional_word(
        &mut self,
        key: &str,
        none_of: impl FnOnce(&str) -> String,
    ) -> Option<Option<String>> {
        self.optional_or_say(key, |_, kind| match kind {
            Kind::InvalidType(found, _) => none_of(&found.to_string()),
            other => other.to_string(),
        })
    }

    /// A number of this kind, as in "whole number from 1 on".
    fn optional_number<T: DeserializeOwned>(
        &mut self,
        key: &str,
        kind: &str,
        instance: impl fmt::Display,
    ) -> Option<Option<T>> {
        let reason = format!("is no {kind}; write one, for instance {instance}");
        self.optional_or_say(key, |_, _| reason)
    }

    pub(crate) fn optional_count<T: DeserializeOwned>(
        &mut self,
        key: &str,
        instance: impl fmt::Display,
    ) -> Option<Option<T>> {
        self.optional_number(key, "whole number from 1 on", instance)
    }

    pub(crate) fn count_or<T: DeserializeOwned + fmt::Display>(
        &mut self,
        key: &str,
        default: T,
    ) -> Option<T> {
        self.optional_count(key, &default).map(|setting| setting.unwrap_or(default))
    }

    pub(crate) fn port_or<T: DeserializeOwned + fmt::Display>(
        &mut self,
        key: &str,
        default: T,
    ) -> Option<T> {
        let setting = self.optional_number(key, "port from 1 to 65535", &default)?;
        Some(setting.unwrap_or(default))
    }

    pub(crate) fn or<T: DeserializeOwned>(&mut self, key: &str, default: T) -> Option<T> {
        self.optional(key).map(|setting| setting.unwrap_or(default))
    }

    pub(crate) fn required<T: DeserializeOwned>(&mut self, key: &str, what: &str) -> Option<T> {
        let setting = self.optional(key)?;
        if setting.is_none() {
            self.fault(key, format!("is missing; write {what}"));
        }
        setting
    }

    pub(crate) fn optional_text<T: FromStr<Err: fmt::Display>>(
        &mut self,
        key: &str,
    ) -> Option<Option<T>> {
        match self.optional::<String>(key)? {
            None => Some(None),
            Some(text) => self.parse(key, &text).map(Some),
        }
    }

    pub(crate) fn text_or<T: FromStr<Err: fmt::Display>>(
        &mut self,
        key: &str,
        default: &str,
    ) -> Option<T> {
        let text: String = self.or(key, default.into())?;
        self.parse(key, &text)
    }

    pub(crate) fn required_text<T: FromStr<Err: fmt::Display>>(
        &mut self,
        key: &str,
        what: &str,
    ) -> Option<T> {
        let text: String = self.required(key, what)?;
        self.parse(key, &text)
    }

    pub(crate) fn texts<T: FromStr<Err: fmt::Display>>(&mut self, key: &str) -> Option<Vec<T>> {
        self.optional_texts(key).map(Option::unwrap_or_default)
    }

    pub(crate) fn optional_texts<T: FromStr<Err: fmt::Display>>(
        &mut self,
        key: &str,
    ) -> Option<Option<Vec<T>>> {
        let Some(texts) = self.optional_or_say::<Vec<String>>(key, |value, _| no_list(value))?
        else {
            return Some(None);
        };
        // Every one is parsed, so that every fault is kept.
        let parsed: Vec<_> = texts.iter().map(|text| self.parse(key, text)).collect();
        parsed.into_iter().collect::<Option<_>>().map(Some)
    }

    fn parse<T: FromStr<Err: fmt::Display>>(&mut self, key: &str, text: &str) -> Option<T> {
        match text.parse() {
            Ok(setting) => Some(setting),
            Err(error) => {
                self.fault(key, error.to_string());
                None
            }
        }
    }

    pub(crate) fn optional_duration(&mut self, key: &str) -> Option<Option<Duration>> {
        let Some(text) = self.optional::<String>(key)? else {
            return Some(None);
        };
        match humantime::parse_duration(&text) {
            Ok(duration) if duration.is_zero() => self.fault(key, "is zero; write at least \"1s\""),
            Ok(duration) => return Some(Some(duration)),
            Err(_) => self.fault(
                key,
                format!(
                    "{text:?} is no duration; write for instance \"30s\", \"2m\" or \"30days\""
                ),
            ),
        }
        None
    }

    pub(crate) fn duration_or(&mut self, key: &str, default: Duration) -> Option<Duration> {
        self.optional_duration(key).map(|setting| setting.unwrap_or(default))
    }

    /// The settings, if there was no fault; keys that nobody took are faults too.
    pub(crate) fn finish<T>(mut self, settings: Option<T>) -> Result<T, ConfigError> {
        let given = self.figment.extract::<Dict>().unwrap_or_default();
        for key in unknown(&given, "", &self.known) {
            self.fault(&key, "is not a setting of nws-certd; look for a misspelling, or remove it");
        }
        match settings {
            Some(settings) if self.faults.is_empty() => Ok(settings),
            _ => Err(ConfigError::Faults(self.faults)),
        }
    }
}

fn no_list(value: &Value) -> String {
    match value.as_str() {
        Some(text) => format!("is no list; write [{text:?}]"),
        None => r#"is no list of texts; write one, for instance ["first", "second"]"#.into(),
    }
}

/// What has lists of tables in it, with those as tables of tables, as keys lead into no list.
fn lists(table: &toml::Table) -> impl Iterator<Item = (String, toml::Value)> {
    let without = |value: &toml::Value| {
        let anew = without_lists(value);
        (anew != *value).then_some(anew)
    };
    table.iter().filter_map(move |(name, value)| Some((name.clone(), without(value)?)))
}

fn without_lists(value: &toml::Value) -> toml::Value {
    match value {
        toml::Value::Array(list) if !list.is_empty() && list.iter().all(toml::Value::is_table) => {
            let numbered = (1..).map(|place: usize| place.to_string());
            toml::Value::Table(numbered.zip(list.iter().map(without_lists)).collect())
        }
        toml::Value::Table(table) => {
            let anew = table.iter().map(|(name, value)| (name.clone(), without_lists(value)));
            toml::Value::Table(anew.collect())
        }
        other => other.clone(),
    }
}

fn unknown(given: &Dict, table: &str, known: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in given {
        let key = format!("{table}{name}");
        let prefix = format!("{key}.");
        match value {
            _ if known.contains(&key) => {}
            Value::Dict(_, inner) if known.iter().any(|known| known.starts_with(&prefix)) => {
                found.extend(unknown(inner, &prefix, known));
            }
            _ => found.push(key),
        }
    }
    found
}

fn syntax(error: &toml::de::Error) -> String {
    error
        .to_string()
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect::<Vec<_>>()
        .join("\n  ")
}
