//! Who opens the Secrets of a repository.

use std::collections::BTreeMap;
use std::path::PathBuf;

use nws_gitops::{AgeRecipients, FleetClusters, GroupName, RepoPath, Scope, SealGroup, SopsKind};

use super::read::Reader;
use crate::controller::ControllerUrl;

/// How private keys stand in a repository: `encryption`, with `sealed_secrets.scope` and `[[git.recipients]]`.
#[derive(Clone, Debug)]
pub struct SealSettings {
    /// The form that Secrets have: `encryption`.
    pub encryption: Encryption,
    /// Who opens them, each group of clusters that share a key: `[[git.recipients]]`. Without sealing, nobody in particular.
    pub recipients: Vec<RecipientSettings>,
}

/// The form that Secrets have in a repository.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encryption {
    /// `none`: plain, with private keys in clear.
    None,
    /// `sealed-secrets`: for the controller of that name, with `sealed_secrets.scope`.
    SealedSecrets(Scope),
    /// `sops-age` or `sops-secret`: with SOPS, for age identities.
    Sops(SopsKind),
}

/// A `[[git.recipients]]` table.
#[derive(Clone, Debug)]
pub struct RecipientSettings {
    /// What they are called among several: `name`; the only ones need not have any.
    pub name: GroupName,
    /// Who they are, for Fleet: `cluster_group`, `cluster_selector`.
    pub clusters: FleetClusters,
    /// What is sealed to.
    pub source: RecipientSource,
}

/// Where that is found which Secrets are sealed to.
#[derive(Clone, Debug)]
pub enum RecipientSource {
    /// A sealing certificate in a file: `certificate_file`.
    CertificateFile(PathBuf),
    /// A sealing certificate in the repository: `certificate`.
    Certificate(RepoPath),
    /// The controller itself: `controller`.
    Controller(ControllerUrl),
    /// age recipients: `age`; none where a `.sops.yaml` in the repository has to say it.
    Age(Option<AgeRecipients>),
}

impl SealSettings {
    const WORDS: [&str; 4] = ["sealed-secrets", "sops-age", "sops-secret", "none"];

    pub(super) fn take(from: &mut Reader, table: &str) -> Option<Self> {
        let encryption = encryption(from, table);
        let tables = from.tables(&format!("{table}.recipients"));
        let is_there = from.has(&format!("{table}.recipients"));
        let tables = if is_there { tables } else { Vec::new() };
        let is_only = tables.len() == 1;
        let taken =
            tables.iter().map(|one| RecipientSettings::take(from, one, is_only, encryption));
        let taken: Vec<_> = taken.collect();
        let (encryption, recipients) =
            (encryption?, taken.into_iter().collect::<Option<Vec<_>>>()?);
        let is_fine = are_told_apart(from, &tables, &recipients)
            && are_as_many_as_needed(from, table, encryption, &recipients);
        let recipients = match (encryption, &recipients[..]) {
            (Encryption::Sops(_), []) => vec![RecipientSettings::of_repository()],
            _ => recipients,
        };
        is_fine.then_some(Self { encryption, recipients })
    }

    /// The groups that files are told apart for.
    pub(super) fn groups(&self) -> Vec<SealGroup> {
        let group = |one: &RecipientSettings| SealGroup {
            name: one.name.clone(),
            clusters: one.clusters.clone(),
        };
        self.recipients.iter().map(group).collect()
    }
}

fn encryption(from: &mut Reader, table: &str) -> Option<Encryption> {
    let (key, of_scope) = (format!("{table}.encryption"), format!("{table}.sealed_secrets.scope"));
    let scope: Option<Option<Scope>> = from.optional_text(&of_scope);
    let word: String = from.required(
        &key,
        "\"sealed-secrets\" or \"sops-age\", with [[git.recipients]]; or \"none\" if the repository may hold private keys in clear",
    )?;
    let scope = scope?;
    let encryption = match word.as_str() {
        "none" => Encryption::None,
        "sealed-secrets" => return Some(Encryption::SealedSecrets(scope.unwrap_or_default())),
        "sops-age" => Encryption::Sops(SopsKind::Secret),
        "sops-secret" => Encryption::Sops(SopsKind::SopsSecret),
        other => {
            let words = SealSettings::WORDS.map(|word| format!("{word:?}")).join(", ");
            from.fault(&key, format!("{other:?} is none of {words}; write one of them"));
            return None;
        }
    };
    if scope.is_some() {
        from.fault(&of_scope, "is for encryption = \"sealed-secrets\" only; remove it");
        return None;
    }
    Some(encryption)
}

/// Where keys stand sealed there is nothing to unseal; left there, it would wait for whoever sets `encryption` to `"none"` next.
pub(super) fn unseal(from: &mut Reader, key: &str, seal: Option<&SealSettings>) -> Option<bool> {
    let unseal = from.or(key, false)?;
    if unseal && seal.is_some_and(|seal| seal.encryption != Encryption::None) {
        from.fault(key, "is for encryption = \"none\" only; remove it");
        return None;
    }
    Some(unseal)
}

/// Whether each group has a name of its own.
fn are_told_apart(from: &mut Reader, tables: &[String], all: &[RecipientSettings]) -> bool {
    let mut are_apart = true;
    for (at, (table, one)) in tables.iter().zip(all).enumerate() {
        if all[..at].iter().any(|other| other.name == one.name) {
            let reason =
                format!("{:?} is that of others too; give each its own", one.name.as_str());
            from.fault(&format!("{table}.name"), reason);
            are_apart = false;
        }
    }
    are_apart
}

fn are_as_many_as_needed(
    from: &mut Reader,
    table: &str,
    encryption: Encryption,
    all: &[RecipientSettings],
) -> bool {
    let key = format!("{table}.recipients");
    match (encryption, all) {
        (Encryption::SealedSecrets(_), []) => {
            from.fault(
                &key,
                "is missing; write [[git.recipients]] with certificate_file, certificate or controller for each group of clusters that share a sealing key",
            );
            false
        }
        (Encryption::None, [_, ..]) => {
            from.fault(
                &key,
                "is for what is sealed, which encryption = \"none\" is not; remove one of the two",
            );
            false
        }
        (Encryption::None, [])
        | (Encryption::SealedSecrets(_), [_, ..])
        | (Encryption::Sops(_), _) => true,
    }
}

impl RecipientSettings {
    /// Those that a `.sops.yaml` says.
    fn of_repository() -> Self {
        let (name, clusters) = (GroupName::default(), FleetClusters::default());
        Self { name, clusters, source: RecipientSource::Age(None) }
    }

    fn take(
        from: &mut Reader,
        table: &str,
        is_only: bool,
        encryption: Option<Encryption>,
    ) -> Option<Self> {
        let key = |name: &str| format!("{table}.{name}");
        let name: Option<Option<GroupName>> = from.optional_text(&key("name"));
        let clusters = clusters(from, &key);
        let source = RecipientSource::take(from, table, encryption);
        let name = name?;
        if name.is_none() && !is_only {
            from.fault(&key("name"), "is missing; write a name for it, for instance \"eu\"");
            return None;
        }
        Some(Self { name: name.unwrap_or_default(), clusters: clusters?, source: source? })
    }
}

impl RecipientSource {
    fn take(from: &mut Reader, table: &str, encryption: Option<Encryption>) -> Option<Self> {
        let key = |name: &str| format!("{table}.{name}");
        let file: Option<Option<PathBuf>> = from.optional(&key("certificate_file"));
        let path: Option<Option<RepoPath>> = from.optional_text(&key("certificate"));
        let controller: Option<Option<ControllerUrl>> = from.optional_text(&key("controller"));
        let age: Option<Option<Vec<String>>> = from.optional(&key("age"));
        let (file, path, controller, age) = (file?, path?, controller?, age?);
        let certificates = [
            file.map(Self::CertificateFile),
            path.map(Self::Certificate),
            controller.map(Self::Controller),
        ];
        let mut certificates: Vec<_> = certificates.into_iter().flatten().collect();
        match (encryption?, certificates.pop(), age) {
            (Encryption::SealedSecrets(_), Some(one), None) if certificates.is_empty() => Some(one),
            (Encryption::SealedSecrets(_), ..) => {
                from.fault(
                    table,
                    "needs one of certificate_file, certificate and controller, and no age",
                );
                None
            }
            (Encryption::Sops(_), None, Some(age)) => {
                let read = AgeRecipients::new(age);
                let read = read.map_err(|error| from.fault(&key("age"), error.to_string()));
                read.ok().map(Some).map(Self::Age)
            }
            (Encryption::Sops(_), None, None) => Some(Self::Age(None)),
            (Encryption::Sops(_), Some(_), _) => {
                from.fault(
                    table,
                    "has a sealing certificate, and SOPS needs age = [\"age1...\"]; write that",
                );
                None
            }
            (Encryption::None, ..) => Some(Self::Age(None)),
        }
    }
}

/// What is said to Fleet of clusters.
pub(super) fn clusters(from: &mut Reader, key: &impl Fn(&str) -> String) -> Option<FleetClusters> {
    let group = from.optional::<String>(&key("cluster_group"));
    let labels = from.optional::<BTreeMap<String, String>>(&key("cluster_selector"));
    let group = group?;
    if group.as_ref().is_some_and(String::is_empty) {
        from.fault(
            &key("cluster_group"),
            "is empty; write the name of a ClusterGroup, or remove it",
        );
        return None;
    }
    Some(FleetClusters { group, labels: labels?.unwrap_or_default() })
}
