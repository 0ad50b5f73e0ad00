use nws_gitops::{Layout, RepoPath, Target};

use super::*;

const SEVERAL: &str = r#"
state_dir = "/srv/state"
[ca]
directory = "https://ca.example/directory"
terms_agreed = true
[[git]]
name = "apps"
url = "file:///srv/apps.git"
encryption = "none"
deliver_to = "certs"
[[git]]
name = "certs"
url = "file:///srv/certs.git"
encryption = "none"
wants = false
root = "tls"
layout = "tree"
[[git]]
name = "edge"
url = "file:///srv/edge.git"
branch = "live"
poll = "5m"
encryption = "none"
layout = "beside"
"#;

fn path(text: &str) -> RepoPath {
    RepoPath::read_back(text).unwrap()
}

/// Target, layout and root of what a file wants.
fn goes(config: &Config, file: &str) -> String {
    let (targets, file) = (&config.discover.targets, path(file));
    let target = targets.of(&file);
    let to = targets.destination_from(&target, file.repository());
    format!("{target} {:?} {}", to.layout, to.root)
}

#[test]
fn each_repository_says_where_what_it_wants_goes() {
    let config = read(SEVERAL).unwrap();
    let names: Vec<_> = config.git.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["apps", "certs", "edge"]);
    assert_eq!(config.git[2].poll, Duration::from_secs(300));
    assert_eq!(config.git[2].remote.branch.as_str(), "live");
    assert_eq!(goes(&config, "apps:shop/ingress.yaml"), "default Tree certs:tls");
    assert_eq!(goes(&config, "edge:shop/ingress.yaml"), "default Beside edge:certs");
    let covered = ["apps:a.yaml", "certs:a.yaml", "edge:a.yaml"];
    let covered = covered.map(|file| config.discover.covers(&path(file)));
    assert_eq!(covered, [true, false, true]);
}

#[test]
fn the_example_of_the_documentation_is_fine() {
    let page = include_str!("../../../../docs/repositories.md");
    let (_, example) = page.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let before = "[ca]\ndirectory = \"https://ca.example/d\"\nterms_agreed = true\n";
    let config = read(&format!("{before}{example}")).unwrap();
    for (file, want) in [
        ("apps:shop/a.yaml", "default FleetBundles certs:certs"),
        ("edge:shop/a.yaml", "default Kustomize edge:certs"),
        ("edge:clusters/lab/a.yaml", "lab Tree certs:certs/lab"),
    ] {
        assert_eq!(goes(&config, file), want, "{file}");
    }
}

#[test]
fn a_target_is_of_repositories_or_of_directories_in_them() {
    let targets = r#"
[[targets]]
name = "eu"
repositories = ["edge"]
deliver_to = "certs"
layout = "fleet-bundles"
cluster_group = "europe"
[[targets]]
name = "lab"
paths = ["clusters/lab"]
layout = "tree"
"#;
    let config = read(&format!("{SEVERAL}{targets}")).unwrap();
    for (file, want) in [
        ("edge:any/ingress.yaml", "eu FleetBundles certs:tls/eu"),
        ("apps:clusters/lab/a.yaml", "lab Tree certs:tls/lab"),
        ("edge:clusters/lab/a.yaml", "lab Tree edge:certs/lab"),
        ("apps:any/ingress.yaml", "default Tree certs:tls"),
    ] {
        assert_eq!(goes(&config, file), want, "{file}");
    }
}

#[test]
fn one_repository_may_have_a_name() {
    let config = read(&WHOLE.replace("[git]", "[[git]]\nname = \"gitops\"")).unwrap();
    assert_eq!(goes(&config, "gitops:a.yaml"), "default FleetBundles gitops:certs");
    let nameless = read(&WHOLE.replace("[git]", "[[git]]")).unwrap();
    assert_eq!(goes(&nameless, "a.yaml"), "default FleetBundles certs");
}

#[test]
fn repositories_that_cannot_be_say_what_to_write() {
    let change = |from: &str, to: &str| {
        assert!(SEVERAL.contains(from), "{from}");
        SEVERAL.replacen(from, to, 1)
    };
    let target = |rest: &str| format!("{SEVERAL}[[targets]]\nname = \"eu\"\n{rest}\n");
    let cases = [
        (
            change("name = \"apps\"\n", ""),
            expect![[
                r#"config.toml: git.1.name: is missing; write a name for it, for instance "apps""#
            ]],
        ),
        (
            change("\"apps\"", "\"Apps\""),
            expect![[
                r#"config.toml: git.1.name: "Apps" is no name of a repository; one has up to 63 of a-z, 0-9 and inner '-'"#
            ]],
        ),
        (
            change("name = \"edge\"", "name = \"certs\""),
            expect![
                "config.toml: git.3.name: is that of another repository too: certs; give each its own"
            ],
        ),
        (
            change("edge.git\"\nbranch = \"live\"", "apps.git\""),
            expect![
                "config.toml: git.3.url: is that of git.1 too, with the same branch; name each branch once"
            ],
        ),
        (
            change("\"certs\"\n", "\"cert\"\n"),
            expect![[
                r#"config.toml: git.1.deliver_to: "cert" is the name of no [[git]]; write one of "apps", "certs", "edge""#
            ]],
        ),
        (
            change("wants = false", "wants = false\ndeliver_to = \"apps\""),
            expect![
                "config.toml: git.2.deliver_to: is for what is wanted there, which is nothing; remove it, or wants"
            ],
        ),
        (
            change("layout = \"tree\"", "layout = \"kustomize\""),
            expect![
                "config.toml: git.1: has what apps wants delivered to certs in a layout that puts it beside its manifest, which is not there; set the layout fleet-bundles or tree for certs, or remove deliver_to"
            ],
        ),
        (
            WHOLE.replace("[git]", "[git]\nwants = false"),
            expect![
                "config.toml: git: wants nothing anywhere; set wants = true, or remove it, in one"
            ],
        ),
        (
            WHOLE.replace("[git]", "[git]\ndeliver_to = \"certs\""),
            expect![[
                r#"config.toml: git.deliver_to: "certs" is the name of no [[git]]; there is one repository, so remove it"#
            ]],
        ),
        (
            target("repositories = [\"us\"]\ndeliver_to = \"eu\""),
            expect![[r#"
            config.toml: targets.1.repositories: "us" is the name of no [[git]]; write one of "apps", "certs", "edge"
            config.toml: targets.1.deliver_to: "eu" is the name of no [[git]]; write one of "apps", "certs", "edge""#]],
        ),
        (
            target("repositories = [\"certs\"]"),
            expect![
                "config.toml: targets.1: is for repositories in which nothing is wanted; set wants there"
            ],
        ),
        (
            target("repositories = [\"apps\"]\nlayout = \"fleet-nested\""),
            expect![
                "config.toml: targets.1: has what apps wants delivered to certs in a layout that puts it beside its manifest, which is not there; set the layout fleet-bundles or tree for certs, or remove deliver_to"
            ],
        ),
        (
            target("paths = [\"eu\"]\nroot = \"tls\"\nlayout = \"tree\""),
            expect![
                "config.toml: targets.1: the secrets of target eu would stand in certs:tls, as do those of target default; give one of them another root"
            ],
        ),
    ];
    for (text, want) in cases {
        check_faults(&text, want);
    }
}

#[test]
fn every_fault_of_every_repository_is_told() {
    check_faults(
        "[ca]\ndirectory = \"https://ca.example/d\"\nterms_agreed = true\n[[git]]\n[[git]]\nname = \"b\"\nlayout = \"flat\"\nbranches = \"main\"\n",
        expect![[r#"
            config.toml: git.1.name: is missing; write a name for it, for instance "apps"
            config.toml: git.1.url: is missing; write the repository, for instance "git@git.example:platform/gitops.git"
            config.toml: git.1.encryption: is missing; write "sealed-secrets" or "sops-age", with [[git.recipients]]; or "none" if the repository may hold private keys in clear
            config.toml: git.2.url: is missing; write the repository, for instance "git@git.example:platform/gitops.git"
            config.toml: git.2.encryption: is missing; write "sealed-secrets" or "sops-age", with [[git.recipients]]; or "none" if the repository may hold private keys in clear
            config.toml: git.2.layout: "flat" is no layout; write "fleet-bundles", "fleet-nested", "beside", "kustomize" or "tree"
            config.toml: git.2.branches: is not a setting of nws-certd; look for a misspelling, or remove it"#]],
    );
}

#[test]
fn the_default_target_is_all_that_is_left() {
    let config = read(SEVERAL).unwrap();
    assert_eq!(config.discover.targets.of(&path("edge:a.yaml")), Target::default());
    let usual = config.discover.targets.destination(&Target::default());
    assert_eq!((usual.layout, usual.root.to_string()), (Layout::Tree, "certs:tls".into()));
}
