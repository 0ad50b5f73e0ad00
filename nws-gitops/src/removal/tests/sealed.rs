//! Secrets that are sealed.

use super::repository::issue;
use super::*;
use crate::{Scope, SealingCertificate, SecretForm, sealed_secret};

fn sealed(app: &str, template: &SecretTemplate, scope: Scope) -> String {
    let form = SecretForm { template: template.clone(), ..SecretForm::default() };
    let issued = issue(&format!("{app}.example"));
    let with = include_bytes!("../../../tests/sealed_secrets/controller.crt");
    let with = SealingCertificate::from_pem(with).unwrap();
    let by = Provenance { ca: Some("https://ca.example/directory".into()), ..Default::default() };
    sealed_secret(&key(app), &issued, &by, &form, &with, scope).unwrap().as_str().into()
}

/// What is sealed is not looked into, and everything else is ours. The Secret that becomes of it goes with it, and keeps what it says.
#[test]
fn a_sealed_secret() {
    let template = SecretTemplate::default().with_label("team", "shop").unwrap();
    let file = secret_path("shop");
    for scope in Scope::ALL {
        let text = sealed("shop", &template, scope);
        let gone = Repository::of(&["blog"]).with(&file, &text);
        assert_eq!(states(&gone), [("shop/shop-tls".into(), State::Kept)], "{scope}");
        let mut let_go = gone.clone();
        let_go.take(&[("shop", RemovalStep::LetGo)]);
        let own = "  annotations:\n    helm.sh/resource-policy: \"keep\"\n";
        assert_eq!(let_go.0[&file], text.replacen(own, "  annotations:\n", 1), "{scope}");
        assert_eq!(states(&let_go), [("shop/shop-tls".into(), State::LetGo)], "{scope}");
        assert_eq!(*written::let_go(let_go.0[&file].as_bytes()), let_go.0[&file].as_bytes());
        let mut back = let_go.clone().with("apps/shop/ingress.yaml", &ingress("shop"));
        back.take(&[]);
        assert_eq!(back.0[&file], text, "it is wanted again");
        let_go.take(&[("shop", RemovalStep::Remove)]);
        assert!(!let_go.0.contains_key(&file), "{scope}");
    }
}

#[test]
fn a_sealed_secret_that_somebody_has_edited() {
    let template = SecretTemplate::default().with_label("team", "shop").unwrap();
    let text = sealed("shop", &template, Scope::NamespaceWide);
    let repository = Repository::of(&["blog"]);
    let at = |text: &str| states(&repository.clone().with(&secret_path("shop"), text));
    let another = sealed("blog", &template, Scope::NamespaceWide);
    let value = |text: &str| {
        let line = text.lines().find(|line| line.starts_with("    tls.key: ")).unwrap();
        line.to_owned()
    };
    let exchanged = text.replace(&value(&text), &value(&another));
    assert_eq!(at(&exchanged), [("shop/shop-tls".into(), State::Kept)], "nobody can tell");
    for (from, to) in [
        ("  encryptedData:\n", "  encryptedData:\n    ca.crt: \"AAAA\"\n"),
        ("    tls.key: \"", "    tls.key: \"{{ .x }}"),
        ("\n    tls.key: ", "\n    # mine\n    tls.key: "),
        ("\"\n  template:\n", "\"\n  template:\n    immutable: true\n"),
        ("        \"team\": \"shop\"\n", "        \"team\": \"blog\"\n"),
        ("        \"team\": \"shop\"\n", ""),
        ("        helm.sh/resource-policy: \"keep\"\n", ""),
        ("sealedsecrets.bitnami.com/namespace-wide", "sealedsecrets.bitnami.com/cluster-wide"),
        ("nws-certd/seal-key-sha256: \"", "nws-certd/seal-key-sha256: \"0"),
        ("    type: \"kubernetes.io/tls\"\n", "    type: \"Opaque\"\n"),
    ] {
        assert!(text.contains(from), "{from}");
        let want = ("shop/shop-tls".into(), State::Left(Left::Edited));
        assert_eq!(at(&text.replacen(from, to, 1)), [want], "{from} -> {to}");
    }
}
