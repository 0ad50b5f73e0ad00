//! What we wrote is what is read back, and a byte of it makes it another.

use age::x25519::Identity;
use nws_gitops::{
    AgeRecipients, GroupName, Provenance, RepositoryName, Scope, Seal, Seals, SopsKind, Written,
    deliveries, written,
};

use crate::controller::CONTROLLERS;
use crate::world::{NOW, World, issue, key, write};

const FILE: &str = "certs/shop/shop-tls.yaml";

/// Every way a Secret is written.
fn ways() -> Vec<(&'static str, Seal)> {
    let identity = Identity::generate().to_public().to_string();
    let recipients = Some(AgeRecipients::new([identity]).unwrap());
    let certificate = CONTROLLERS[0].certificate.clone();
    vec![
        ("none", Seal::Clear),
        ("sealed-secrets", Seal::SealedSecrets { certificate, scope: Scope::Strict }),
        ("sops-age", Seal::Sops { recipients: recipients.clone(), kind: SopsKind::Secret }),
        ("sops-secret", Seal::Sops { recipients, kind: SopsKind::SopsSecret }),
    ]
}

/// What the branch holds of ours.
fn found(world: &World) -> Vec<Written> {
    world.inventory().delivered.iter().filter_map(Written::of).collect()
}

#[test]
fn what_edits_write_is_what_an_inventory_finds() {
    for (way, seal) in ways() {
        let (world, issued) = (World::new(), issue(&["shop.example"]));
        let seals = Seals::new(NOW).with(RepositoryName::default(), GroupName::default(), Ok(seal));
        let by = Provenance::default();
        let wanted = [(key("shop/shop-tls"), &issued, &by)];
        let plan = deliveries(&world.inventory(), &wanted, &seals);
        world.somebody_edits(&plan.edits);

        let [one] = &written(&plan.edits)[..] else { panic!("{way}: {:?}", written(&plan.edits)) };
        assert_eq!(found(&world), std::slice::from_ref(one), "{way}");
        assert_eq!(one.fingerprint, issued.leaf().fingerprint(), "{way}");
        assert_eq!(one.not_after, issued.leaf().not_after(), "{way}");

        let text = format!("{}\n", world.file(FILE).unwrap());
        world.somebody_writes(&[(FILE, &text)]);
        let [edited] = &found(&world)[..] else { panic!("{way}: nothing of ours is found") };
        assert_ne!(edited.blob, one.blob, "{way}: a changed file passes for ours");
        assert_eq!(edited.fingerprint, one.fingerprint, "{way}");
    }
}

#[test]
fn what_is_not_ours_is_not_read_back() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: tls, namespace: shop}\n";
    for (path, text) in [(FILE, secret), ("certs/shop/fleet.yaml", "defaultNamespace: shop\n")] {
        assert_eq!(written(&[write(path, text)]), [], "{path}");
    }
}
