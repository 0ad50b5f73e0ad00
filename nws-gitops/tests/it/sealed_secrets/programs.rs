//! Sealed values in the hands of OpenSSL, and SealedSecrets in those of kubesealpy.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nws_gitops::Scope;
use serde_json::{Value, json};

use super::{known, label, plain, seal};
use crate::controller::{CONTROLLERS, sealed_values};
use crate::installed::installed;
use crate::world::{issue, key};

#[test]
fn the_unsealer_opens_what_other_programs_sealed() {
    let controller = known();
    let cases = [
        (Scope::Strict, include_str!("../../sealed_secrets/strict.b64"), "hello tls.key"),
        (
            Scope::NamespaceWide,
            include_str!("../../sealed_secrets/namespace-wide.b64"),
            "sealed with the key of a namespace",
        ),
    ];
    let secret = key("shop/shop-tls").secret;
    for (scope, text, want) in cases {
        let value = STANDARD.decode(text.trim_end()).unwrap();
        for label_of in Scope::ALL {
            let opened = controller.open(&value, &label(&secret, label_of));
            let want = (label_of == scope).then_some(want.as_bytes());
            assert_eq!(opened.as_deref(), want, "{scope}, opened as {label_of}");
        }
        let opened = controller.open_with_openssl(&value, &label(&secret, scope));
        assert_eq!(opened.as_deref(), Some(want.as_bytes()), "{scope}");
    }
}

#[test]
fn openssl_opens_what_we_seal() {
    let (key, issued) = (key("shop/shop-tls"), issue(&["shop.example"]));
    for controller in &CONTROLLERS {
        for scope in Scope::ALL {
            let values = sealed_values(&seal(&key, &issued, controller, scope));
            let label = label(&key.secret, scope);
            let opened = values.clone().map(|value| controller.open_with_openssl(&value, &label));
            assert_eq!(opened, plain(&issued).map(Some), "{scope}");
            let elsewhere = controller.open_with_openssl(&values[1], "blog/blog-tls");
            assert_eq!(elsewhere, None, "{scope}");
        }
    }
}

/// What kubesealpy makes of each of these, in order.
fn kubesealpy(asked: &[Value]) -> Vec<Value> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the judge is kubesealpy, not the code under test"
    )]
    let mut python =
        Command::new(installed("kubesealpy-1.0.1/bin/kubesealpy").with_file_name("python"));
    python.args(["-I", "-c", include_str!("kubesealpy.py")]);
    let mut python = python.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let asked = serde_json::to_vec(asked).unwrap();
    python.stdin.take().unwrap().write_all(&asked).unwrap();
    let said = python.wait_with_output().unwrap();
    assert!(said.status.success());
    serde_json::from_slice(&said.stdout).unwrap()
}

/// It reads the scope from our marks, as a controller does.
#[test]
fn kubesealpy_opens_what_we_seal_where_its_scope_says() {
    let issued = issue(&["shop.example"]);
    let (mut asked, mut wanted) = (Vec::new(), Vec::new());
    for controller in &CONTROLLERS {
        for scope in Scope::ALL {
            let text = seal(&key("shop/shop-tls"), &issued, controller, scope);
            for (namespace, name, opens) in [
                ("shop", "shop-tls", true),
                ("shop", "other", scope != Scope::Strict),
                ("blog", "shop-tls", scope == Scope::ClusterWide),
            ] {
                let text = text
                    .replace("namespace: \"shop\"", &format!("namespace: \"{namespace}\""))
                    .replace("name: \"shop-tls\"", &format!("name: \"{name}\""));
                asked.push(json!({"open": text, "key": controller.key_pem}));
                let [certificates, private] = plain(&issued).map(|value| STANDARD.encode(value));
                let data = json!({"tls.crt": certificates, "tls.key": private});
                let secret = json!({"type": "kubernetes.io/tls", "namespace": namespace, "name": name, "data": data});
                wanted.push(if opens { secret } else { Value::Null });
            }
        }
    }
    let opened = kubesealpy(&asked);
    assert_eq!(opened.len(), wanted.len());
    for (at, (found, want)) in opened.iter().zip(&wanted).enumerate() {
        assert_eq!(found, want, "{at}: {}", asked[at]["open"].as_str().unwrap());
    }
}

/// So what opens ours in the other tests is as good as a controller.
#[test]
fn the_unsealer_opens_what_kubesealpy_seals() {
    let secret = key("shop/shop-tls").secret;
    let cases: Vec<_> =
        CONTROLLERS.iter().flat_map(|one| Scope::ALL.map(|scope| (one, scope))).collect();
    let asked = cases.iter().map(|(controller, scope)| {
        let values = json!({"tls.crt": STANDARD.encode("certificates"), "tls.key": STANDARD.encode("key")});
        json!({"seal": values, "certificate": controller.certificate_pem, "scope": scope.to_string(), "namespace": "shop", "name": "shop-tls"})
    });
    let sealed = kubesealpy(&asked.collect::<Vec<_>>());
    assert_eq!(sealed.len(), cases.len());
    for ((controller, scope), text) in cases.iter().zip(sealed) {
        let values = sealed_values(text.as_str().unwrap());
        for label_of in Scope::ALL {
            let opened =
                values.clone().map(|value| controller.open(&value, &label(&secret, label_of)));
            let want =
                [&b"certificates"[..], b"key"].map(|value| (label_of == *scope).then_some(value));
            assert_eq!(
                opened.each_ref().map(Option::as_deref),
                want,
                "{scope}, opened as {label_of}"
            );
        }
    }
}
