//! How certificates are to be made, where nothing is there yet. What changes once one is: `tests/it/options.rs`.

use super::*;

/// What is wanted, with its options, and what is said.
fn said(files: Files<'_>) -> Vec<String> {
    let inventory = inventory(files, &Discover::default());
    let wanted = inventory.wanted.iter().map(|wanted| {
        let CertificateOptions { key_type, profile } = &wanted.options;
        let key_type = key_type.map_or_else(|| "-".to_owned(), |key_type| key_type.to_string());
        let profile = profile.as_ref().map_or("-", |profile| profile.as_str());
        format!("{}: {} {key_type} {profile}", wanted.key, wanted.names)
    });
    wanted.chain(faults(&inventory)).collect()
}

/// An Ingress with these annotations.
fn annotated(annotations: &str, secret: &str, hosts: &str) -> String {
    ingress(&format!("shop, annotations: {{{annotations}}}"), secret, hosts)
}

#[test]
fn options_are_annotations() {
    let cases = [
        ("none", "", "- -"),
        ("a key type", "nws-certd/key-type: rsa-2048", "rsa-2048 -"),
        ("a profile", "nws-certd/profile: tlsserver", "- tlsserver"),
        ("both", "nws-certd/profile: x, nws-certd/key-type: ecdsa-p384", "ecdsa-p384 x"),
        ("null, which states nothing", "nws-certd/key-type: null", "- -"),
        ("an annotation of others", "example.org/key-type: rsa", "- -"),
    ];
    for (case, annotations, options) in cases {
        let text = annotated(annotations, "tls", "a.example");
        assert_eq!(
            said(&[("i.yaml", &text)]),
            [format!("shop/tls: a.example {options}")],
            "{case}"
        );
    }
}

#[test]
fn an_option_that_cannot_be_read_orders_nothing_and_says_why() {
    let key_type = "metadata.annotations[\"nws-certd/key-type\"]: ";
    let profile = "metadata.annotations[\"nws-certd/profile\"]: ";
    let known = "write one of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096";
    let listed = "write its name as the CA's directory lists it, for example \"classic\"";
    let template = "is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude";
    let long = "p".repeat(65);
    let cases = [
        ("key-type: rsa", format!("{key_type}unknown key type \"rsa\"; {known}")),
        ("key-type: RSA-2048", format!("{key_type}unknown key type \"RSA-2048\"; {known}")),
        ("key-type: ''", format!("{key_type}unknown key type \"\"; {known}")),
        ("key-type: 2048", format!("{key_type}is a number, not a string; quote it")),
        ("profile: two words", format!("{profile}\"two words\" is no profile; {listed}")),
        ("profile: ''", format!("{profile}\"\" is no profile; {listed}")),
        (&format!("profile: {long}"), format!("{profile}\"{long}\" is no profile; {listed}")),
        ("profile: true", format!("{profile}is a boolean, not a string; quote it")),
        ("key-type: '{{ .Values.key }}'", format!("{key_type}{template}")),
        ("profile: '${PROFILE}'", format!("{profile}{template}")),
    ];
    for (annotation, fault) in cases {
        let bad = annotated(&format!("nws-certd/{annotation}"), "tls", "a.example");
        let good = annotated("", "other", "b.example");
        let files = [("i.yaml", &*format!("{good}---\n{bad}"))];
        let want = ["shop/other: b.example - -".to_owned(), format!("i.yaml, document 2, {fault}")];
        assert_eq!(said(&files), want, "{annotation}");
        assert!(inventory(&files, &Discover::default()).faults[0].mentions("a.example"));
    }
}

#[test]
fn an_ingress_of_which_both_options_are_wrong_has_both_faults_and_its_others() {
    let text =
        annotated("nws-certd/key-type: x, nws-certd/profile: ''", "tls", "BAD, '*.a.example'");
    let faults = inventory(&[("i.yaml", &text)], &Discover::default()).faults;
    let fields: Vec<_> = faults.iter().filter_map(|fault| fault.field.as_deref()).collect();
    assert_eq!(
        fields,
        [
            "metadata.annotations[\"nws-certd/key-type\"]",
            "metadata.annotations[\"nws-certd/profile\"]",
            "spec.tls[0].hosts[0]",
            "spec.tls[0].hosts[1]",
        ]
    );
}

#[test]
fn the_place_in_a_list_is_part_of_an_options_field() {
    let item = |annotation: &str| {
        let text = annotated(&format!("nws-certd/key-type: {annotation}"), "tls", "a.example");
        text.trim_end().replace('\n', "\n  ")
    };
    let list =
        |one: &str, two: &str| format!("kind: List\nitems:\n- {}\n- {}\n", item(one), item(two));
    let field = |text: &str| {
        let inventory = inventory(&[("i.yaml", text)], &Discover::default());
        inventory.faults[0].field.clone().unwrap()
    };
    let second = "items[1].metadata.annotations[\"nws-certd/key-type\"]";
    assert_eq!(field(&list("rsa-2048", "rsa")), second, "that cannot be read");
    assert_eq!(field(&list("rsa-2048", "rsa-3072")), second, "that has not its way");
}

#[test]
fn options_of_one_secret_wanted_several_times() {
    let of = |annotations: &str| annotated(annotations, "tls", "a.example");
    let (rsa, p384) = (of("nws-certd/key-type: rsa-2048"), of("nws-certd/key-type: ecdsa-p384"));
    let (none, short) = (of(""), of("nws-certd/profile: shortlived"));
    let (wrong, classic) = (of("nws-certd/key-type: rsa"), of("nws-certd/profile: classic"));
    let in_one_file =
        rsa.clone() + "---\n" + &annotated("nws-certd/key-type: ecdsa-p384", "tls", "b.example");
    let over = |path: &str, document: usize, field: &str, asked: &str, kept: &str| {
        format!(
            "{path}, document {document}, metadata.annotations[\"nws-certd/{field}\"]: asks for \"{asked}\" in secret shop/tls, for which 1.yaml, document 1, asks for \"{kept}\", which it gets; write the same in both, or give one of them another secretName"
        )
    };
    let cases: [(&str, Files<'_>, &[&str]); 7] = [
        ("that agree", &[("1.yaml", &rsa), ("2.yaml", &rsa)], &["shop/tls: a.example rsa-2048 -"]),
        (
            "one of which says nothing",
            &[("1.yaml", &none), ("2.yaml", &rsa)],
            &["shop/tls: a.example rsa-2048 -"],
        ),
        (
            "that speak of different things",
            &[("1.yaml", &rsa), ("2.yaml", &short)],
            &["shop/tls: a.example rsa-2048 shortlived"],
        ),
        (
            "that differ",
            &[("1.yaml", &rsa), ("2.yaml", &p384)],
            &[
                "shop/tls: a.example rsa-2048 -",
                &over("2.yaml", 1, "key-type", "ecdsa-p384", "rsa-2048"),
            ],
        ),
        (
            "that differ in the profile, one of three",
            &[("1.yaml", &short), ("2.yaml", &short), ("3.yaml", &classic)],
            &[
                "shop/tls: a.example - shortlived",
                &over("3.yaml", 1, "profile", "classic", "shortlived"),
            ],
        ),
        (
            "that differ in one file, which is served with all its names",
            &[("1.yaml", &in_one_file)],
            &[
                "shop/tls: a.example, b.example rsa-2048 -",
                &over("1.yaml", 2, "key-type", "ecdsa-p384", "rsa-2048"),
            ],
        ),
        (
            "one of which cannot be read",
            &[("1.yaml", &rsa), ("2.yaml", &wrong)],
            &[
                "shop/tls: a.example rsa-2048 -",
                "2.yaml, document 1, metadata.annotations[\"nws-certd/key-type\"]: unknown key type \"rsa\"; write one of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096",
            ],
        ),
    ];
    for (case, files, want) in cases {
        assert_eq!(said(files), want, "{case}");
    }
}
