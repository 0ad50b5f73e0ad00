//! Repositories to look at, made by git itself.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, KeyPair};
use time::macros::datetime;

use crate::config::Config;

/// A work tree whose only commit is empty; what is written is only added.
pub(super) struct Repository(tempfile::TempDir);

impl Repository {
    pub(super) fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.git(&["commit", "--quiet", "--allow-empty", "--message=begun"]);
        repository
    }

    /// One application, and its certificate in a bundle beside.
    pub(super) fn in_order() -> Self {
        Self::with(&[
            ("apps/shop/fleet.yaml", "{}\n"),
            ("apps/shop/ingress.yaml", &ingress("shop", "shop.example")),
            ("certs/shop/fleet.yaml", "{}\n"),
            ("certs/shop/shop-tls.yaml", &secret("shop/shop-tls", OURS, &["shop.example"], "")),
        ])
    }

    /// One of each kind of finding.
    pub(super) fn in_disorder() -> Self {
        let key = format!(", tls.key: {}", STANDARD.encode("-----BEGIN PRIVATE KEY-----\n"));
        let legacy = secret("shop/legacy", "", &["legacy.example"], &key);
        Self::with(&[
            ("apps/blog/ingress.yaml", &ingress("blog", "not_a_host")),
            ("apps/shop/fleet.yaml", "{}\n"),
            ("apps/shop/ingress.yaml", &ingress("shop", "shop.example")),
            ("apps/shop/tls/fleet.yaml", "{}\n"),
            ("apps/shop/tls/shop-tls.yaml", &secret("shop/shop-tls", OURS, &["shop.example"], "")),
            ("apps/wiki/fleet.yaml", "{}\n"),
            ("apps/wiki/kustomization.yaml", "resources: [ingress.yaml]\n"),
            ("apps/wiki/ingress.yaml", &ingress("wiki", "wiki.example")),
            ("apps/wiki/wiki-tls.yaml", &secret("wiki/wiki-tls", OURS, &["wiki.example"], "")),
            ("data/fleet.yaml", "{}\n"),
            ("data/large.txt", &noise(1_700_000)),
            ("legacy.yaml", &legacy),
            ("legacy2.yaml", &secret("shop/legacy", "", &["legacy.example"], "")),
        ])
    }

    fn with(files: &[(&str, &str)]) -> Self {
        let repository = Self::new();
        for (path, text) in files {
            let path = repository.top().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        repository.git(&["add", "--all"]);
        repository
    }

    pub(super) fn top(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn git(&self, args: &[&str]) {
        #[expect(clippy::disallowed_methods, reason = "work trees are made by git itself")]
        let mut git = std::process::Command::new("git");
        git.current_dir(self.top());
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        git.args(["-c", "user.name=somebody", "-c", "user.email=somebody@ops.example"]);
        let done = git.args(args).output().unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

const OURS: &str = ", labels: {nws-certd/managed: 'true'}";

fn ingress(app: &str, host: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: {app}}}\nspec:\n  tls: [{{hosts: [{host}], secretName: {app}-tls}}]\n"
    )
}

/// A certificate from 1 March 2026 on, for 90 days.
fn secret(name: &str, label: &str, hosts: &[&str], more: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap();
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    let mut params = CertificateParams::new(hosts).unwrap();
    params.not_before = datetime!(2026-03-01 0:00 UTC);
    params.not_after = datetime!(2026-05-30 0:00 UTC);
    let leaf = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
    let chain = STANDARD.encode(leaf.pem());
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: {namespace}{label}}}\ntype: kubernetes.io/tls\ndata: {{tls.crt: {chain}{more}}}\n"
    )
}

/// Text that does not compress to less than base64 adds.
fn noise(len: usize) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    STANDARD.encode((0..len / 4 * 3).map(|_| next()).collect::<Vec<_>>())
}

/// A configuration with these tables, and what every one has to have.
pub(super) fn config(tables: &str) -> Config {
    read(&format!("[git]\nurl = \"file:///srv/git/gitops.git\"\nencryption = \"none\"\n{tables}"))
}

/// Two repositories, "apps" at this URL and "certs".
pub(super) fn several(url: &str) -> Config {
    let table = |name: &str, url: &str| {
        format!("[[git]]\nname = \"{name}\"\nurl = \"{url}\"\nencryption = \"none\"\n")
    };
    read(&format!("{}{}", table("apps", url), table("certs", "file:///srv/git/certs.git")))
}

fn read(tables: &str) -> Config {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    let ca = "[ca]\ndirectory = \"https://ca.example/directory\"\nterms_agreed = true\n";
    fs::write(&file, format!("{ca}{tables}")).unwrap();
    Config::read(&file).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the tests run the git of whoever runs them")]
pub(super) fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap()
}
