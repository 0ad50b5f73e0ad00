//! A repository as a platform has it: in each namespace applications of three manifests, and their certificates.

use std::io::{BufWriter, Write};
use std::process::{ChildStdin, Command, Stdio};

use nws_expiry::{Chain, DnsNames, Issued, PrivateKey};
use nws_gitops::{Provenance, SecretForm, SecretRef, Target, WantKey, manifest};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use time::OffsetDateTime;
use time::macros::datetime;

use super::{Outcome, Place};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
/// A directory of manifests and one of certificates to each.
const NAMESPACES: usize = 500;
/// Deployment, Service, Ingress, Secret.
const FILES_OF_AN_APP: usize = 4;

/// Makes the repository and a mirror of it, unless they are there.
pub(crate) fn run(place: &Place, count: usize) -> Outcome<String> {
    if place.remote().join("made").exists() {
        // A mirror that has moved since takes itself for another repository's, and is empty.
        if place.mirror()?.tip().is_none() {
            place.mirror()?.fetch()?;
        }
        return Ok(r#"{"made":false}"#.to_owned());
    }
    drop(gix::init_bare(place.remote())?);
    #[expect(clippy::disallowed_methods, reason = "git reads a stream of files fastest")]
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(place.remote()).args(["fast-import", "--quiet"]).stdin(Stdio::piped());
    let mut importing = git.spawn()?;
    let stream = importing.stdin.take().ok_or("git has no input")?;
    write(&mut BufWriter::new(stream), count)?;
    let status = importing.wait()?;
    if !status.success() {
        return Err(format!("git fast-import: {status}").into());
    }
    place.mirror()?.fetch()?;
    std::fs::write(place.remote().join("made"), "")?;
    Ok(r#"{"made":true}"#.to_owned())
}

fn write(to: &mut BufWriter<ChildStdin>, count: usize) -> Outcome<()> {
    let message = "all";
    writeln!(
        to,
        "commit refs/heads/main\ncommitter a <a@b.example> {} +0000",
        NOW.unix_timestamp()
    )?;
    writeln!(to, "data {}\n{message}", message.len())?;
    let ca = Ca::new()?;
    let namespaces = NAMESPACES.min(count / FILES_OF_AN_APP);
    let apps = count / FILES_OF_AN_APP / namespaces;
    for namespace in 0..namespaces {
        for app in 0..apps {
            for (path, text) in ca.files(namespace, app)? {
                writeln!(to, "M 100644 inline {path}\ndata {}", text.len())?;
                to.write_all(text.as_bytes())?;
                writeln!(to)?;
            }
        }
    }
    Ok(to.flush()?)
}

/// An issuer with an intermediate, as CAs have it.
pub(crate) struct Ca {
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new() -> Outcome<Self> {
        let root = CertifiedIssuer::self_signed(params("Bench Root X1"), KeyPair::generate()?)?;
        let intermediate =
            CertifiedIssuer::signed_by(params("Bench E7"), KeyPair::generate()?, &root)?;
        Ok(Self { intermediate })
    }

    /// With a key of its own, as those have that nobody can compress.
    pub(crate) fn issue(&self, host: &str, since: OffsetDateTime) -> Outcome<Issued> {
        let mut params = CertificateParams::new(vec![host.to_owned(), format!("www.{host}")])?;
        (params.not_before, params.not_after) = (since, since + time::Duration::days(90));
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let leaf = params.signed_by(&key, &self.intermediate)?;
        let pem = format!("{}{}", leaf.pem(), self.intermediate.pem());
        let names = DnsNames::new([host.parse()?, format!("www.{host}").parse()?])?;
        let key = PrivateKey::from_pkcs8_der(&key.serialize_der())?;
        Ok(Issued::check(Chain::from_pem(pem.as_bytes())?, key, &names, since)?)
    }

    pub(crate) fn secret(
        &self,
        namespace: usize,
        app: usize,
        since: OffsetDateTime,
    ) -> Outcome<(String, String)> {
        let issued = self.issue(&host(namespace, app), since)?;
        let secret = SecretRef::new(&name_of(namespace), &format!("app-{app:04}-tls"))?;
        let key = WantKey { target: Target::default(), secret };
        let text = manifest(&key, &issued, &Provenance::default(), &SecretForm::default())
            .as_str()
            .to_owned();
        Ok((format!("certs/{}/app-{app:04}-tls.yaml", name_of(namespace)), text))
    }

    fn files(&self, namespace: usize, app: usize) -> Outcome<[(String, String); FILES_OF_AN_APP]> {
        let dir = format!("apps/{}/app-{app:04}", name_of(namespace));
        Ok([
            (format!("{dir}-deployment.yaml"), deployment(namespace, app)),
            (format!("{dir}-ingress.yaml"), ingress(namespace, app, "")),
            (format!("{dir}-service.yaml"), service(namespace, app)),
            self.secret(namespace, app, NOW)?,
        ])
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "Bench Trust");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

pub(crate) fn name_of(namespace: usize) -> String {
    format!("team-{namespace:04}")
}

fn host(namespace: usize, app: usize) -> String {
    format!("app-{app:04}.team-{namespace:04}.example")
}

pub(crate) fn ingress(namespace: usize, app: usize, note: &str) -> String {
    let (ns, host) = (name_of(namespace), host(namespace, app));
    let rule = |host: &str| {
        format!(
            "    - host: {host}\n      http:\n        paths:\n          - path: /\n            pathType: Prefix\n            backend:\n              service:\n                name: app-{app:04}\n                port:\n                  number: 80\n"
        )
    };
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: app-{app:04}\n  namespace: {ns}\n  labels:\n    app.kubernetes.io/name: app-{app:04}\n    app.kubernetes.io/part-of: {ns}\n  annotations:\n    haproxy.org/timeout-server: 60s{note}\nspec:\n  ingressClassName: haproxy\n  tls:\n    - hosts:\n        - {host}\n        - www.{host}\n      secretName: app-{app:04}-tls\n  rules:\n{}{}",
        rule(&host),
        rule(&format!("www.{host}"))
    )
}

fn service(namespace: usize, app: usize) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: app-{app:04}\n  namespace: {}\nspec:\n  selector:\n    app.kubernetes.io/name: app-{app:04}\n  ports:\n    - name: http\n      port: 80\n      targetPort: 8080\n",
        name_of(namespace)
    )
}

fn deployment(namespace: usize, app: usize) -> String {
    let ns = name_of(namespace);
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{app:04}\n  namespace: {ns}\n  labels:\n    app.kubernetes.io/name: app-{app:04}\nspec:\n  replicas: 2\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: app-{app:04}\n  template:\n    metadata:\n      labels:\n        app.kubernetes.io/name: app-{app:04}\n    spec:\n      containers:\n        - name: web\n          image: registry.example/{ns}/app-{app:04}:1.{app}.0\n          ports:\n            - containerPort: 8080\n          env:\n            - name: PUBLIC_URL\n              value: https://{}\n            - name: LOG_LEVEL\n              value: info\n          resources:\n            requests: {{cpu: 50m, memory: 64Mi}}\n            limits: {{memory: 256Mi}}\n          readinessProbe:\n            httpGet: {{path: /healthz, port: 8080}}\n            periodSeconds: 10\n          livenessProbe:\n            httpGet: {{path: /healthz, port: 8080}}\n            initialDelaySeconds: 20\n",
        host(namespace, app)
    )
}
