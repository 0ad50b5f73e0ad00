//! Manifests in the styles that people write them in, each with what is made of it beside it.
//!
//! A case is a file, or a folder that is taken for a whole repository. Where its name begins with `mapped-`, the operator has CAs for
//! the issuers `letsencrypt-prod` and `letsencrypt-staging`; with `opted-in-`, objects have to opt in too. `UPDATE_EXPECT=1 cargo test -p nws-gitops corpus` writes
//! what is expected anew; read the difference before committing it.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use nws_expiry::KeyEncoding;

use super::*;
use crate::Opting;

#[test]
fn every_manifest_of_the_corpus_is_read_as_it_should_be() {
    let cases = cases();
    assert!(cases.len() >= 140, "{} cases are left", cases.len());
    let fails = |case: &&PathBuf| {
        let (found, expected) = (found(case), case.with_extension("expect"));
        catch_unwind(|| expect_file![expected].assert_eq(&found)).is_err()
    };
    let failed: Vec<_> = cases.iter().filter(fails).filter_map(|case| case.file_name()).collect();
    assert!(failed.is_empty(), "of {} cases these differ: {failed:?}", cases.len());
}

#[test]
fn nothing_is_expected_of_what_is_not_there() {
    let is_case =
        |expected: &PathBuf| cases().iter().any(|case| case.with_extension("expect") == *expected);
    let orphans: Vec<_> = entries(&folder())
        .into_iter()
        .filter(|path| is_expectation(path))
        .filter(|one| !is_case(one))
        .collect();
    assert_eq!(orphans, [""; 0].map(PathBuf::from));
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

fn cases() -> Vec<PathBuf> {
    entries(&folder()).into_iter().filter(|path| !is_expectation(path)).collect()
}

fn is_expectation(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "expect")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

/// The files of a case, by their paths in the repository.
fn files(case: &Path) -> Vec<(String, Vec<u8>)> {
    let root = if case.is_dir() { case } else { case.parent().unwrap() };
    let (mut files, mut to_do) = (Vec::new(), vec![case.to_owned()]);
    while let Some(path) = to_do.pop() {
        if path.is_dir() {
            to_do.extend(entries(&path));
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.push((name, fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

/// What the operator has configured.
fn discover(case: &Path) -> Discover {
    let name = case.file_name().unwrap().to_str().unwrap();
    let cas = ["letsencrypt", "letsencrypt-staging"].map(|ca| ca.parse().unwrap());
    let issuer = |(issuer, ca): (&str, &str)| (issuer.parse().unwrap(), ca.parse().unwrap());
    let issuers = [
        ("ClusterIssuer/letsencrypt-prod", "letsencrypt"),
        ("ClusterIssuer/letsencrypt-staging", "letsencrypt-staging"),
    ];
    let is_opted_in = name.starts_with("opted-in-");
    let is_mapped = is_opted_in || name.starts_with("mapped-");
    Discover {
        cas: cas.into_iter().collect(),
        issuers: issuers.into_iter().filter(|_| is_mapped).map(issuer).collect(),
        mode: if is_opted_in { Opting::OptedIn } else { Opting::All },
        ..Discover::default()
    }
}

/// What is made of it, one thing a line.
fn found(case: &Path) -> String {
    let files = files(case);
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
    let inventory = inventory_of_bytes(files, &discover(case));
    let wanted = inventory.wanted.iter().map(|wanted| {
        let sources: String =
            wanted.sources.iter().map(|source| format!("  by {source}\n")).collect();
        format!("want {}: {}\n{sources}{}", wanted.key, wanted.names, options(wanted))
    });
    let held = inventory.delivered.iter().map(|held| {
        let whose = if held.ours { "ours" } else { "somebody's" };
        let sealed = held.sealed.as_ref().map_or("", |_| ", sealed");
        format!("held {}, {whose}{sealed}, in {}\n", held.secret, held.path)
    });
    let faults = inventory.faults.iter().map(|fault| format!("fault {fault}\n"));
    let found: String = wanted.chain(held).chain(faults).collect();
    if found.is_empty() { "nothing\n".to_owned() } else { found }
}

fn options(wanted: &Wanted) -> String {
    let CertificateOptions { key_type, profile } = &wanted.options;
    let key_type = key_type.iter().map(|key_type| format!("  with a key of {key_type}\n"));
    let profile = profile.iter().map(|profile| format!("  of profile {profile}\n"));
    let before = wanted
        .overrides
        .renew_before
        .iter()
        .map(|before| format!("  renewed {before} before its end\n"));
    let cas = wanted.overrides.cas.iter().map(|ca| format!("  from {ca}\n"));
    key_type.chain(profile).chain(before).chain(cas).chain(form(wanted)).collect()
}

fn form(wanted: &Wanted) -> Vec<String> {
    let SecretForm { template, key_encoding } = &wanted.form;
    let labels =
        template.labels().map(|(name, value)| format!("  with the label {name}: {value}\n"));
    let annotations = template.annotations();
    let annotations =
        annotations.map(|(name, value)| format!("  with the annotation {name}: {value}\n"));
    let is_unusual = *key_encoding != KeyEncoding::default();
    let encoding = is_unusual.then(|| format!("  with its key as {key_encoding}\n"));
    labels.chain(annotations).chain(encoding).collect()
}
