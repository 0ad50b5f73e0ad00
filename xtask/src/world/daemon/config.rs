//! The daemon's configuration file, as an operator of this world would write it.

mod encryption;

pub(in crate::world) use encryption::PublicKey;
pub(crate) use encryption::{Encryption, Recipients, SealedTo};

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::files;
use crate::world::{ExternalAccount, Settings};

/// Where everything is that the daemon is told of.
pub(crate) struct Places {
    /// The world's folder.
    pub(crate) folder: PathBuf,
    /// The CAs, in the order in which they are to be asked.
    pub(crate) cas: Vec<CaPlaces>,
    /// The repository's URL.
    pub(crate) repository: String,
    /// For a repository behind ssh.
    pub(crate) ssh: Option<Ssh>,
    /// More repositories, with what the daemon is told of each.
    pub(crate) others: Vec<(String, Ssh, &'static str)>,
    /// The public listener.
    pub(crate) challenge: SocketAddr,
    /// Where a git host tells of pushes, if there is one.
    pub(crate) webhook: Option<Told>,
    /// The edges, if there are any.
    pub(crate) edges: Vec<IpAddr>,
    /// What is encrypted for the cluster of each.
    pub(crate) keys: Vec<PublicKey>,
    /// Their port.
    pub(crate) https: u16,
    /// The port where edges answer HTTP-01.
    pub(crate) http: u16,
    pub(crate) dns: SocketAddr,
}

/// Where a CA is, and who certifies its listener.
pub(crate) struct CaPlaces {
    pub(crate) directory: String,
    pub(crate) roots: PathBuf,
}

pub(crate) struct Ssh {
    pub(crate) deploy_key: PathBuf,
    pub(crate) known_hosts: PathBuf,
}

/// The listener that pushes are told on, and the secret they are signed with.
pub(crate) struct Told {
    pub(crate) listen: SocketAddr,
    pub(crate) secret_file: PathBuf,
}

/// What the daemon is told of a CA beyond where it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CaOptions {
    /// What issuers and manifests call it.
    pub(crate) name: Option<&'static str>,
    pub(crate) profile: Option<&'static str>,
    pub(crate) contact: &'static [&'static str],
    pub(crate) external_account: Option<ExternalAccount>,
    /// The root or intermediate that the chain is to end with, where the CA offers several.
    pub(crate) preferred_chain: Option<&'static str>,
    /// Which account key; CAs that name the same one share a thumbprint.
    pub(crate) account: Option<&'static str>,
    /// What it allows, as an inline table.
    pub(crate) limits: Option<&'static str>,
}

impl CaOptions {
    pub(crate) const NONE: Self = Self {
        name: None,
        profile: None,
        contact: &[],
        external_account: None,
        preferred_chain: None,
        account: None,
        limits: None,
    };
}

/// A CA of one's own, with nobody else to serve.
const PACE: &str = "requests_per_second = 10000\nrequests_in_flight = 256\n";

impl Places {
    /// # Errors
    ///
    /// If a file that the configuration names cannot be written.
    pub(super) fn configuration(&self, settings: Settings) -> Result<String> {
        let Self { folder, challenge, https, http, dns, .. } = self;
        let Settings { concurrency, retry, targets, deletion, discover, .. } = settings;
        let (cas, git, webhook) = (self.cas(settings)?, self.git(settings)?, self.webhook());
        let edges = self.edges();
        let folder = folder.display();
        Ok(format!(
            r#"state_dir = "{folder}/state"

{cas}{git}{webhook}{targets}[challenge]
listen = ["{challenge}"]

[orders]
concurrency = {concurrency}

[retry]
{retry}
[deletion]
{deletion}
[discover]
{discover}
[edges]
{edges}https_port = {https}
resolvers = ["{dns}"]

[preflight]
http_port = {http}
private_addresses = true
"#
        ))
    }

    /// One table where there is one CA, and a list where there are several or one has options.
    fn cas(&self, settings: Settings) -> Result<String> {
        let mut text = String::new();
        for (CaPlaces { directory, roots }, (_, options)) in self.cas.iter().zip(settings.cas) {
            let plain = settings.cas.len() == 1 && *options == CaOptions::NONE;
            let (table, roots) = (if plain { "[ca]" } else { "[[ca]]" }, roots.display());
            write!(
                text,
                "{table}\ndirectory = \"{directory}\"\nterms_agreed = true\nroots = \"{roots}\"\ntimeout = \"{}\"\n{PACE}",
                settings.request
            )?;
            text += &options.lines(&self.folder)?;
            text += "\n";
        }
        Ok(text)
    }

    fn edges(&self) -> String {
        let edges: Vec<_> = self.edges.iter().map(ToString::to_string).collect();
        if edges.is_empty() { String::new() } else { format!("addresses = {edges:?}\n") }
    }

    /// One table where there is one repository, and a list where there are several.
    fn git(&self, settings: Settings) -> Result<String> {
        let Settings { poll, batch, encryption, .. } = settings;
        let table = if self.others.is_empty() { "[git]" } else { "[[git]]" };
        let first = (&self.repository, self.ssh.as_ref(), settings.git, encryption);
        let others = self.others.iter();
        let others = others.map(|(url, ssh, told)| (url, Some(ssh), *told, Encryption::NONE));
        let table = |(url, ssh, told, encryption): (&String, Option<&Ssh>, &str, Encryption)| {
            let (way, ssh) = (encryption.way, ssh.map_or_else(String::new, Ssh::table));
            let recipients = encryption.tables(&self.keys)?;
            Ok(format!(
                "{table}\nurl = \"{url}\"\nencryption = \"{way}\"\npoll = \"{poll}\"\nbatch = \"{batch}\"\n{told}\n{ssh}{recipients}"
            ))
        };
        std::iter::once(first).chain(others).map(table).collect()
    }

    fn webhook(&self) -> String {
        self.webhook.as_ref().map_or_else(String::new, |Told { listen, secret_file }| {
            let secret = secret_file.display();
            format!("[webhook]\nlisten = [\"{listen}\"]\nsecret_file = \"{secret}\"\n\n")
        })
    }
}

impl Ssh {
    /// That of the repository it stands behind.
    fn table(&self) -> String {
        let (key, known_hosts) = (self.deploy_key.display(), self.known_hosts.display());
        format!("[git.ssh]\nkey = \"{key}\"\nknown_hosts = \"{known_hosts}\"\n\n")
    }
}

impl CaOptions {
    fn lines(&self, folder: &Path) -> Result<String> {
        let mut text = String::new();
        let words = [
            ("name", self.name),
            ("profile", self.profile),
            ("preferred_chain", self.preferred_chain),
            ("account", self.account),
        ];
        for (key, value) in words {
            if let Some(value) = value {
                writeln!(text, "{key} = \"{value}\"")?;
            }
        }
        if let Some(limits) = self.limits {
            writeln!(text, "limits = {limits}")?;
        }
        if !self.contact.is_empty() {
            writeln!(text, "contact = {:?}", self.contact)?;
        }
        if let Some(ExternalAccount { kid, key }) = self.external_account {
            let file = folder.join(format!("eab-{kid}"));
            files::write_with_mode(&file, format!("{key}\n"), 0o600)?;
            writeln!(text, "eab = {{ kid = \"{kid}\", key_file = \"{}\" }}", file.display())?;
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::world::CaSettings;

    fn options(cas: &'static [(CaSettings, CaOptions)], folder: &Path) -> String {
        let place = |number| CaPlaces {
            directory: format!("https://localhost:{number}/dir"),
            roots: "ca.pem".into(),
        };
        let places = Places {
            folder: folder.to_owned(),
            cas: (1..=cas.len()).map(place).collect(),
            repository: String::new(),
            ssh: None,
            others: Vec::new(),
            challenge: ([127, 0, 0, 1], 1).into(),
            webhook: None,
            edges: Vec::new(),
            keys: Vec::new(),
            https: 1,
            http: 2,
            dns: ([127, 0, 0, 1], 2).into(),
        };
        let text = places.cas(Settings { cas, ..Settings::USUAL }).unwrap();
        text.replace(&folder.display().to_string(), "FOLDER")
    }

    #[test]
    fn a_ca_alone_is_one_table_and_several_are_a_list() {
        const ALL: CaOptions = CaOptions {
            name: Some("second"),
            profile: Some("shortlived"),
            contact: &["mailto:ops@example.org"],
            external_account: Some(ExternalAccount { kid: "kid-1", key: "c2VjcmV0" }),
            limits: Some("{ new_orders = \"5/30s\" }"),
            preferred_chain: Some("Root X"),
            account: Some("shared"),
        };
        let folder = tempfile::tempdir().unwrap();
        let alone = options(Settings::USUAL.cas, folder.path());
        expect![[r#"
            [ca]
            directory = "https://localhost:1/dir"
            terms_agreed = true
            roots = "ca.pem"
            timeout = "30s"
            requests_per_second = 10000
            requests_in_flight = 256

        "#]]
        .assert_eq(&alone);
        let several = options(
            &[(CaSettings::USUAL, CaOptions::NONE), (CaSettings::USUAL, ALL)],
            folder.path(),
        );
        expect![[r#"
            [[ca]]
            directory = "https://localhost:1/dir"
            terms_agreed = true
            roots = "ca.pem"
            timeout = "30s"
            requests_per_second = 10000
            requests_in_flight = 256

            [[ca]]
            directory = "https://localhost:2/dir"
            terms_agreed = true
            roots = "ca.pem"
            timeout = "30s"
            requests_per_second = 10000
            requests_in_flight = 256
            name = "second"
            profile = "shortlived"
            preferred_chain = "Root X"
            account = "shared"
            limits = { new_orders = "5/30s" }
            contact = ["mailto:ops@example.org"]
            eab = { kid = "kid-1", key_file = "FOLDER/eab-kid-1" }

        "#]]
        .assert_eq(&several);
        assert_eq!(files::read(&folder.path().join("eab-kid-1")).unwrap(), "c2VjcmV0\n");
    }
}
