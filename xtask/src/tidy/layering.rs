//! Who may import whom, from the manifests as cargo reads them.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::breach::Breach;

/// The arguments cargo needs to describe the workspace's own crates.
pub(super) const METADATA: [&str; 4] = ["metadata", "--format-version", "1", "--no-deps"];

/// Each crate, and the crates of this workspace it may depend on.
const CRATES: [(&str, &[&str]); 6] = [
    ("nws-expiry", &[]),
    ("nws-challenge", &[]),
    ("nws-acme", &["nws-challenge", "nws-expiry"]),
    ("nws-gitops", &["nws-expiry"]),
    ("nws-certd", &["nws-acme", "nws-challenge", "nws-expiry", "nws-gitops"]),
    ("xtask", &[]),
];

/// Libraries that belong to some crates only.
const RESERVED: [(&str, &[&str]); 10] = [
    ("anyhow", &["xtask"]),
    ("axum", &["nws-certd"]),
    ("clap", &["nws-certd", "xtask"]),
    ("figment", &["nws-certd"]),
    ("gix", &["nws-gitops"]),
    ("instant-acme", &["nws-acme"]),
    ("sqlx", &["nws-certd"]),
    ("tokio", &["nws-challenge", "nws-acme", "nws-gitops", "nws-certd", "xtask"]),
    ("tracing", &["nws-challenge", "nws-acme", "nws-gitops", "nws-certd", "xtask"]),
    ("tracing-subscriber", &["nws-certd"]),
];

/// A feature that turns a crate into its own test double.
const TESTING: &str = "testing";

const WORKSPACE_REMEDY: &str = "move the code to a crate that may import it, see ARCHITECTURE.md";
const RESERVED_REMEDY: &str = "call the crate that owns this library";
const UNKNOWN_REMEDY: &str = "give it a row in the layering table, or make it a module";
const TESTING_REMEDY: &str = "ask for it under [dev-dependencies] only";

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<Kind>,
    #[serde(default)]
    features: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Build,
    Dev,
}

/// The breaches in the output of `cargo metadata --no-deps`.
pub(super) fn check(metadata: &str) -> Result<Vec<Breach>> {
    let metadata: Metadata =
        serde_json::from_str(metadata).context("cannot read cargo's metadata")?;
    Ok(metadata.packages.iter().flat_map(check_package).collect())
}

fn check_package(package: &Package) -> Vec<Breach> {
    let name = package.name.as_str();
    let manifest = format!("{name}/Cargo.toml");
    let Some(may_import) = row(&CRATES, name) else {
        return vec![Breach::of_file(
            &manifest,
            format!("crate {name} is not in the layering table"),
            UNKNOWN_REMEDY,
        )];
    };
    let faults =
        package.dependencies.iter().filter_map(|dependency| fault(name, may_import, dependency));
    faults.map(|(fault, remedy)| Breach::of_file(&manifest, fault, remedy)).collect()
}

fn fault(
    name: &str,
    may_import: &[&str],
    dependency: &Dependency,
) -> Option<(String, &'static str)> {
    let wanted = dependency.name.as_str();
    if row(&CRATES, wanted).is_some() {
        let itself = name == wanted && dependency.kind == Some(Kind::Dev); // how a crate's tests get its own features
        if !itself && !may_import.contains(&wanted) {
            return Some((format!("{name} depends on {wanted}"), WORKSPACE_REMEDY));
        }
        let doubled = dependency.kind != Some(Kind::Dev)
            && dependency.features.iter().any(|it| it == TESTING);
        return doubled
            .then(|| (format!("{name} ships {wanted} with feature {TESTING}"), TESTING_REMEDY));
    }
    let owners = row(&RESERVED, family(wanted))?;
    let stray = !owners.contains(&name);
    stray.then(|| {
        (format!("{name} depends on {wanted}, which is for {}", owners.join(", ")), RESERVED_REMEDY)
    })
}

/// gix is published as some sixty crates.
fn family(dependency: &str) -> &str {
    if dependency.starts_with("gix-") { "gix" } else { dependency }
}

fn row(table: &[(&str, &'static [&'static str])], name: &str) -> Option<&'static [&'static str]> {
    table.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::breach::faults;
    use super::*;

    #[test]
    fn dependencies_follow_the_table() {
        let normal = |name: &str| json!({"name": name, "kind": null, "features": []});
        let kind = |name: &str, kind: &str| json!({"name": name, "kind": kind, "features": []});
        let testing =
            |kind: Value| json!({"name": "nws-acme", "kind": kind, "features": ["testing"]});
        let cases = [
            ("allowed below", "nws-acme", normal("nws-expiry"), None),
            ("the daemon composes all", "nws-certd", normal("nws-gitops"), None),
            ("sideways", "nws-gitops", normal("nws-acme"), Some("nws-gitops depends on nws-acme")),
            ("upwards", "nws-expiry", normal("nws-certd"), Some("nws-expiry depends on nws-certd")),
            ("from the tools", "xtask", normal("nws-certd"), Some("xtask depends on nws-certd")),
            (
                "upwards in tests",
                "nws-acme",
                kind("nws-gitops", "dev"),
                Some("nws-acme depends on nws-gitops"),
            ),
            (
                "upwards in build",
                "nws-acme",
                kind("nws-gitops", "build"),
                Some("nws-acme depends on nws-gitops"),
            ),
            (
                "a new crate",
                "nws-utils",
                normal("http"),
                Some("crate nws-utils is not in the layering table"),
            ),
            ("itself in its tests", "nws-acme", testing(json!("dev")), None),
            ("test double in tests", "nws-certd", testing(json!("dev")), None),
            (
                "test double shipped",
                "nws-certd",
                testing(json!(null)),
                Some("nws-certd ships nws-acme with feature testing"),
            ),
            ("own library", "nws-gitops", normal("gix"), None),
            (
                "foreign library",
                "nws-acme",
                normal("gix"),
                Some("nws-acme depends on gix, which is for nws-gitops"),
            ),
            (
                "part of a foreign library",
                "nws-acme",
                normal("gix-object"),
                Some("nws-acme depends on gix-object, which is for nws-gitops"),
            ),
            (
                "runtime in the core",
                "nws-expiry",
                kind("tokio", "dev"),
                Some(
                    "nws-expiry depends on tokio, which is for nws-challenge, nws-acme, nws-gitops, nws-certd, xtask",
                ),
            ),
            (
                "untyped errors",
                "nws-certd",
                normal("anyhow"),
                Some("nws-certd depends on anyhow, which is for xtask"),
            ),
            ("any other library", "nws-expiry", normal("time"), None),
        ];
        for (case, package, dependency, want) in cases {
            let metadata = json!({"packages": [{"name": package, "dependencies": [dependency]}]});
            let breaches = check(&metadata.to_string()).unwrap();
            let want: Vec<(usize, &str)> = want.into_iter().map(|fault| (0, fault)).collect();
            assert_eq!(faults(&breaches), want, "{case}");
        }
    }
}
