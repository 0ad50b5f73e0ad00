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

use self::controllers::Controllers;
use crate::config::{Encryption, RecipientSettings, RecipientSource, SealSettings};
use crate::failure::Causes;
use crate::repositories::{Repositories, View};
use crate::repository::LookError;
use crate::state_dir::StatePaths;

/// Who opens the Secrets of each repository.
#[derive(Clone, Debug)]
pub(crate) struct Sealing {
    each: Arc<[Of]>,
    controllers: Controllers,
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
        let controllers = Controllers::default();
        Self { each: each.into_iter().map(of).collect(), controllers }
    }

    /// Takes what controllers give now in place of what they gave first. What went wrong is returned.
    pub(crate) async fn pin_anew(&self, now: OffsetDateTime) -> Vec<String> {
        let mut wrong = Vec::new();
        for (group, pin) in
            self.each.iter().flat_map(|of| of.settings.recipients.iter().zip(&of.pins))
        {
            if let RecipientSource::Controller(url) = &group.source {
                wrong.extend(self.controllers.pin_anew(url, pin, now).await);
            }
        }
        wrong
    }

    /// Finds out what there is to seal to, in files and in the branches as seen.
    pub(crate) async fn seek(
        &self,
        repositories: &Repositories,
        view: &View,
        now: OffsetDateTime,
    ) -> Sought {
        let mut sought = Sought { seals: Seals::new(now), notes: Vec::new() };
        for of in &*self.each {
            let encryption = of.settings.encryption;
            if encryption == Encryption::None {
                sought.take(&of.repository, &GroupName::default(), Ok(Seal::Clear));
            }
            for (group, pin) in of.settings.recipients.iter().zip(&of.pins) {
                let found = match &group.source {
                    RecipientSource::Age(_) => Found::Age,
                    RecipientSource::CertificateFile(file) => Found::read(file),
                    RecipientSource::Controller(url) => {
                        sought.notes.extend(self.controllers.look(url, pin, now).await);
                        Found::read(pin)
                    }
                    RecipientSource::Certificate(path) => {
                        let path = of.in_repository(path);
                        Found::of(repositories.text(view, path).await)
                    }
                };
                let seal = of.seal(group, found, now);
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
        now: OffsetDateTime,
    ) -> Result<Sealable, String> {
        match (self.settings.encryption, &group.source, found) {
            (Encryption::Sops(kind), RecipientSource::Age(recipients), _) => {
                Ok(Seal::Sops { recipients: recipients.clone(), kind }.into())
            }
            (Encryption::SealedSecrets(scope), source, Found::Text(Some(text))) => {
                let certificate = SealingCertificate::from_pem(&text);
                let certificate =
                    certificate.map_err(|error| of_source(source, &Causes(&error)))?;
                let note = check(&certificate, now).map_err(|why| of_source(source, &why))?;
                let note = note.map(|note| of_source(source, &note));
                Ok(Sealable { seal: Seal::SealedSecrets { certificate, scope }, note })
            }
            (_, source, Found::Text(None)) => Err(of_source(source, &absent(source))),
            (_, source, Found::Unreadable(why)) => Err(of_source(source, &why)),
            (_, source, Found::Age | Found::Text(_)) => {
                Err(of_source(source, &"it is not for this encryption"))
            }
        }
    }
}

/// What can be sealed to, and what a person should know of it.
struct Sealable {
    seal: Seal,
    note: Option<String>,
}

impl From<Seal> for Sealable {
    fn from(seal: Seal) -> Self {
        Self { seal, note: None }
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
        seal: Result<impl Into<Sealable>, String>,
    ) {
        let whom = match (repository.is_only(), group.is_only()) {
            (true, true) => String::new(),
            (true, false) => format!("recipients {group}: "),
            (false, true) => format!("{repository}: "),
            (false, false) => format!("{repository}, recipients {group}: "),
        };
        let seal = match seal.map(Into::into) {
            Ok(Sealable { seal, note }) => {
                self.notes.extend(note.map(|note| format!("{whom}{note}")));
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

fn absent(source: &RecipientSource) -> &'static str {
    match source {
        RecipientSource::Controller(_) => "it has not given its sealing certificate yet",
        RecipientSource::CertificateFile(_)
        | RecipientSource::Certificate(_)
        | RecipientSource::Age(_) => {
            "there is no such file; write there what kubeseal --fetch-cert prints"
        }
    }
}

fn of_source(source: &RecipientSource, what: &dyn fmt::Display) -> String {
    match source {
        RecipientSource::CertificateFile(file) => format!("{}: {what}", file.display()),
        RecipientSource::Certificate(path) => format!("{path}: {what}"),
        RecipientSource::Controller(url) => format!("the controller at {url}: {what}"),
        RecipientSource::Age(_) => what.to_string(),
    }
}
