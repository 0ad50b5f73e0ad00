use super::*;

const ONE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
const TWO: &str = "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg";

/// What is said of `certs/shop/shop-tls.yaml`: the recipients, or why not.
fn said(rules: &str, kind: SopsKind) -> Result<Option<String>, UnfitRule> {
    let text = rules.replace("ONE", ONE).replace("TWO", TWO);
    let rules = CreationRules::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let found = rules.recipients("certs/shop/shop-tls.yaml", kind)?;
    Ok(found.map(|all| all.to_string().replace(ONE, "ONE").replace(TWO, "TWO")))
}

#[test]
fn which_rule_is_for_a_file() {
    let cases = [
        ("no rules at all", "", None),
        ("other rules", "destination_rules: [{s3_bucket: a}]", None),
        ("an empty list", "creation_rules: []", None),
        ("without a path", "creation_rules: [{age: ONE}]", Some("ONE")),
        ("an empty path", "creation_rules: [{path_regex: '', age: ONE}]", Some("ONE")),
        ("somewhere in the path", "creation_rules: [{path_regex: op/sh, age: ONE}]", Some("ONE")),
        ("from the start", "creation_rules: [{path_regex: ^certs/, age: ONE}]", Some("ONE")),
        ("to the end", r"creation_rules: [{path_regex: '\.yaml$', age: ONE}]", Some("ONE")),
        ("from the middle", "creation_rules: [{path_regex: ^shop/, age: ONE}]", None),
        (
            "words",
            r"creation_rules: [{path_regex: '^\w+/\w+/\S{1,253}\.ya?ml$', age: ONE}]",
            Some("ONE"),
        ),
        ("with letters' case", "creation_rules: [{path_regex: ^Certs/, age: ONE}]", None),
        (
            "Go's way to ignore it",
            "creation_rules: [{path_regex: (?i)^Certs/, age: ONE}]",
            Some("ONE"),
        ),
        (
            "the first of two",
            "creation_rules: [{path_regex: shop, age: ONE}, {age: TWO}]",
            Some("ONE"),
        ),
        (
            "the second of two",
            "creation_rules: [{path_regex: blog, age: ONE}, {age: TWO}]",
            Some("TWO"),
        ),
        (
            "one that we cannot follow, for other files",
            "creation_rules: [{path_regex: blog, pgp: ABC}, {age: TWO}]",
            Some("TWO"),
        ),
    ];
    for (case, rules, want) in cases {
        let want = Ok(want.map(str::to_owned));
        assert_eq!(said(rules, SopsKind::Secret), want, "{case}");
    }
}

#[test]
fn where_rules_for_a_file_are() {
    let cases = [
        ("tls.yaml", vec![(".sops.yaml", "tls.yaml")]),
        (
            "certs/shop/tls.yaml",
            vec![
                ("certs/shop/.sops.yaml", "tls.yaml"),
                ("certs/.sops.yaml", "shop/tls.yaml"),
                (".sops.yaml", "certs/shop/tls.yaml"),
            ],
        ),
        (
            "fleet:certs/tls.yaml",
            vec![("fleet:certs/.sops.yaml", "tls.yaml"), ("fleet:.sops.yaml", "certs/tls.yaml")],
        ),
    ];
    for (file, want) in cases {
        let file = RepoPath::read_back(file).unwrap();
        let want = want.iter().map(|(rules, path)| (RepoPath::read_back(rules).unwrap(), *path));
        assert!(CreationRules::places(&file).eq(want), "{file:?}");
    }
}

#[test]
fn whom_a_rule_names() {
    let cases = [
        ("commas", "{age: 'ONE,TWO'}", "TWO,ONE"),
        ("blanks and a comma too many", "{age: ' ONE , TWO, '}", "TWO,ONE"),
        ("a list", "{age: [ONE, TWO]}", "TWO,ONE"),
        ("one key group", "{key_groups: [{age: [ONE, TWO]}]}", "TWO,ONE"),
        ("beside a key group", "{pgp: ABC, key_groups: [{age: [ONE]}]}", "ONE"),
        ("merged groups", "{key_groups: [{merge: [{age: [ONE]}, {age: [TWO]}]}]}", "TWO,ONE"),
        ("others, but empty", "{age: ONE, pgp: '', kms: [], hckms: null}", "ONE"),
        ("a threshold of one", "{age: ONE, shamir_threshold: 1}", "ONE"),
        ("fields that sops does not know", "{age: ONE, colour: red}", "ONE"),
    ];
    for (case, rule, want) in cases {
        let rules = format!("creation_rules: [{rule}]");
        assert_eq!(said(&rules, SopsKind::Secret), Ok(Some(want.to_owned())), "{case}");
    }
}

/// As the documentation of SOPS and of Flux writes it.
#[test]
fn recipients_on_lines_of_their_own() {
    let rules = "creation_rules:\n  - path_regex: .*.yaml\n    age: >-\n      ONE,\n      TWO\n";
    assert_eq!(said(rules, SopsKind::Secret), Ok(Some("TWO,ONE".to_owned())));
}

/// Other words for the same are followed, as each file says itself what is encrypted in it.
#[test]
fn what_a_rule_has_encrypted() {
    use SopsKind::{Secret, SopsSecret};
    let other = |field| Some(format!("tells by {field} what is encrypted"));
    let cases = [
        (Secret, "encrypted_regex: ^(data|stringData)$", None),
        (Secret, "encrypted_regex: ^(stringData|data)$", None),
        (Secret, "encrypted_regex: ^data$", None),
        (Secret, "encrypted_regex: ''", None),
        (Secret, "mac_only_encrypted: false", None),
        (Secret, "unencrypted_regex: ^(apiVersion|metadata|kind|type)$", None),
        (Secret, "encrypted_regex: (data|stringData)", other("encrypted_regex")),
        (Secret, "encrypted_regex: ^stringData$", other("encrypted_regex")),
        (Secret, "encrypted_regex: tls.key", other("encrypted_regex")),
        (Secret, "unencrypted_regex: ^metadata$", other("unencrypted_regex")),
        (Secret, "unencrypted_suffix: _plain", other("unencrypted_suffix")),
        (Secret, "encrypted_suffix: Templates", other("encrypted_suffix")),
        (Secret, "encrypted_comment_regex: secret", other("encrypted_comment_regex")),
        (SopsSecret, "encrypted_suffix: Templates", None),
        (SopsSecret, "encrypted_regex: ^secretTemplates$", None),
        (SopsSecret, "encrypted_regex: ^(data|stringData)$", other("encrypted_regex")),
        (Secret, "mac_only_encrypted: true", Some("has mac_only_encrypted".to_owned())),
        (
            Secret,
            "{encrypted_regex: a, encrypted_suffix: b}",
            Some("tells by encrypted_regex and by encrypted_suffix".to_owned()),
        ),
    ];
    for (kind, rule, want) in cases {
        let rule = rule.trim_start_matches('{').trim_end_matches('}');
        let said = said(&format!("creation_rules: [{{age: ONE, {rule}}}]"), kind);
        match (said, want) {
            (Ok(Some(_)), None) => {}
            (Err(error), Some(want)) => {
                assert!(error.to_string().contains(&want), "{rule}: {error}");
            }
            (said, want) => panic!("{rule}: {said:?} for {want:?}"),
        }
    }
}

#[test]
fn what_cannot_be_followed_says_what_to_do() {
    let with_identity = "age: AGE-SECRET-KEY-1RH87A5Z54ZGUR9S0AS3R6WHFSEFNPLYMAKF5Z2CEU7R06VRJ0A3";
    let cases = [
        ("pgp: ABC, age: ONE", "encrypts with pgp"),
        ("kms: 'arn:a', age: ONE", "encrypts with kms"),
        ("hc_vault_transit_uri: a, age: ONE", "encrypts with hc_vault_transit_uri"),
        ("key_groups: [{age: [ONE], azure_keyvault: [{key: a}]}]", "encrypts with azure_keyvault"),
        ("key_groups: [{merge: [{hc_vault: [a]}], age: [ONE]}]", "encrypts with hc_vault"),
        ("key_groups: [{age: [ONE]}, {age: [TWO]}]", "splits the key by key_groups"),
        ("shamir_threshold: 2, age: ONE", "splits the key by shamir_threshold"),
        ("path_regex: '('", "path_regex that is not understood"),
        ("path_regex: '\\Qa\\E', age: ONE", "path_regex that is not understood"),
        ("path_regex: [a], age: ONE", "path_regex in another form"),
        ("age: 5", "has age in another form"),
        ("age: [5]", "has age in another form"),
        ("path_regex: 'a{60000}', age: ONE", "path_regex that is not understood"),
        ("key_groups: {age: ONE}", "has key_groups in another form"),
        ("encrypted_regex: '(', age: ONE", "encrypted_regex that is not understood"),
        ("colour: red", "has an age list that names no age recipient"),
        ("age: age1pq1abc", "has an age list that \"age1pq1abc\" is a post-quantum recipient"),
        (with_identity, "has an age list that holds an age identity"),
    ];
    for (rule, want) in cases {
        let said = said(&format!("creation_rules: [{{{rule}}}]"), SopsKind::Secret);
        match said {
            Err(error) => {
                let error = error.to_string();
                assert!(error.starts_with("creation rule 1 ") && error.contains(want), "{error}");
                assert!(!error.contains("SECRET-KEY"), "{error}");
            }
            Ok(said) => panic!("{rule}: {said:?}"),
        }
    }
}

#[test]
fn what_is_no_list_of_rules() {
    let no_rules =
        ["creation_rules: {a: b}", "creation_rules: [a]", "creation_rules: a", "[]", "a"];
    for text in no_rules {
        let found = CreationRules::parse(text).map(drop);
        assert_eq!(found, Err(InvalidCreationRules::NoRules), "{text}");
    }
    let many = format!("creation_rules: [{}]", "{age: a}, ".repeat(1001));
    let found = CreationRules::parse(&many).map(drop);
    assert_eq!(found, Err(InvalidCreationRules::TooMany { found: 1001 }));
    for text in ["creation_rules: [", "a: b\na: c\n", "\t- a: [b"] {
        let found = CreationRules::parse(text).map(drop);
        assert!(matches!(found, Err(InvalidCreationRules::Syntax { .. })), "{text}: {found:?}");
    }
}
