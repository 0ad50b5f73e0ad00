//! SOPS files that nobody wants any more.

use super::repository::issue;
use super::*;
use crate::{AgeRecipients, SecretForm, SopsKind, sops_manifest};

const KINDS: [SopsKind; 2] = [SopsKind::Secret, SopsKind::SopsSecret];
const ONE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const TWO: &str = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";

fn sealed(app: &str, kind: SopsKind) -> String {
    let template = SecretTemplate::default()
        .with_label("team", "")
        .and_then(|template| template.with_annotation("a.example/x", "any\ntext"))
        .unwrap();
    let form = SecretForm { template, ..SecretForm::default() };
    let (issued, to) = (issue(&format!("{app}.example")), AgeRecipients::new([ONE, TWO]).unwrap());
    let by = Provenance::default();
    sops_manifest(&key(app), &issued, &by, &form, &to, kind, NOON).unwrap().as_str().to_owned()
}

/// A repository whose shop has gone, and left this file.
fn gone(text: &str) -> Repository {
    Repository::of(&["blog", "shop"])
        .without("apps/shop/ingress.yaml")
        .with(&secret_path("shop"), text)
}

fn state(text: &str) -> State {
    let [(_, state)] = &states(&gone(text))[..] else { panic!("not unwanted: {text}") };
    *state
}

/// What only the data key could tell is not looked into.
#[test]
fn a_file_is_ours_if_it_is_as_we_write_it() {
    type Change = fn(&str) -> String;
    let ours: [(&str, Change); 4] = [
        ("untouched", str::to_owned),
        ("by another version", |text| text.replace("version: 3.11.0", "version: 3.13.10")),
        ("at another time", |text| text.replace("2026-03-01T12:00:00Z", "2026-04-01T12:00:01Z")),
        ("another value", |text| text.replacen("GCM,data:", "GCM,data:AAAA", 1)),
    ];
    let edited: [(&str, Change); 19] = [
        ("another namespace", |text| text.replacen("\"shop\"", "\"shoq\"", 1)),
        ("a label more", |text| text.replacen("  labels:\n", "  labels:\n    a: \"b\"\n", 1)),
        ("a label less", |text| text.replace("    \"team\": \"\"\n", "")),
        ("an annotation changed", |text| {
            text.replacen("nws-certd/serial: \"", "nws-certd/serial: \"0", 1)
        }),
        ("without quotes", |text| {
            text.replacen("apiVersion: \"v1\"", "apiVersion: v1", 1).replacen(
                "\"SopsSecret\"",
                "SopsSecret",
                1,
            )
        }),
        ("a comment", |text| format!("# mine\n{text}")),
        ("a value more", |text| text.replace("\nsops:", "\nmore: \"b\"\nsops:")),
        ("a value in clear", |text| change_first(text, "ENC[", "]", "\"clear\"")),
        ("a value of another type", |text| text.replacen("type:str", "type:int", 1)),
        ("a recipient changed", |text| text.replace(ONE, &format!("{ONE}a"))),
        ("recipients in another order", |text| {
            text.replace(ONE, "x")
                .replace(TWO, ONE)
                .replace("recipient: x", &format!("recipient: {TWO}"))
        }),
        ("a line of an age file less", |text| {
            text.replacen("            -----END AGE ENCRYPTED FILE-----\n", "", 1)
        }),
        ("something else than an age file", |text| {
            text.replacen("-----BEGIN AGE", "-----BEGIN PGP", 1)
        }),
        ("a fraction of a second", |text| text.replace("12:00:00Z", "12:00:00.5Z")),
        ("no instant", |text| text.replace("2026-03-01T12:00:00Z", "today")),
        ("no version", |text| text.replace("    version: 3.11.0\n", "")),
        ("an odd version", |text| text.replace("version: 3.11.0", "version: newest")),
        ("another rule", |text| {
            text.replace("^(data|stringData)$", "^(data)$")
                .replace("suffix: Templates", "suffix: Template")
        }),
        ("another field", |text| {
            text.replace("    mac: ", "    mac_only_encrypted: true\n    mac: ")
        }),
    ];
    for kind in KINDS {
        let text = sealed("shop", kind);
        for (case, change) in ours {
            assert_eq!(state(&change(&text)), State::Kept, "{case}, {kind:?}");
        }
        for (case, change) in edited {
            let changed = change(&text);
            assert_ne!(changed, text, "{case}, {kind:?}");
            assert_ne!(states(&gone(&changed)), states(&gone(&text)), "{case}, {kind:?}");
        }
    }
}

/// The first that stands between these, and they with it.
fn change_first(text: &str, from: &str, to: &str, by: &str) -> String {
    let start = text.find(from).unwrap();
    let end = start + text[start..].find(to).unwrap() + to.len();
    format!("{}{by}{}", &text[..start], &text[end..])
}

/// Helm is not asked about them, so it is the bundle alone that lets go; the file never changes, as its MAC would not fit.
#[test]
fn a_sealed_secret_goes_in_two_steps_with_its_bundle() {
    for kind in KINDS {
        let text = sealed("shop", kind);
        let mut repository = gone(&text);
        repository.take(&[("shop", RemovalStep::LetGo)]);
        assert!(repository.0["certs/shop/fleet.yaml"].contains("keepResources: false"), "{kind:?}");
        assert_eq!(repository.0[&secret_path("shop")], text, "{kind:?}");
        assert_eq!(state_of_shop(&repository), Some(State::LetGo), "{kind:?}");
        repository.take(&[("shop", RemovalStep::Remove)]);
        assert_eq!(repository.0.keys().filter(|path| path.starts_with("certs/shop")).count(), 0);
    }
}

fn state_of_shop(repository: &Repository) -> Option<State> {
    states(repository).pop().map(|(_, state)| state)
}

/// Nor is it read, as there may be many.
#[test]
fn a_sealed_secret_that_is_wanted_is_left_alone() {
    for kind in KINDS {
        let text = sealed("shop", kind);
        let mut repository = Repository::of(&["blog", "shop"]).with(&secret_path("shop"), &text);
        let before = repository.0.clone();
        let plan = repository.take(&[]);
        assert_eq!((plan.removals.len(), repository.0 == before), (0, true), "{kind:?}");
        let mut asked = Vec::new();
        Survey::of(&repository.inventory(), |path| {
            asked.push(path.to_string());
            repository.read(path)
        })
        .unwrap();
        assert_eq!(asked, Vec::<String>::new(), "{kind:?}");
    }
}
