//! What holds of every SOPS file.

use age::x25519::Identity;
use nws_expiry::KeyEncoding;
use nws_gitops::{SecretForm, SecretTemplate, SopsKind, WantKey, manifest, sops_manifest};
use proptest::prelude::*;

use super::opening::{Refused, Tree, open};
use super::{FOR_OTHERS, KINDS, reading, recipients};
use crate::world::{NOW, lets_encrypt};

fn any_form() -> impl Strategy<Value = SecretForm> {
    let name = "[a-z]{1,6}(/[a-zA-Z]([a-zA-Z_.-]{0,8}[a-zA-Z])?)?";
    let labels = prop::collection::vec((name, "([a-zA-Z0-9]([a-zA-Z0-9_.-]{0,8}[0-9])?)?"), 0..4);
    let annotations = prop::collection::vec((name, "\\PC{0,20}"), 0..4);
    (labels, annotations, any::<bool>()).prop_map(|(labels, annotations, is_older)| {
        let mut template = SecretTemplate::default();
        for (name, value) in labels {
            template = template.clone().with_label(&name, &value).unwrap_or(template);
        }
        for (name, value) in annotations {
            template = template.clone().with_annotation(&name, &value).unwrap_or(template);
        }
        let key_encoding = if is_older { KeyEncoding::Pkcs1 } else { KeyEncoding::Pkcs8 };
        SecretForm { template, key_encoding }
    })
}

fn any_kind() -> impl Strategy<Value = SopsKind> {
    prop::sample::select(KINDS.to_vec())
}

fn any_key() -> impl Strategy<Value = WantKey> {
    ("[a-z]{1,8}", "[a-z0-9]{1,8}(\\.[a-z0-9]{1,4})?", prop::option::of("[a-z]{1,6}")).prop_map(
        |(namespace, name, target)| WantKey {
            target: target.map(|target| target.parse().unwrap()).unwrap_or_default(),
            secret: format!("{namespace}/{name}").parse().unwrap(),
        },
    )
}

proptest! {
    // A repository takes longer than a file, so there are several files in each.
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// Whatever is written opens, says what the plain Secret says, and is read back as what was written.
    #[test]
    fn whatever_is_written_opens(all in prop::collection::vec((any_key(), any_form(), any_kind()), 1..24)) {
        let (issued, identity) = (reading::shared(), Identity::generate());
        let (by, to) = (lets_encrypt(None), recipients(&[&identity]));
        let mut written = Vec::new();
        for (key, form, kind) in all {
            let text = sops_manifest(&key, issued, &by, &form, &to, kind, NOW).unwrap();
            let opened = open(text.as_str(), &identity).unwrap();
            let want = Tree::read(manifest(&key, issued, &by, &form).as_str()).without(&FOR_OTHERS);
            prop_assert_eq!(opened.get("metadata"), want.get("metadata"));
            if kind == SopsKind::Secret {
                prop_assert_eq!(&opened, &want);
            }
            written.push((key, form, text));
        }
        reading::are_read_back(&written, &to)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// One letter of the document, or of what MAC and values are encrypted to, is another.
    #[test]
    fn what_was_changed_is_refused(kind in any_kind(), at in any::<prop::sample::Index>(), letter in "[a-zA-Z0-9+/]") {
        let (text, identity) = reading::sealed_once(kind);
        let places = changeable(text);
        let at = places[at.index(places.len())];
        let changed = format!("{}{letter}{}", &text[..at], &text[at + 1..]);
        // There are several ways to write a letter.
        prop_assume!(open(&changed, identity) == Err(Refused::Yaml) || Tree::read(&changed) != Tree::read(text));
        prop_assert!(open(&changed, identity).is_err(), "{}", &changed[at.saturating_sub(40)..]);
    }
}

/// Where the letters of values are: all but names of fields, and of the block the MAC and its instant.
fn changeable(text: &str) -> Vec<usize> {
    let mut places = Vec::new();
    let (mut at, mut is_block) = (0, false);
    for line in text.split_inclusive('\n') {
        is_block |= line == "sops:\n";
        let value = line.find(": ").map(|colon| colon + 2);
        let counts = !is_block || line.contains(" mac: ") || line.contains(" lastmodified: ");
        if let Some(value) = value.filter(|_| counts) {
            let letters = line.bytes().enumerate().skip(value);
            let letters = letters.filter(|(_, byte)| byte.is_ascii_alphanumeric());
            places.extend(letters.map(|(index, _)| at + index));
        }
        at += line.len();
    }
    places
}
