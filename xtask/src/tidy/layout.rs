//! What lies where, from the list of files alone.

use std::collections::BTreeSet;

use super::breach::Breach;

/// The whole top level; other repositories build on these names.
const TOP_LEVEL: [&str; 24] = [
    ".cargo",
    ".ci",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "deny.toml",
    "deploy",
    "docs",
    "fuzz",
    "nws-acme",
    "nws-certd",
    "nws-challenge",
    "nws-expiry",
    "nws-gitops",
    "rustfmt.toml",
    "xtask",
];

/// Names under which unlike things gather.
const VAGUE: [&str; 7] = ["common", "helper", "helpers", "prelude", "types", "util", "utils"];

const TOP_LEVEL_REMEDY: &str =
    "the top level is fixed, put it into a crate, deploy/, docs/ or .ci/";
const VAGUE_REMEDY: &str = "name it after the one concept it holds";
const MOD_REMEDY: &str = "name the file after its module, beside the module's folder";

/// The breaches in the paths of all files of the repository, relative to its root.
pub(super) fn check(files: &[&str]) -> Vec<Breach> {
    let top: BTreeSet<&str> = files.iter().filter_map(|file| file.split('/').next()).collect();
    let strays = top.into_iter().filter(|entry| !TOP_LEVEL.contains(entry));
    let strays =
        strays.map(|entry| Breach::of_file(entry, "not part of the top level", TOP_LEVEL_REMEDY));
    strays.chain(files.iter().filter_map(|file| misnamed(file))).collect()
}

fn misnamed(file: &str) -> Option<Breach> {
    let path = file.strip_suffix(".rs")?;
    if path.split('/').next_back() == Some("mod") {
        return Some(Breach::of_file(file, "a file named mod.rs", MOD_REMEDY));
    }
    let vague = path.split('/').find(|part| VAGUE.contains(part))?;
    Some(Breach::of_file(file, format!("`{vague}` says nothing"), VAGUE_REMEDY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_their_places_and_names() {
        let cases = [
            ("a crate's source", "nws-acme/src/order.rs", None),
            ("a document", "README.md", None),
            ("tool configuration", ".cargo/config.toml", None),
            ("a document for operators", "docs/capacity.md", None),
            ("a new folder", "notes/guide.md", Some("not part of the top level")),
            ("a new file", "notes.txt", Some("not part of the top level")),
            ("a pinned tool chain", "rust-toolchain.toml", Some("not part of the top level")),
            ("the older module style", "nws-acme/src/order/mod.rs", Some("a file named mod.rs")),
            ("a vague file", "nws-acme/src/utils.rs", Some("`utils` says nothing")),
            ("a vague folder", "nws-acme/tests/common/ca.rs", Some("`common` says nothing")),
            ("a vague word in a longer name", "nws-acme/src/common_name.rs", None),
            ("a vague name outside Rust", "deploy/common/values.yaml", None),
        ];
        for (case, file, want) in cases {
            let breaches = check(&[file]);
            let faults: Vec<&str> = breaches.iter().map(|breach| breach.fault.as_str()).collect();
            assert_eq!(faults, want.into_iter().collect::<Vec<_>>(), "{case}");
        }
    }

    #[test]
    fn a_stray_folder_is_one_breach() {
        assert_eq!(check(&["notes/a.md", "notes/b.md"]).len(), 1);
    }
}
