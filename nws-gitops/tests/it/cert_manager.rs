//! A `Certificate` whose Secret is there already: an ECDSA P-256 one of Let's Encrypt's, for 90 days.

use nws_gitops::{CertManager, Discover};

use crate::world::{World, issue, lets_encrypt};

/// What is wanted and told once the certificate is there and these fields are written.
fn said(fields: &str) -> Vec<String> {
    let world = World::new();
    world.deliver_from(&lets_encrypt(None), &[("shop/tls", &issue(&["a.example"]))]);
    let text = format!(
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: web, namespace: shop}}\n\
         spec:\n  secretName: tls\n  dnsNames: [a.example]\n  issuerRef: {{name: le}}\n  {fields}\n"
    );
    world.somebody_writes(&[("c.yaml", &text)]);
    let discover = Discover { cert_manager: CertManager::Adopt, ..Discover::default() };
    let inventory = world.inventory_with(&discover);
    let wanted = inventory.wanted.iter().map(|wanted| {
        let key_type = wanted.options.key_type.map_or("-", |key_type| key_type.as_str());
        format!("{}: {} {key_type}", wanted.key, wanted.names)
    });
    wanted.chain(inventory.faults.iter().map(ToString::to_string)).collect()
}

#[test]
fn a_lifetime_that_the_ca_does_not_give_is_told() {
    const WANTED: &str = "shop/tls: a.example -";
    let told = |asked: &str| {
        format!(
            "c.yaml, document 1, spec.duration: asks for {asked}, where the CA issues for 2160h; ask for that, or for a profile of the CA's with the annotation nws-certd/profile"
        )
    };
    let cases = [
        ("duration: 2160h", vec![WANTED.to_owned()]),
        ("duration: 2200h", vec![WANTED.to_owned()]),
        ("duration: 8760h", vec![WANTED.to_owned(), told("8760h")]),
        ("duration: 1080h0m0s", vec![WANTED.to_owned(), told("1080h")]),
    ];
    for (fields, want) in cases {
        assert_eq!(said(fields), want, "{fields}");
    }
}

/// A live certificate is renewed as it is, whatever else is asked for.
#[test]
fn what_cannot_be_served_takes_nothing_away() {
    for fields in ["ipAddresses: [192.0.2.1]", "isCA: true", "privateKey: {algorithm: Ed25519}"] {
        let said = said(fields);
        assert_eq!((&*said[0], said.len()), ("shop/tls: a.example ecdsa-p256", 2), "{fields}");
    }
}
