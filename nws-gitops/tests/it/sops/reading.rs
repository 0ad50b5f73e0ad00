//! SOPS files as the inventory sees them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use age::x25519::Identity;
use nws_expiry::Issued;
use nws_gitops::{AgeRecipients, Delivered, Manifest, SealedTo, SecretForm, SopsKind, WantKey};
use proptest::prelude::*;

use super::{KINDS, recipients, sealed};
use crate::world::{World, issue, lets_encrypt};

static ISSUED: LazyLock<Issued> = LazyLock::new(|| issue(&["shop.example", "www.shop.example"]));

/// Keys take a while to make.
pub(super) fn shared() -> &'static Issued {
    &ISSUED
}

/// A file of each kind, and the identity that opens both.
pub(super) fn sealed_once(kind: SopsKind) -> (&'static str, &'static Identity) {
    static FILES: LazyLock<(Identity, [String; 2])> = LazyLock::new(|| {
        let identity = Identity::generate();
        let to = recipients(&[&identity]);
        let files = KINDS.map(|kind| sealed(shared(), &SecretForm::default(), &to, kind));
        (identity, files)
    });
    let (identity, files) = &*FILES;
    (&files[usize::from(kind == SopsKind::SopsSecret)], identity)
}

/// What a repository holds in which only this file is.
fn held(text: &str) -> Vec<Delivered> {
    World::with(&[("certs/shop/shop-tls.yaml", text)]).inventory().delivered
}

/// What a repository says in which each has a file of its own.
pub(super) fn are_read_back(
    written: &[(WantKey, SecretForm, Manifest)],
    to: &AgeRecipients,
) -> Result<(), TestCaseError> {
    let path = |index: usize| format!("certs/{index}/secret.yaml");
    let paths: Vec<_> = (0..written.len()).map(path).collect();
    let files = paths.iter().zip(written).map(|(path, (.., text))| (&**path, text.as_str()));
    let all = World::with(&files.collect::<Vec<_>>()).inventory().delivered;
    prop_assert_eq!(all.len(), written.len());
    for (path, (key, form, _)) in paths.iter().zip(written) {
        let held = all.iter().find(|held| held.path.as_str() == path).unwrap();
        prop_assert!(held.ours && !held.stays, "{held:?}");
        prop_assert_eq!(&held.secret, &key.secret);
        prop_assert_eq!(&held.form.template, &form.template);
        prop_assert_eq!(&held.provenance, &lets_encrypt(None));
        let leaf = held.chain.as_ref().map(|chain| chain.leaf().fingerprint());
        prop_assert_eq!(leaf, Some(shared().leaf().fingerprint()));
        let recipients = to.iter().map(str::to_owned).collect();
        prop_assert_eq!(&held.sealed, &Some(Box::new(SealedTo::Age { recipients })));
    }
    Ok(())
}

/// Whoever edits a file with `sops` may take our recipients away; what is left is told as it is.
#[test]
fn whom_a_file_says_it_is_encrypted_to() {
    let (text, identity) = sealed_once(SopsKind::Secret);
    let ours = identity.to_public().to_string();
    let (document, _) = text.split_once("sops:\n").unwrap();
    let with = |block: &str| format!("{document}sops:\n{block}");
    let cases = [
        ("as written", text.to_owned(), Some(vec![&*ours])),
        ("another", text.replace(&ours, "age1other"), Some(vec!["age1other"])),
        ("by another key", with("    pgp: [{fp: ABC}]\n    mac: x\n"), Some(vec![])),
        ("nothing", with("    {}\n"), Some(vec![])),
        (
            "in JSON's way",
            with("    {age: [{recipient: a}, {recipient: b}]}\n"),
            Some(vec!["a", "b"]),
        ),
        ("in clear", document.to_owned(), None),
        ("no block", with("    []\n"), None),
    ];
    for (case, text, want) in cases {
        let want = want.map(|all| all.into_iter().map(str::to_owned).collect::<BTreeSet<_>>());
        let want = want.map(|recipients| Box::new(SealedTo::Age { recipients }));
        assert_eq!(held(&text)[0].sealed, want, "{case}");
    }
}

/// Names and dates come from the certificate, so without one there is nothing to go by.
#[test]
fn a_leaf_that_cannot_be_read_is_none() {
    let (text, _) = sealed_once(SopsKind::Secret);
    let annotation = text.lines().find(|line| line.contains("nws-certd/certificate")).unwrap();
    let cases = [
        ("gone", text.replace(&format!("{annotation}\n"), "")),
        ("cut", text.replace(annotation, &annotation.replace("\"MII", "\"MI"))),
        ("somebody's", text.replace("nws-certd/managed: \"true\"", "nws-certd/managed: \"false\"")),
    ];
    for (case, text) in cases {
        assert_eq!(held(&text)[0].chain, None, "{case}");
    }
}
