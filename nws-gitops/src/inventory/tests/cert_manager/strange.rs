//! Whatever people write, reading it ends.

use proptest::prelude::*;

use super::*;

/// Any value, as YAML has them.
fn value() -> impl Strategy<Value = serde_json::Value> {
    let words = prop_oneof![
        Just(""),
        Just("true"),
        Just("RSA"),
        Just("-1h"),
        Just("a.example"),
        Just("{{ x }}"),
        Just("ä,b"),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        words.prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let field = prop_oneof![
            Just("name"),
            Just("kind"),
            Just("algorithm"),
            Just("size"),
            Just("labels"),
            Just("x"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::btree_map(field.prop_map(str::to_owned), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever people write into the fields, reading it ends, each fault has a place, and what is wanted has names.
    #[test]
    fn no_value_is_too_strange(
        fields in proptest::collection::btree_map(select(&FIELDS), value(), 0..8),
        annotations in proptest::collection::btree_map(select(&ANNOTATIONS), value(), 0..8),
    ) {
        let metadata = serde_json::json!({"name": "web", "namespace": "shop", "annotations": annotations});
        let certificate = serde_json::json!({
            "apiVersion": "cert-manager.io/v1", "kind": "Certificate", "metadata": metadata, "spec": fields,
        });
        let ingress = serde_json::json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata,
            "spec": {"tls": [{"hosts": ["i.example"], "secretName": "ingress"}]},
        });
        for object in [certificate, ingress] {
            let inventory = inventory(&[("o.json", &object.to_string())], &adopts());
            prop_assert!(inventory.faults.iter().all(|fault| fault.document == Some(1)));
            prop_assert!(inventory.wanted.iter().all(|wanted| wanted.names.iter().count() > 0));
        }
    }
}

fn select(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(names)
}

const FIELDS: [&str; 15] = [
    "commonName",
    "dnsNames",
    "duration",
    "ipAddresses",
    "isCA",
    "issuerRef",
    "keystores",
    "privateKey",
    "renewBefore",
    "renewBeforePercentage",
    "secretName",
    "secretTemplate",
    "subject",
    "usages",
    "x",
];

const ANNOTATIONS: [&str; 12] = [
    "cert-manager.io/issuer",
    "cert-manager.io/cluster-issuer",
    "cert-manager.io/issuer-kind",
    "kubernetes.io/tls-acme",
    "cert-manager.io/alt-names",
    "cert-manager.io/duration",
    "cert-manager.io/private-key-size",
    "cert-manager.io/private-key-algorithm",
    "cert-manager.io/renew-before-percentage",
    "cert-manager.io/secret-template",
    "cert-manager.io/usages",
    "nws-certd/enabled",
];
