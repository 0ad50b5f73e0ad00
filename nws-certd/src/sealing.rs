//! What Secrets are sealed to, as configured and as it is found at this moment.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nws_gitops::{
    Condition, CreationRules, GroupName, NotSealable, RepoPath, RepositoryName, Seal,
    SealingCertificate, Seals,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

mod controllers;
mod key;

pub(crate) use self::controllers::{Controller, Controllers};
pub(crate) use self::key::GroupKey;

use self::controllers::{RETRY, Said};
use self::key::whom;
use crate::config::{Encryption, RecipientSettings, RecipientSource, SealSettings};
use crate::failure::Causes;
use crate::repositories::{Repositories, View};
use crate::repository::LookError;
use crate::state_dir::StatePaths;

/// Who opens the Secrets of each repository.
#[derive(Clone, Debug)]
pub(crate) struct Sealing {
    each: Arc<[Of]>,
}

#[derive(Debug)]
struct Of {
    repository: RepositoryName,
    settings: SealSettings,
    /// Where the certificate of each group's controller is kept, beside its settings.
    pins: Vec<PathBuf>,
}

/// What there is to seal to, and what is to be said of it.
#[derive(Clone, Debug)]
pub(crate) struct Sought {
    pub(crate) seals: Seals,
    /// The sealing keys of those groups that have one.
    pub(crate) keys: Vec<GroupKey>,
    /// What a person should see to.
    pub(crate) notes: Vec<String>,
}

impl Sealing {
    /// As it is configured for each repository.
    pub(crate) fn of<'a>(
        each: impl IntoIterator<Item = (&'a RepositoryName, &'a SealSettings)>,
        state: &StatePaths,
    ) -> Self {
        let of = |(repository, settings): (&RepositoryName, &SealSettings)| {
            let pin = |group: &RecipientSettings| state.pinned_certificate(repository, &group.name);
            Of {
                repository: repository.clone(),
                settings: settings.clone(),
                pins: settings.recipients.iter().map(pin).collect(),
            }
        };
        Self { each: each.into_iter().map(of).collect() }
    }

    /// The controllers that give certificates.
    pub(crate) fn controllers(&self) -> impl Iterator<Item = Controller> {
        let groups = self.each.iter().flat_map(|of| of.settings.recipients.iter().zip(&of.pins));
        groups.filter_map(|(group, pin)| match &group.source {
            RecipientSource::Controller(url) => {
                Some(Controller { url: url.clone(), pin: pin.clone() })
            }
            RecipientSource::Age(_)
            | RecipientSource::Certificate(_)
            | RecipientSource::CertificateFile(_) => None,
        })
    }

    /// Finds out what there is to seal to, in files, in the branches as seen, and by what controllers have said.
    pub(crate) async fn seek(
        &self,
        repositories: &Repositories,
        view: &View,
        controllers: &Controllers,
        now: OffsetDateTime,
    ) -> Sought {
        let mut sought = Sought { seals: Seals::new(now), keys: Vec::new(), notes: Vec::new() };
        for of in &*self.each {
            let encryption = of.settings.encryption;
            if encryption == Encryption::None {
                let seal = Ok(Sealable::from(Seal::Clear));
                sought.take(&of.repository, &GroupName::default(), seal);
            }
            for (group, pin) in of.settings.recipients.iter().zip(&of.pins) {
                let found = match &group.source {
                    RecipientSource::Age(_) => Found::Age,
                    RecipientSource::CertificateFile(file) => Found::read(file),
                    RecipientSource::Controller(_) => Found::read(pin),
                    RecipientSource::Certificate(path) => {
                        Found::of(repositories.text(view, of.in_repository(path)).await)
                    }
                };
                let seal = of.seal(group, found, controllers.said(pin), now);
                sought.take(&of.repository, &group.name, seal);
            }
            if matches!(encryption, Encryption::Sops(_)) {
                sought.take_rules(repositories, view, of).await;
            }
        }
        sought
    }
}

impl Of {
    /// A path of the configuration, which is one in this repository.
    fn in_repository(&self, path: &RepoPath) -> RepoPath {
        RepoPath::in_repository(&self.repository, path.as_str()).unwrap_or_else(|_| path.clone())
    }

    fn seal(
        &self,
        group: &RecipientSettings,
        found: Found,
        said: Option<&Said>,
        now: OffsetDateTime,
    ) -> Result<Sealable, String> {
        let source = &group.source;
        match (self.settings.encryption, source, found) {
            (Encryption::Sops(kind), RecipientSource::Age(recipients), _) => {
                Ok(Seal::Sops { recipients: recipients.clone(), kind }.into())
            }
            (Encryption::SealedSecrets(scope), _, Found::Text(Some(text))) => {
                let certificate = SealingCertificate::from_pem(&text);
                let certificate =
                    certificate.map_err(|error| of_source(source, &Causes(&error)))?;
                let old = check(&certificate, now).map_err(|why| of_source(source, &why))?;
                let notes = old.into_iter().chain(unasked(said));
                let notes = notes.map(|note| of_source(source, &note)).collect();
                let key = self.key(group, &certificate, said);
                Ok(Sealable {
                    seal: Seal::SealedSecrets { certificate, scope },
                    key: Some(key),
                    notes,
                })
            }
            (_, _, Found::Text(None)) => Err(of_source(source, &absent(source, said))),
            (_, _, Found::Unreadable(why)) => Err(of_source(source, &why)),
            (_, _, Found::Age | Found::Text(_)) => {
                Err(of_source(source, &"it is not for this encryption"))
            }
        }
    }

    fn key(
        &self,
        group: &RecipientSettings,
        certificate: &SealingCertificate,
        said: Option<&Said>,
    ) -> GroupKey {
        let sealed_to = certificate.key_id().to_owned();
        let given = said.and_then(|said| said.as_ref().ok());
        GroupKey {
            repository: self.repository.clone(),
            group: group.name.clone(),
            source: words(&group.source),
            offered: given.cloned().unwrap_or_else(|| sealed_to.clone()),
            sealed_to,
        }
    }
}

/// What can be sealed to, and what a person should know of it.
struct Sealable {
    seal: Seal,
    key: Option<GroupKey>,
    notes: Vec<String>,
}

impl From<Seal> for Sealable {
    fn from(seal: Seal) -> Self {
        Self { seal, key: None, notes: Vec::new() }
    }
}

/// What was found where the recipients of a group are said to be.
enum Found {
    /// The configuration says it all.
    Age,
    Text(Option<Zeroizing<Vec<u8>>>),
    Unreadable(String),
}

impl Found {
    fn of(read: Result<Option<Zeroizing<Vec<u8>>>, LookError>) -> Self {
        read.map_or_else(|error| Self::Unreadable(unreadable(&error)), Self::Text)
    }

    fn read(file: &Path) -> Self {
        match std::fs::read(file) {
            Ok(text) => Self::Text(Some(Zeroizing::new(text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::Text(None),
            Err(error) => Self::Unreadable(unreadable(&error)),
        }
    }
}

impl Sought {
    fn take(
        &mut self,
        repository: &RepositoryName,
        group: &GroupName,
        seal: Result<Sealable, String>,
    ) {
        let whom = whom(repository, group);
        let seal = match seal {
            Ok(Sealable { seal, key, notes }) => {
                self.keys.extend(key);
                self.notes.extend(notes.iter().map(|note| format!("{whom}{note}")));
                Ok(seal)
            }
            Err(why) => {
                self.notes.push(format!("{whom}nothing can be sealed: {why}"));
                Err(NotSealable::Recipients { why })
            }
        };
        self.seals.add(repository.clone(), group.clone(), seal);
    }

    /// What each `.sops.yaml` says of files that lie below it, as far as ours may.
    async fn take_rules(&mut self, repositories: &Repositories, view: &View, of: &Of) {
        for path in view.inventory.creation_rules(&of.repository) {
            let rules = match repositories.text(view, path.clone()).await {
                Ok(None) => continue,
                Ok(Some(text)) => CreationRules::parse(&String::from_utf8_lossy(&text))
                    .map_err(|why| NotSealable::Rules { file: path.clone(), why }),
                Err(error) => {
                    Err(NotSealable::Recipients { why: format!("{path}: {}", unreadable(&error)) })
                }
            };
            if let Err(why) = &rules {
                self.notes.push(format!("nothing can be sealed: {why}"));
            }
            self.seals.add_rules(path, rules);
        }
    }
}

fn unreadable(error: &dyn std::error::Error) -> String {
    format!("it cannot be read: {}", Causes(error))
}

/// Whether a certificate can be sealed to now, and what is to be said of it.
fn check(certificate: &SealingCertificate, now: OffsetDateTime) -> Result<Option<String>, String> {
    let ended = certificate.not_after();
    match certificate.condition(now) {
        Condition::Good | Condition::NotYetValid => Ok(None),
        Condition::Old => Ok(Some(format!(
            "it is of {}, and its controller has made another key since, unless told not to; fetch that one's: kubeseal --fetch-cert",
            certificate.not_before().date()
        ))),
        Condition::Expired => {
            Err(format!("it has expired on {}; fetch another: kubeseal --fetch-cert", ended.date()))
        }
    }
}

/// Why there is no certificate.
fn absent(source: &RecipientSource, said: Option<&Said>) -> String {
    match (source, said) {
        (RecipientSource::Controller(_), Some(Err(why))) => format!(
            "it has not given its sealing certificate yet: {why}; it is asked every {} s",
            RETRY.whole_seconds()
        ),
        (RecipientSource::Controller(_), Some(Ok(_)) | None) => {
            "it has not given its sealing certificate yet; the daemon asks for it".into()
        }
        (
            RecipientSource::CertificateFile(_)
            | RecipientSource::Certificate(_)
            | RecipientSource::Age(_),
            _,
        ) => "there is no such file; write there what kubeseal --fetch-cert prints".into(),
    }
}

/// That it is not known whether a controller has another key than the one that is pinned.
fn unasked(said: Option<&Said>) -> Option<String> {
    let why = said?.as_ref().err()?;
    Some(format!(
        "whether it has another sealing key than what is sealed to is not known: {why}; it is asked every {} s",
        RETRY.whole_seconds()
    ))
}

fn words(source: &RecipientSource) -> String {
    match source {
        RecipientSource::CertificateFile(file) => file.display().to_string(),
        RecipientSource::Certificate(path) => path.to_string(),
        RecipientSource::Controller(url) => format!("the controller at {url}"),
        RecipientSource::Age(_) => "the age recipients".into(),
    }
}

fn of_source(source: &RecipientSource, what: &dyn fmt::Display) -> String {
    format!("{}: {what}", words(source))
}
