//! Whether a repository holds Secrets of ours that are sealed.

use super::*;

fn secret(kind: &str, label: &str, more: &str) -> String {
    format!(
        "kind: {kind}\nmetadata:\n  name: tls\n  namespace: shop\n  labels: {{{label}}}\n{more}"
    )
}

const OURS: &str = "nws-certd/managed: \"true\"";

#[test]
fn it_is_those_of_ours_that_count() {
    let sops = "data:\n  tls.key: ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]\nsops:\n  version: 3.11.0\n";
    let sealed = "spec:\n  encryptedData:\n    tls.key: AgB\n";
    let cases = [
        ("sealed", secret("SealedSecret", OURS, sealed), true),
        ("by SOPS", secret("Secret", OURS, sops), true),
        ("in clear", secret("Secret", OURS, "data:\n  tls.key: AA==\n"), false),
        ("somebody else's", secret("SealedSecret", "", sealed), false),
        ("nothing", String::new(), false),
    ];
    for (case, text, want) in cases {
        let inventory = inventory(&[("a/tls.yaml", &text)], &Discover::default());
        assert_eq!(inventory.holds_sealed(&RepositoryName::default()), want, "{case}");
    }
}

#[test]
fn each_of_several_repositories_speaks_for_itself() {
    let sealed = secret("SealedSecret", OURS, "");
    let inventory = inventory(&[("certs:tls.yaml", &sealed)], &Discover::default());
    let holds = |name: &str| inventory.holds_sealed(&name.parse().unwrap());
    assert_eq!((holds("certs"), holds("apps")), (true, false));
}
