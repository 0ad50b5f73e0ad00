use nws_gitops::{Scope, SopsKind};

use super::*;

const AGE: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// The whole with another encryption, and what goes with it.
fn with(encryption: &str, rest: &str) -> String {
    WHOLE.replace("\"none\"", &format!("\"{encryption}\"")) + rest
}

/// The names of the groups that `[git]` has.
fn names(config: &Config) -> Vec<&str> {
    config.git[0].seal.recipients.iter().map(|group| group.name.as_str()).collect()
}

#[test]
fn one_group_of_recipients_needs_no_name() {
    let sealed = with(
        "sealed-secrets",
        "[git.sealed_secrets]\nscope = \"namespace-wide\"\n[[git.recipients]]\ncertificate_file = \"/etc/eu.pem\"\n",
    );
    let seal = &read(&sealed).unwrap().git[0].seal;
    assert_eq!(seal.encryption, Encryption::SealedSecrets(Scope::NamespaceWide));
    assert!(seal.recipients[0].name.is_only());
    assert!(
        matches!(&seal.recipients[0].source, RecipientSource::CertificateFile(file) if file.ends_with("eu.pem"))
    );

    let as_a_table = sealed.replace("[[git.recipients]]", "[git.recipients]");
    assert_eq!(read(&as_a_table).unwrap().git[0].seal.recipients.len(), 1);

    let sops = with("sops-age", &format!("[[git.recipients]]\nage = [\"{AGE}\"]\n"));
    let seal = &read(&sops).unwrap().git[0].seal;
    assert_eq!(seal.encryption, Encryption::Sops(SopsKind::Secret));
    assert!(matches!(&seal.recipients[0].source, RecipientSource::Age(Some(_))));

    let of_repository = read(&with("sops-secret", "")).unwrap();
    let seal = &of_repository.git[0].seal;
    assert_eq!(seal.encryption, Encryption::Sops(SopsKind::SopsSecret));
    assert!(
        matches!(&seal.recipients[..], [one] if matches!(one.source, RecipientSource::Age(None)))
    );
}

#[test]
fn several_groups_have_directories_of_their_own() {
    let two = with(
        "sealed-secrets",
        r#"
[[git.recipients]]
name = "eu"
certificate = "clusters/eu/sealed-secrets.pem"
cluster_group = "eu"
[[git.recipients]]
name = "us"
controller = "http://sealed-secrets.us.example:8080"
cluster_selector = { region = "us" }
[[targets]]
name = "lab"
paths = ["clusters/lab"]
recipients = ["us"]
"#,
    );
    let config = read(&two).unwrap();
    assert_eq!(names(&config), ["eu", "us"]);
    let groups = |target: &str| {
        let groups = &config.discover.targets.destination(&target.parse().unwrap()).groups;
        groups.iter().map(|group| group.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(
        (groups("default"), groups("lab")),
        (vec!["eu".into(), "us".into()], vec!["us".into()])
    );
}

#[test]
fn recipients_that_cannot_be_say_what_to_write() {
    let cases = [
        (
            with("sealed-secrets", ""),
            expect!["config.toml: git.recipients: is missing; write [[git.recipients]] with certificate_file, certificate or controller for each group of clusters that share a sealing key"],
        ),
        (
            with("none", &format!("[[git.recipients]]\nage = [\"{AGE}\"]\n")),
            expect![[r#"config.toml: git.recipients: is for what is sealed, which encryption = "none" is not; remove one of the two"#]],
        ),
        (
            with("sops-age", &format!("unseal = true\n[[git.recipients]]\nage = [\"{AGE}\"]\n")),
            expect![[r#"config.toml: git.unseal: is for encryption = "none" only; remove it"#]],
        ),
        (
            with("rot13", ""),
            expect![[r#"config.toml: git.encryption: "rot13" is none of "sealed-secrets", "sops-age", "sops-secret", "none"; write one of them"#]],
        ),
        (
            with("sops-age", "[git.sealed_secrets]\nscope = \"strict\"\n[[git.recipients]]\nage = [\"age1\"]\n"),
            expect![[r#"
                config.toml: git.sealed_secrets.scope: is for encryption = "sealed-secrets" only; remove it"#]],
        ),
        (
            with("sops-age", "[[git.recipients]]\nage = [\"age1\"]\n"),
            expect![[r#"config.toml: git.recipients.1.age: "age1" is damaged; copy the recipient anew, as age-keygen -y prints it"#]],
        ),
        (
            with("sops-age", "[[git.recipients]]\ncertificate_file = \"/etc/eu.pem\"\n"),
            expect![[r#"config.toml: git.recipients.1: has a sealing certificate, and SOPS needs age = ["age1..."]; write that"#]],
        ),
        (
            with("sealed-secrets", "[[git.recipients]]\ncertificate_file = \"/a\"\ncertificate = \"b\"\n"),
            expect!["config.toml: git.recipients.1: needs one of certificate_file, certificate and controller, and no age"],
        ),
        (
            with("sealed-secrets", "[[git.recipients]]\ncontroller = \"sealed-secrets.example\"\n"),
            expect![[r#"config.toml: git.recipients.1.controller: is no address of a controller; write scheme, host and port alone, for instance "http://sealed-secrets.example:8080""#]],
        ),
        (
            with("sealed-secrets", &"[[git.recipients]]\nname = \"eu\"\ncertificate_file = \"/a\"\ncluster_group = \"eu\"\n".repeat(2)),
            expect![[r#"config.toml: git.recipients.2.name: "eu" is that of others too; give each its own"#]],
        ),
        (
            with("sealed-secrets", &"[[git.recipients]]\ncertificate_file = \"/a\"\n".repeat(2)),
            expect![[r#"
                config.toml: git.recipients.1.name: is missing; write a name for it, for instance "eu"
                config.toml: git.recipients.2.name: is missing; write a name for it, for instance "eu""#]],
        ),
    ];
    for (text, want) in cases {
        check_faults(&text, want);
    }
}

#[test]
fn several_groups_that_could_not_find_their_files() {
    let group = |name: &str, rest: &str| {
        format!(
            "[[git.recipients]]\nname = \"{name}\"\ncertificate_file = \"/{name}.pem\"\n{rest}\n"
        )
    };
    let two = |layout: &str, rest: &str| {
        with(
            "sealed-secrets",
            &format!("layout = \"{layout}\"\n{}{}", group("eu", rest), group("us", rest)),
        )
    };
    check_faults(
        &two("beside", ""),
        expect![
            "config.toml: git: has several recipients, whose files cannot all stand beside one manifest; set the layout fleet-bundles or tree, or one recipient for it"
        ],
    );
    check_faults(
        &two("fleet-bundles", ""),
        expect![
            "config.toml: git: has several recipients, each with bundles of its own, and Fleet has to be told which clusters each is for; set cluster_group or cluster_selector in each [[git.recipients]]"
        ],
    );
    read(&two("tree", "")).unwrap();
    read(&two("fleet-bundles", "cluster_group = \"eu\"")).unwrap();
    let target = "[[targets]]\nname = \"lab\"\npaths = [\"lab\"]\nrecipients = [\"asia\"]\n";
    check_faults(
        &(two("tree", "") + target),
        expect![[
            r#"config.toml: targets.1.recipients: "asia" is the name of no recipients of the repository it is delivered to; write that of [[git.recipients]] there"#
        ]],
    );
}
