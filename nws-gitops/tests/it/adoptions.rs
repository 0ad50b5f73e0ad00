//! Secrets of others that become ours.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use expect_test::expect;
use nws_expiry::Issued;
use nws_gitops::{Adoptable, Discover, Message, NotAdoptable, adoptable, adoption};

use crate::world::{NOW, World, author, issue, seals};

const PATH: &str = "apps/shop/tls.yaml";

const INGRESS: &str = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: shop}
spec: {tls: [{hosts: [shop.example], secretName: shop-tls}]}
";

/// As `kubectl get secret -o yaml` shows what cert-manager wrote.
fn of_cert_manager(issued: &Issued) -> String {
    let [chain, key] = [issued.chain().to_pem(), issued.key().to_pem().to_string()];
    let [chain, key] = [chain, key].map(|text| STANDARD.encode(text));
    format!(
        "apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: shop-tls
  namespace: shop
  labels:
    controller.cert-manager.io/fao: \"true\"
    team: shop
  annotations:
    cert-manager.io/certificate-name: shop-tls
    reloader.stakater.com/match: \"true\"
data:
  ca.crt: \"\"
  tls.crt: {chain}
  tls.key: {key}
"
    )
}

/// What the Secret in a file can be adopted as.
fn read(path: &str, text: &str) -> Result<Adoptable, NotAdoptable> {
    let world = World::with(&[(path, text)]);
    let mirror = world.mirror("ours");
    let inventory = mirror.inventory(&mirror.fetch().unwrap(), &Discover::default()).unwrap();
    let held = inventory.delivered.first().unwrap();
    adoptable(held, &mirror.file_of(held).unwrap())
}

#[test]
fn what_is_adopted_is_wanted_and_served_as_it_was() {
    let issued = issue(&["shop.example"]);
    let world =
        World::with(&[("apps/shop/ingress.yaml", INGRESS), (PATH, &of_cert_manager(&issued))]);
    let mirror = world.mirror("ours");
    let tip = mirror.fetch().unwrap();
    let before = mirror.inventory(&tip, &Discover::default()).unwrap();
    assert!(before.wanted.is_empty(), "{before:?}");

    let held = before.delivered.first().unwrap();
    let found = adoptable(held, &mirror.file_of(held).unwrap()).unwrap();
    expect![[r#"
        [
            "metadata.labels[\"team\"]",
            "metadata.annotations[\"reloader.stakater.com/match\"]",
        ]
    "#]]
    .assert_debug_eq(&found.dropped);
    let names = found.chain.leaf().names().unwrap().clone();
    let is_managed = found.is_managed;
    let found = Issued::check(found.chain, found.key, &names, NOW).unwrap();
    let (edit, delivery) = adoption(&before, held, (&found, is_managed), &seals()).unwrap();
    let message = Message::for_adoptions(std::slice::from_ref(&delivery));
    assert!(message.as_str().starts_with("certs: adopt shop/shop-tls\n\n"), "{message:?}");
    let commit = mirror.commit(&tip, &[edit], &message, &author(), NOW).unwrap().unwrap();
    let after = mirror.inventory(&mirror.push(&commit).unwrap(), &Discover::default()).unwrap();

    assert_eq!(after.wanted.len(), 1, "{:?}", after.faults);
    let ours = after.held(&after.wanted[0].key).unwrap();
    assert_eq!((ours.path.as_str(), &after.wanted[0].key), (PATH, &delivery.key));
    assert_eq!(ours.chain.as_ref(), Some(issued.chain()));
    let plan = world.deliver(&[("shop/shop-tls", &issued)]);
    assert!(plan.edits.is_empty() && plan.refused.is_empty(), "{plan:?}");
}

#[test]
fn what_cannot_be_adopted_says_what_to_do() {
    let good = of_cert_manager(&issue(&["shop.example"]));
    let second = format!("{good}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\n");
    let list =
        "apiVersion: v1\nkind: List\nitems: [{kind: Secret, metadata: {name: a, namespace: b}}]\n";
    let sealed = "kind: SealedSecret\nmetadata: {name: a, namespace: b}\n";
    let without_key = good.replace("tls.key", "tls.kex");
    let cases = [
        (
            "two objects",
            PATH,
            second,
            "apps/shop/tls.yaml holds other objects beside it; give it a file of its own, and import it then",
        ),
        (
            "a list",
            PATH,
            list.into(),
            "apps/shop/tls.yaml holds other objects beside it; give it a file of its own, and import it then",
        ),
        (
            "JSON",
            "tls.json",
            r#"{"kind": "Secret", "metadata": {"name": "a", "namespace": "b"}}"#.into(),
            "tls.json is no YAML file, which it would be afterwards; rename it to end in .yaml",
        ),
        (
            "sealed",
            PATH,
            sealed.into(),
            "it is encrypted, so its key cannot be read; import the certificate from where it was made, and remove the file",
        ),
        (
            "sops",
            PATH,
            format!("{good}sops: {{mac: x}}\n"),
            "it is encrypted, so its key cannot be read; import the certificate from where it was made, and remove the file",
        ),
        (
            "Opaque",
            PATH,
            good.replace("kubernetes.io/tls", "Opaque"),
            "it is not of type kubernetes.io/tls; remove it, and another is ordered",
        ),
        (
            "immutable",
            PATH,
            format!("{good}immutable: true\n"),
            "it is immutable, so clusters would refuse its renewal; remove that field first",
        ),
        (
            "more",
            PATH,
            without_key,
            "it holds tls.kex too, which would be lost; move that to a Secret of its own",
        ),
        (
            "no key",
            PATH,
            good.replace("tls.key", "ca.crt").replace("  ca.crt: \"\"\n", ""),
            "it has no readable tls.key",
        ),
        (
            "no certificate",
            PATH,
            good.replace("tls.crt: ", "tls.crt: AAAA #"),
            "its tls.crt cannot be used",
        ),
    ];
    for (case, path, text, want) in cases {
        assert_eq!(read(path, &text).unwrap_err().to_string(), want, "{case}");
    }
}
