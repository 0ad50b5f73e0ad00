//! SOPS files in the hands of the real `sops` and `age`.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use nws_gitops::{CreationRules, SecretForm, SopsKind};

use super::opening::{Refused, Tree, data_key, open};
use super::{KINDS, plain, reading, recipients, sealed};
use crate::installed::installed;
use crate::world::World;

/// A file that `sops` works on, and an identity in another.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn with(text: &str, identity: &Identity) -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(desk.file(), text).unwrap();
        fs::write(desk.identity(), identity.to_string().expose_secret()).unwrap();
        desk
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("shop-tls.yaml")
    }

    fn identity(&self) -> PathBuf {
        self.dir.path().join("identity.txt")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    /// What `sops` prints, or what it complains of.
    fn sops(&self, args: &[&str]) -> Result<String, String> {
        #[expect(clippy::disallowed_methods, reason = "the judge is sops, not the code under test")]
        let mut sops = Command::new(installed("sops-3.11.0/bin/sops"));
        sops.env_clear().env("HOME", self.dir.path()).env("SOPS_DISABLE_VERSION_CHECK", "true");
        sops.env("SOPS_AGE_KEY_FILE", self.identity()).current_dir(self.dir.path());
        let said = sops.args(args).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        if said.status.success() { Ok(text(said.stdout)) } else { Err(text(said.stderr)) }
    }

    fn decrypted(&self) -> Result<Tree, String> {
        self.sops(&["decrypt", "shop-tls.yaml"]).map(|text| Tree::read(&text))
    }
}

#[test]
fn sops_decrypts_for_each_recipient_alone() {
    let (issued, form) = (reading::shared(), SecretForm::default());
    let both = [Identity::generate(), Identity::generate()];
    for kind in KINDS {
        let text = sealed(issued, &form, &recipients(&[&both[0], &both[1]]), kind);
        for identity in &both {
            let decrypted = Desk::with(&text, identity).decrypted().unwrap();
            assert_eq!(decrypted, open(&text, identity).unwrap(), "{kind:?}");
            if kind == SopsKind::Secret {
                assert_eq!(decrypted, plain(issued, &form));
            }
        }
        let nobody = Desk::with(&text, &Identity::generate()).decrypted();
        assert!(nobody.unwrap_err().contains("age"), "{kind:?}");
    }
}

#[test]
fn sops_refuses_what_was_changed_in_clear() {
    for kind in KINDS {
        let (text, identity) = reading::sealed_once(kind);
        let changed = text.replacen("namespace: \"shop\"", "namespace: \"shoq\"", 1);
        let refused = Desk::with(&changed, identity).decrypted().unwrap_err();
        assert!(refused.contains("MAC mismatch"), "{kind:?}: {refused}");
    }
}

/// What `sops` writes is not ours to the byte any more, but it is read, and it opens.
#[test]
fn sops_edits_our_files() {
    let places = [
        (SopsKind::Secret, "[\"data\"][\"ca.crt\"]"),
        (SopsKind::SopsSecret, "[\"spec\"][\"secretTemplates\"][0][\"data\"][\"ca.crt\"]"),
    ];
    for (kind, place) in places {
        let (text, identity) = reading::sealed_once(kind);
        let desk = Desk::with(text, identity);
        desk.sops(&["set", "shop-tls.yaml", place, "\"YQ==\""]).unwrap();
        let is_changed =
            |text: &str| open(text, identity).map(|tree| format!("{tree:?}").contains("YQ=="));
        assert_eq!(is_changed(text), Ok(false), "{kind:?}");
        assert_eq!(is_changed(&desk.text()), Ok(true), "{kind:?}");
        is_read_as_before(kind, &desk.text());
    }
}

#[test]
fn sops_rotates_the_data_key_of_our_files() {
    for kind in KINDS {
        let (text, identity) = reading::sealed_once(kind);
        let (desk, other) = (Desk::with(text, identity), Identity::generate());
        desk.sops(&[
            "rotate",
            "--in-place",
            "--add-age",
            &other.to_public().to_string(),
            "shop-tls.yaml",
        ])
        .unwrap();
        let key = |text: &str| data_key(Tree::read(text).get("sops").unwrap(), identity).unwrap();
        assert_ne!(key(&desk.text()), key(text), "{kind:?}");
        assert_eq!(open(&desk.text(), &other), open(text, identity), "{kind:?}");
        assert_eq!(open(text, &other), Err(Refused::Identity), "{kind:?}");
        is_read_as_before(kind, &desk.text());
    }
}

fn is_read_as_before(kind: SopsKind, text: &str) {
    let read = |text| World::with(&[("certs/shop/shop-tls.yaml", text)]).inventory().delivered;
    let (now, before) = (read(text), read(reading::sealed_once(kind).0));
    let of = |all: &[nws_gitops::Delivered]| {
        let [one] = all else { panic!("{all:?}") };
        (one.secret.clone(), one.ours, one.chain.clone(), one.provenance.clone())
    };
    assert_eq!(of(&now), of(&before), "{kind:?}");
    assert!(now[0].sealed.is_some(), "{kind:?}");
}

#[test]
fn age_opens_the_data_key() {
    let (text, identity) = reading::sealed_once(SopsKind::Secret);
    let desk = Desk::with(text, identity);
    let sops = Tree::read(text).get("sops").unwrap().clone();
    let armored = sops.get("age").unwrap().items()[0].get("enc").unwrap().text().to_owned();
    let file = desk.dir.path().join("data-key.age");
    fs::write(&file, armored).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the judge is age, not the code under test")]
    let mut age = Command::new("age");
    age.arg("--decrypt").arg("--identity").arg(desk.identity()).arg(file);
    let said = age.output().expect("age is missing; run: cargo xtask tools");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(said.stdout, data_key(&sops, identity).unwrap());
    assert_eq!(said.stdout.len(), 32);
}

/// A rule that we follow leads `sops` to the same recipients, and one that is not for a file leads it to none.
#[test]
fn sops_goes_by_the_same_creation_rule() {
    let [one, two] =
        [Identity::generate(), Identity::generate()].map(|one| one.to_public().to_string());
    let rules = [
        "- path_regex: ^certs/shop/\n  age: ONE\n- age: TWO",
        "- path_regex: ^shop/\n  age: ONE\n- age: 'TWO, ONE,'",
        "- path_regex: tls\\.yaml$\n  encrypted_regex: ^(data|stringData)$\n  age: [ONE, TWO]",
        "- path_regex: (?i)CERTS\n  key_groups: [{merge: [{age: [ONE]}], age: [TWO]}]",
        "- path_regex: blog\n  age: ONE\n",
        "- path_regex: ''\n  pgp: ''\n  age: >-\n    TWO,\n    ONE",
        "- path_regex: ^/\n  age: ONE\n- path_regex: .*\n  age: TWO",
    ];
    for rules in rules {
        let text = format!("creation_rules:\n{rules}\n").replace("ONE", &one).replace("TWO", &two);
        let ours = CreationRules::parse(&text).unwrap();
        let ours = ours.recipients("certs/shop/shop-tls.yaml", SopsKind::Secret).unwrap();
        let ours = ours.map(|all| all.iter().map(str::to_owned).collect::<BTreeSet<_>>());
        assert_eq!(ours, by_sops(&text), "{rules}");
    }
}

/// To whom `sops` encrypts a new file in a folder with these rules.
fn by_sops(rules: &str) -> Option<BTreeSet<String>> {
    let desk = Desk::with("", &Identity::generate());
    fs::write(desk.dir.path().join(".sops.yaml"), rules).unwrap();
    fs::create_dir_all(desk.dir.path().join("certs/shop")).unwrap();
    fs::write(desk.dir.path().join("certs/shop/shop-tls.yaml"), "data: {a: b}\n").unwrap();
    let text = desk.sops(&["encrypt", "certs/shop/shop-tls.yaml"]);
    if let Err(said) = &text {
        assert!(said.contains("no matching creation rules found"), "{said}");
    }
    let sops = Tree::read(&text.ok()?).get("sops").unwrap().clone();
    let age = sops.get("age").unwrap().items().iter();
    Some(age.map(|entry| entry.get("recipient").unwrap().text().to_owned()).collect())
}
