use clap::Parser as _;
use expect_test::expect;
use time::macros::datetime;

use super::*;
use crate::args::{Args, Command};
use crate::failure::{Causes, Failure};
use crate::report::Colour;

mod repository;

use repository::{Repository, config, several};

const NOW: OffsetDateTime = datetime!(2026-05-01 12:00 UTC);

/// What the command line asks for, in `dir`.
fn asked(dir: &Path, line: &str) -> Lint {
    let dir = dir.display().to_string();
    let words = ["nws-certd", "lint", &dir].into_iter().chain(line.split_whitespace());
    match Args::try_parse_from(words).map(|args| args.command) {
        Ok(Command::Lint(lint)) => *lint,
        other => panic!("{other:?}"),
    }
}

fn report(dir: &Path, line: &str, config: Option<&Config>) -> Result<LintReport, LintError> {
    look(&asked(dir, line), config, repository::search_path(), NOW)
}

fn text(dir: &Path, line: &str) -> String {
    let report = report(dir, line, None).unwrap();
    lint_text(&report, asked(dir, line).wanted, Colour::Plain)
}

#[test]
fn a_repository_in_order_is_one_line() {
    let repository = Repository::in_order();
    assert_eq!(
        text(repository.top(), "--fleet-path apps/* --fleet-path certs/*"),
        "nothing to see to: 1 secret wanted by 1 Ingress, 1 of them there; 4 files on disk\n"
    );
    assert_eq!(
        text(Repository::new().top(), ""),
        "nothing to see to: 0 secrets wanted, 0 of them there; 0 files on disk\n"
    );
}

#[test]
fn findings_are_a_table_with_the_worst_first() {
    expect![[r#"
        SEVERITY  KIND             PLACE                                                     WHAT
        error     fault            apps/blog/ingress.yaml, document 1, spec.tls[0].hosts[0]  host name "not_a_host" has the character '_'; a label is made of a-z, 0-9 and '-'
        error     bundle-size      data                                                      the bundle takes more than 1.50 MiB, which is all that etcd stores of one; split it, or have Fleet keep bundles in an OCI registry
        error     clear-key        legacy.yaml, document 1, data["tls.key"]                  secret shop/legacy holds a private key in clear; seal it, and replace the key too, as the history keeps this one
        warning   several-bundles  apps/shop/tls                                             a renewal of shop/shop-tls deploys apps/shop anew too; add the line "tls" to apps/shop/.fleetignore
        warning   not-deployed     apps/wiki                                                 a renewal of wiki/wiki-tls reaches no cluster, as Fleet deploys a chart's templates and what a kustomization lists, and nothing beside; list it there, or give it a bundle of its own (git.layout)
        warning   unattended       legacy.yaml, document 1                                   the certificate in secret shop/legacy ends at 2026-05-30 00:00:00Z and should be renewed by now; renew it, or have a manifest want it and take it over with: nws-certd import repo shop/legacy
        warning   held-twice       legacy2.yaml, document 1                                  holds secret shop/legacy, as does legacy.yaml; remove one of them, or tell the clusters apart with [[targets]]
        warning   unattended       legacy2.yaml, document 1                                  the certificate in secret shop/legacy ends at 2026-05-30 00:00:00Z and should be renewed by now; renew it, or have a manifest want it and take it over with: nws-certd import repo shop/legacy
        3 errors, 5 warnings: 2 secrets wanted by 2 Ingress, 2 of them there; 13 files on disk
    "#]].assert_eq(&text(Repository::in_disorder().top(), ""));
}

#[test]
fn what_is_wanted_is_shown_on_demand() {
    expect![[r#"
        SECRET         HOSTS         FILE                      BUNDLES     WANTED BY
        shop/shop-tls  shop.example  certs/shop/shop-tls.yaml  certs/shop  apps/shop/ingress.yaml (Ingress shop/web)
        nothing to see to: 1 secret wanted by 1 Ingress, 1 of them there; 4 files on disk
    "#]].assert_eq(&text(Repository::in_order().top(), "--wanted"));
}

#[test]
fn programs_get_all_of_it() {
    let repository = Repository::in_disorder();
    let report = report(repository.top(), "", None).unwrap();
    let json = serde_json::to_string_pretty(&report).unwrap();
    expect![[r#"
        {
          "repository": ".",
          "commit": null,
          "at": "2026-05-01T12:00:00Z",
          "files": 13,
          "errors": 3,
          "warnings": 5,
          "findings": [
            {
              "severity": "error",
              "kind": "fault",
              "path": "apps/blog/ingress.yaml",
              "document": 1,
              "field": "spec.tls[0].hosts[0]",
              "text": "host name \"not_a_host\" has the character '_'; a label is made of a-z, 0-9 and '-'"
            },
            {
              "severity": "error",
              "kind": "bundle-size",
              "path": "data",
              "document": null,
              "field": null,
              "text": "the bundle takes more than 1.50 MiB, which is all that etcd stores of one; split it, or have Fleet keep bundles in an OCI registry"
            },
            {
              "severity": "error",
              "kind": "clear-key",
              "path": "legacy.yaml",
              "document": 1,
              "field": "data[\"tls.key\"]",
              "text": "secret shop/legacy holds a private key in clear; seal it, and replace the key too, as the history keeps this one"
            },
            {
              "severity": "warning",
              "kind": "several-bundles",
              "path": "apps/shop/tls",
              "document": null,
              "field": null,
              "text": "a renewal of shop/shop-tls deploys apps/shop anew too; add the line \"tls\" to apps/shop/.fleetignore"
            },
            {
              "severity": "warning",
              "kind": "not-deployed",
              "path": "apps/wiki",
              "document": null,
              "field": null,
              "text": "a renewal of wiki/wiki-tls reaches no cluster, as Fleet deploys a chart's templates and what a kustomization lists, and nothing beside; list it there, or give it a bundle of its own (git.layout)"
            },
            {
              "severity": "warning",
              "kind": "unattended",
              "path": "legacy.yaml",
              "document": 1,
              "field": null,
              "text": "the certificate in secret shop/legacy ends at 2026-05-30 00:00:00Z and should be renewed by now; renew it, or have a manifest want it and take it over with: nws-certd import repo shop/legacy"
            },
            {
              "severity": "warning",
              "kind": "held-twice",
              "path": "legacy2.yaml",
              "document": 1,
              "field": null,
              "text": "holds secret shop/legacy, as does legacy.yaml; remove one of them, or tell the clusters apart with [[targets]]"
            },
            {
              "severity": "warning",
              "kind": "unattended",
              "path": "legacy2.yaml",
              "document": 1,
              "field": null,
              "text": "the certificate in secret shop/legacy ends at 2026-05-30 00:00:00Z and should be renewed by now; renew it, or have a manifest want it and take it over with: nws-certd import repo shop/legacy"
            }
          ],
          "wanted": [
            {
              "target": "default",
              "namespace": "shop",
              "secret": "shop-tls",
              "names": [
                "shop.example"
              ],
              "wanted_by": [
                {
                  "path": "apps/shop/ingress.yaml",
                  "document": 1,
                  "kind": "Ingress",
                  "namespace": "shop",
                  "name": "web",
                  "field": "spec.tls[0]"
                }
              ],
              "path": "apps/shop/tls/shop-tls.yaml",
              "delivered": true,
              "bundles": [
                "apps/shop/tls",
                "apps/shop"
              ],
              "deployed_by": [
                "apps/shop/tls"
              ]
            },
            {
              "target": "default",
              "namespace": "wiki",
              "secret": "wiki-tls",
              "names": [
                "wiki.example"
              ],
              "wanted_by": [
                {
                  "path": "apps/wiki/ingress.yaml",
                  "document": 1,
                  "kind": "Ingress",
                  "namespace": "wiki",
                  "name": "web",
                  "field": "spec.tls[0]"
                }
              ],
              "path": "apps/wiki/wiki-tls.yaml",
              "delivered": true,
              "bundles": [
                "apps/wiki"
              ],
              "deployed_by": []
            }
          ]
        }"#]].assert_eq(&json.replace(&report.repository, "."));
}

#[test]
fn a_revision_is_looked_at_instead_of_the_disk() {
    let repository = Repository::in_disorder();
    let begun = report(repository.top(), "--rev main", None).unwrap();
    assert_eq!((begun.files, begun.errors, begun.warnings), (0, 0, 0), "its first commit is empty");
    assert!(begun.commit.is_some());
    let error = report(repository.top(), "--rev gone", None).unwrap_err();
    assert!(error.to_string().contains("no branch, tag or commit \"gone\""), "{error}");
    assert!(error.is_of_usage());
}

#[test]
fn a_url_is_cloned_and_gone_again() {
    let repository = Repository::in_order();
    repository.git(&["commit", "--quiet", "--message=all"]);
    let url = format!("file://{}", repository.top().display());
    let by_url = report(Path::new(&url), "", None).unwrap();
    assert_eq!((by_url.repository.as_str(), by_url.files, by_url.findings.len()), (&*url, 4, 0));
    let error = report(Path::new(&url), "--rev gone", None).unwrap_err();
    assert_eq!(error.to_string(), format!("{url} has no branch gone; name one with --rev"));
}

#[test]
fn what_is_no_repository_is_told_what_would_be_one() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent");
    let (absent, none) = (absent.display().to_string(), dir.path().display().to_string());
    let cases = [
        (&*absent, format!("there is no directory {absent}, nor is that the URL of a repository; write ssh://, https:// or file:// before one")),
        (&*none, format!("there is no git repository at {none} or above it; name one, or its URL")),
        ("https://token@git.example/a.git", "the repository's URL carries credentials; remove them from it and configure them apart".into()),
        ("git@git.example:a.git", "a repository is reached over ssh with the key of [git.ssh] only; name a configuration that has it with --config, or clone the repository and lint that".into()),
    ];
    for (place, want) in cases {
        let error = report(Path::new(place), "", None).unwrap_err();
        assert_eq!(error.to_string(), want);
        assert_eq!(Failure::Lint(error).code(), 64, "{place}");
    }
    let error = report(Path::new("file:///absent/a.git"), "", None).unwrap_err();
    assert!(Causes(&error).to_string().starts_with("cannot fetch from file:///absent/a.git"));
    assert_eq!(Failure::Lint(error).code(), 1, "it may be there another time");
}

/// Where names are allowed, what is looked for and how it is laid out: as the daemon has it.
#[test]
fn a_configuration_decides_as_it_does_for_the_daemon() {
    let repository = Repository::in_disorder();
    let settings =
        config("[discover]\nexclude = [\"apps/blog\"]\n[names]\nallow = [\"*.other\"]\n");
    let report = report(repository.top(), "", Some(&settings)).unwrap();
    let of = |kind: &str| {
        let some = report.findings.iter().filter(|one| one.kind == kind);
        some.map(|one| format!("{} {}", one.severity, one.location)).collect::<Vec<_>>()
    };
    assert_eq!(
        of("clear-key"),
        ["warning legacy.yaml, document 1, data[\"tls.key\"]"],
        "agreed to"
    );
    assert_eq!(of("keys-in-clear"), ["warning ."], "and said, once for all of ours");
    let faults = of("fault");
    assert!(faults.iter().all(|fault| !fault.contains("apps/blog")), "{faults:?}");
    assert!(faults.iter().any(|fault| fault.contains("apps/shop/ingress.yaml")), "{faults:?}");
}

#[test]
fn only_the_usual_configuration_may_be_absent() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        configuration(&dir.path().join("config.toml")),
        Err(ConfigError::Unreadable { .. })
    ));
}

/// Whose files they are decides which targets they are for.
#[test]
fn of_several_repositories_one_is_named() {
    let repository = Repository::in_order();
    let settings = several(&format!("file://{}", repository.top().display()));
    let error = report(repository.top(), "", Some(&settings)).unwrap_err();
    let told =
        "the configuration has the repositories apps, certs; say with --as which of them this is";
    assert_eq!(error.to_string(), told);
    assert_eq!(Failure::Lint(error).code(), 64);
    let error = report(repository.top(), "--as other", Some(&settings)).unwrap_err();
    assert_eq!(error.to_string(), told);

    let named = report(repository.top(), "--as apps", Some(&settings)).unwrap();
    let wanted_by: Vec<_> = named.wanted.iter().flat_map(|one| &one.wanted_by).collect();
    assert_eq!(wanted_by[0].path, "apps:apps/shop/ingress.yaml");

    repository.git(&["commit", "--quiet", "--message=all"]);
    let url = format!("file://{}", repository.top().display());
    let by_url = report(Path::new(&url), "", Some(&settings)).unwrap();
    assert_eq!(by_url.wanted[0].wanted_by[0].path, "apps:apps/shop/ingress.yaml");
}
