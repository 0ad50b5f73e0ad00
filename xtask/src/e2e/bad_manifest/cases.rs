//! What people get wrong in manifests, and how it becomes right.

use anyhow::Result;

use crate::tls;
use crate::world::App;

/// Path and text.
type File = (String, String);

pub(super) struct Case {
    /// The file that is to be reported.
    pub(super) path: &'static str,
    /// What the daemon has to say about it.
    pub(super) reason: &'static str,
    pub(super) wrong: Vec<File>,
    pub(super) right: Vec<File>,
    /// What is served once it is right.
    pub(super) app: App,
}

/// The good document of the file whose other one is broken.
pub(super) const BESIDE_BROKEN: App = App { name: "pair", hosts: &["pair.example"] };

pub(super) fn all() -> Vec<Case> {
    let app = |name, hosts| App { name, hosts };
    vec![
        Case::of(
            "apps/broken/ingress.yaml",
            "cannot be read",
            app("broken", &["broken.example"]),
            |right| right.replace("spec:", "spec: ["),
        ),
        Case::of(
            "apps/invalid/ingress.yaml",
            "spec.tls[0].hosts[0]",
            app("invalid", &["invalid.example"]),
            |right| right.replace("invalid.example", "in_valid..example"),
        ),
        Case::of("apps/wild/ingress.yaml", "wildcard", app("wild", &["wild.example"]), |right| {
            right.replace("wild.example", "'*.wild.example'")
        }),
        Case::of(
            "apps/upper/ingress.yaml",
            "write \"upper.example\"",
            app("upper", &["upper.example"]),
            |right| right.replace("upper.example", "Upper.Example"),
        ),
        Case::of("apps/pair/ingress.yaml", "document 2", BESIDE_BROKEN, |right| {
            format!("{right}---\nkind: Ingress\nmetadata: [name: {{pair\n")
        }),
        Case::of(
            "apps/chart/ingress.yaml",
            "template",
            app("chart", &["chart.example"]),
            |right| right.replace("chart.example", "'{{ .Values.host }}'"),
        ),
        Case::of(
            "apps/safe/ingress.yaml",
            "nws-certd did not write",
            app("safe", &["safe.example"]),
            |right| right.replace("safe-own-tls", "safe-tls"),
        ),
        Case::of(
            "apps/vault/ingress.yaml",
            "nws-certd did not write",
            app("vault", &["vault.example"]),
            |right| right.replace("vault-own-tls", "vault-tls"),
        ),
        kustomized(),
    ]
}

impl Case {
    /// An application whose Secret is called `-own-tls`, so that `-tls` can be somebody else's.
    fn of(
        path: &'static str,
        reason: &'static str,
        app: App,
        spoil: impl Fn(&str) -> String,
    ) -> Self {
        let right = app.ingress().replace("-tls", "-own-tls");
        let wrong = vec![(path.to_owned(), spoil(&right))];
        Self { path, reason, wrong, right: vec![(path.to_owned(), right)], app }
    }
}

/// The Ingress is as it should be, and what a cluster gets of it is not.
fn kustomized() -> Case {
    let (path, app) =
        ("apps/patched/ingress.yaml", App { name: "patched", hosts: &["patched.example"] });
    let beside = |more: &str| {
        ("apps/patched/kustomization.yaml".to_owned(), format!("resources: [ingress.yaml]\n{more}"))
    };
    Case {
        path,
        reason: "apps/patched/kustomization.yaml",
        wrong: vec![(path.to_owned(), app.ingress()), beside("namePrefix: my-\n")],
        right: vec![beside("images: [{name: registry.example/patched, newTag: '2'}]\n")],
        app,
    }
}

/// Secrets that are not the daemon's: beside its application, and where the daemon would write its own.
pub(super) fn foreign_secrets() -> Result<[File; 2]> {
    let identity = tls::placeholder()?;
    let secret = |name: &str| {
        let indented = |pem: &str| pem.replace('\n', "\n    ");
        let (certificate, key) = (indented(&identity.certificate), indented(&identity.key));
        format!(
            "apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata:\n  namespace: {name}\n  name: {name}-tls\nstringData:\n  \
            tls.crt: |\n    {certificate}\n  tls.key: |\n    {key}\n"
        )
    };
    Ok([
        ("apps/safe/secret.yaml".to_owned(), secret("safe")),
        ("certs/vault/vault-tls.yaml".to_owned(), secret("vault")),
    ])
}
