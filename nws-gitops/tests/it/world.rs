//! A repository, those who push to it, and a CA.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nws_expiry::{Chain, DnsNames, Issued, PrivateKey};
use nws_gitops::{
    Author, Content, Delivery, Discover, Edit, Git, Inventory, Message, Mirror, ObjectId, Plan,
    Provenance, Remote, Seals, Tip, WantKey, deliveries,
};
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);

/// Keys may stand in clear.
pub(crate) fn seals() -> Seals {
    Seals::clear(NOW)
}

/// A bare repository and the directories of those who work with it.
pub(crate) struct World {
    dir: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        gix::init_bare(world.remote_dir()).unwrap();
        world
    }

    /// A repository in which somebody has committed these files.
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::new();
        world.somebody_writes(files);
        world
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn remote_dir(&self) -> PathBuf {
        self.dir.path().join("remote.git")
    }

    pub(crate) fn remote(&self) -> Remote {
        let url = format!("file://{}", self.remote_dir().display());
        Remote { url: url.parse().unwrap(), branch: "main".parse().unwrap() }
    }

    pub(crate) fn git(&self) -> Git {
        Git::new(self.dir.path(), self.search_path(), Duration::from_secs(60))
    }

    pub(crate) fn search_path(&self) -> OsString {
        #[expect(clippy::disallowed_methods, reason = "the tests run the git of whoever runs them")]
        std::env::var_os("PATH").unwrap()
    }

    /// What git itself thinks of a bare repository.
    pub(crate) fn check(&self, bare: &Path) {
        #[expect(clippy::disallowed_methods, reason = "the judge is git, not the code under test")]
        let mut git = Command::new("git");
        git.env("GIT_DIR", bare).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let checked = git.args(["fsck", "--full", "--strict", "--no-dangling"]).output().unwrap();
        let said = String::from_utf8(checked.stderr).unwrap();
        assert!(checked.status.success(), "{said}");
        assert!(said.lines().all(|line| line.starts_with("notice: ")), "{said}");
    }

    pub(crate) fn mirror(&self, name: &str) -> Mirror {
        Mirror::open(&self.dir.path().join(name), self.remote(), self.git()).unwrap()
    }

    /// A commit of another writer, on whatever is there.
    pub(crate) fn somebody_writes(&self, files: &[(&str, &str)]) -> Tip {
        self.somebody_edits(&files.iter().map(|(path, text)| write(path, text)).collect::<Vec<_>>())
    }

    /// The same with any edits.
    pub(crate) fn somebody_edits(&self, edits: &[Edit]) -> Tip {
        let somebody = self.mirror("somebody");
        let tip = somebody.fetch().unwrap();
        let commit = somebody.commit(&tip, edits, &message(), &author(), NOW).unwrap().unwrap();
        somebody.push(&commit).unwrap()
    }

    pub(crate) fn inventory(&self) -> Inventory {
        self.inventory_with(&Discover::default())
    }

    pub(crate) fn inventory_with(&self, discover: &Discover) -> Inventory {
        let mirror = self.mirror("reader");
        mirror.inventory(&mirror.fetch().unwrap(), discover).unwrap()
    }

    /// Delivers into the repository as it is now what comes from nobody knows where.
    pub(crate) fn deliver(&self, issued: &[(&str, &Issued)]) -> Plan {
        self.deliver_from(&Provenance::default(), issued)
    }

    /// Delivers into the repository as it is now.
    pub(crate) fn deliver_from(&self, by: &Provenance, issued: &[(&str, &Issued)]) -> Plan {
        let issued: Vec<_> = issued.iter().map(|(name, issued)| (key(name), *issued, by)).collect();
        self.apply(&self.inventory(), &issued)
    }

    /// A certificate for everything that is wanted, whatever its names.
    pub(crate) fn deliver_wanted(&self, discover: &Discover, issued: &Issued) -> Plan {
        let inventory = self.inventory_with(discover);
        let by = Provenance::default();
        let keys = inventory.wanted.iter().map(|wanted| wanted.key.clone());
        let issued: Vec<_> = keys.map(|key| (key, issued, &by)).collect();
        self.apply(&inventory, &issued)
    }

    fn apply(&self, inventory: &Inventory, issued: &[(WantKey, &Issued, &Provenance)]) -> Plan {
        let plan = deliveries(inventory, issued, &seals());
        let ours = self.mirror("ours");
        ours.fetch().unwrap();
        if let Some(commit) = ours
            .commit(
                &inventory.tip(ours.name()),
                &plan.edits,
                &Message::for_deliveries(&plan.deliveries),
                &author(),
                NOW,
            )
            .unwrap()
        {
            ours.push(&commit).unwrap();
        }
        plan
    }

    /// The file as the remote has it.
    pub(crate) fn file(&self, path: &str) -> Option<String> {
        let repository = gix::open(self.remote_dir()).unwrap();
        let commit =
            repository.find_reference("refs/heads/main").unwrap().peel_to_commit().unwrap();
        let entry = commit.tree().unwrap().lookup_entry_by_path(path).unwrap()?;
        Some(String::from_utf8(entry.object().unwrap().detach().data).unwrap())
    }

    /// All files of a commit that the remote has.
    pub(crate) fn files(&self, commit: ObjectId) -> BTreeMap<String, String> {
        files(&self.remote_dir(), commit)
    }

    /// The commits that lead to the remote's branch.
    pub(crate) fn history(&self) -> BTreeSet<String> {
        let repository = gix::open(self.remote_dir()).unwrap();
        let tip = repository.find_reference("refs/heads/main").unwrap().into_fully_peeled_id();
        let walk = tip.unwrap().ancestors().all().unwrap();
        walk.map(|commit| commit.unwrap().id.to_string()).collect()
    }

    /// How many commits lead to the remote's branch.
    pub(crate) fn commits(&self) -> usize {
        let repository = gix::open(self.remote_dir()).unwrap();
        let tip = repository.find_reference("refs/heads/main").unwrap().peel_to_commit().unwrap();
        std::iter::successors(Some(tip), |commit| {
            let parents: Vec<_> = commit.parent_ids().collect();
            assert!(parents.len() < 2, "history is linear");
            Some(parents.first()?.object().unwrap().into_commit())
        })
        .count()
    }

    /// Sets the branch back, as if what was pushed since had yet to come.
    pub(crate) fn rewind(&self, tip: Tip) {
        fs::write(self.remote_dir().join("refs/heads/main"), format!("{tip}\n")).unwrap();
    }

    /// Between what the server announces to the next push and what it does then, the branch goes to this commit.
    pub(crate) fn move_during_the_push(&self, theirs: Tip) {
        let set = format!("env -u GIT_QUARANTINE_PATH git update-ref refs/heads/main {theirs}");
        self.hook("pre-receive", &set);
    }

    /// Makes the server run this hook (githooks(5)).
    pub(crate) fn hook(&self, name: &str, script: &str) {
        let hooks = self.remote_dir().join("hooks");
        fs::create_dir_all(&hooks).unwrap();
        let hook = hooks.join(name);
        fs::write(&hook, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// All files of a commit that a bare repository has.
pub(crate) fn files(bare: &Path, commit: ObjectId) -> BTreeMap<String, String> {
    let repository = gix::open(bare).unwrap();
    let id = gix::ObjectId::from_hex(commit.to_string().as_bytes()).unwrap();
    let tree = repository.find_commit(id).unwrap().tree().unwrap();
    let entries = tree.traverse().breadthfirst.files().unwrap();
    let files = entries.into_iter().filter(|entry| entry.mode.is_blob()).map(|entry| {
        let data = repository.find_blob(entry.oid).unwrap().detach().data;
        (entry.filepath.to_string(), String::from_utf8(data).unwrap())
    });
    files.collect()
}

pub(crate) fn write(path: &str, text: &str) -> Edit {
    let bytes = text.as_bytes().to_vec().into();
    Edit { path: path.parse().unwrap(), content: Content::Write(bytes) }
}

pub(crate) fn remove(path: &str) -> Edit {
    Edit { path: path.parse().unwrap(), content: Content::Remove }
}

/// A key as it is written: `shop/shop-tls`, or `eu:shop/shop-tls`.
pub(crate) fn key(text: &str) -> WantKey {
    let (target, secret) = text.split_once(':').unwrap_or(("default", text));
    WantKey { target: target.parse().unwrap(), secret: secret.parse().unwrap() }
}

pub(crate) fn message() -> Message {
    Message::for_deliveries(&[] as &[Delivery])
}

pub(crate) fn author() -> Author {
    Author::new("nws-certd", "nws-certd@ops.example").unwrap()
}

pub(crate) fn names(names: &[&str]) -> DnsNames {
    DnsNames::new(names.iter().map(|name| name.parse().unwrap())).unwrap()
}

/// What is known of a certificate of Let's Encrypt's.
pub(crate) fn lets_encrypt(profile: Option<&str>) -> Provenance {
    Provenance {
        ca: Some("https://acme-v02.api.letsencrypt.org/directory".to_owned()),
        profile: profile.map(|profile| profile.parse().unwrap()),
        ..Provenance::default()
    }
}

/// A certificate for these names, from an intermediate of a CA of its own.
pub(crate) fn issue(host_names: &[&str]) -> Issued {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SerialNumber,
    };
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Test \"Intermediate\" é");
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();

    let host_names: Vec<_> = host_names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(host_names.clone()).unwrap();
    params.serial_number = Some(SerialNumber::from(0x2a_u64));
    params.not_before = datetime!(2026-03-01 0:00 UTC);
    params.not_after = datetime!(2026-05-30 0:00 UTC);
    let leaf = params.signed_by(&key, &ca).unwrap();

    let chain = Chain::from_pem((leaf.pem() + &ca.pem()).as_bytes()).unwrap();
    let key = PrivateKey::from_pkcs8_der(&key.serialize_der()).unwrap();
    let names = DnsNames::new(host_names.iter().map(|name| name.parse().unwrap())).unwrap();
    Issued::check(chain, key, &names, NOW).unwrap()
}

/// An Ingress that wants one certificate.
pub(crate) fn ingress(name: &str, secret: &str, hosts: &[&str]) -> String {
    let (namespace, secret) = secret.split_once('/').unwrap();
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  namespace: {namespace}\nspec:\n  tls:\n  - hosts: [{}]\n    secretName: {secret}\n",
        hosts.join(", ")
    )
}
