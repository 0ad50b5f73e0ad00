//! What holds of whatever somebody commits: the bodies of the fuzz targets, which the tests of this crate run too.
//!
//! Each takes any bytes, and panics if something does not hold.

use std::convert::Infallible;

use crate::inventory::{Entry, File};
use crate::reader::fuzzing::{agree_on, hosts_of_rule};
use crate::reader::{Format, parse};
use crate::{
    Delivered, Discover, Fault, Inventory, ObjectId, RepoPath, RepositoryName, Tip, Wanted,
};

/// The directories of a repository, and the file in each that the bytes stand in: one of each kind that is read.
const DIRECTORIES: [(&str, &str); 6] = [
    ("a", "fuzzed.yaml"),
    ("b", "fuzzed.json"),
    ("c", "fleet.yaml"),
    ("d", "kustomization.yaml"),
    ("e", ".fleetignore"),
    ("f", "templates/fuzzed.yaml"),
];

/// Reads any bytes as files of a repository.
///
/// # Panics
///
/// If something else in the repository is lost without a word, if the inventory tells how one came to it, or if the reader
/// without a parser says something else than the parser.
pub fn manifests(bytes: &[u8]) {
    agree_on(bytes);
    let (neighbours, fuzzed) = (neighbours(), fuzzed(bytes));
    let mut grown = inventory(&neighbours);
    put(&mut grown, &fuzzed);
    let cold = inventory(&[&neighbours[..], &fuzzed].concat());
    assert_eq!(seen(&grown), seen(&cold), "the inventory tells how one came to it");
    let lost = neighbours.iter().find(|(path, _)| !is_told_of(&cold, path));
    assert!(lost.is_none(), "{lost:?} is lost: {:#?}", seen(&cold));
    remove(&mut grown, &fuzzed);
    assert_eq!(seen(&grown), seen(&inventory(&neighbours)), "something is left of what is gone");
}

/// Reads any text as a rule of Traefik's.
///
/// # Panics
///
/// If there are more hosts than text, if parentheses around it change anything, or if a negation leaves a host.
pub fn rule(bytes: &[u8]) {
    let Ok(rule) = str::from_utf8(bytes) else { return };
    match hosts_of_rule(rule) {
        Ok(hosts) => {
            let size: usize = hosts.iter().map(String::len).sum();
            assert!(size <= rule.len(), "{size} bytes of hosts in {} of text", rule.len());
            // One parenthesis more may be one too many.
            let within = hosts_of_rule(&format!("({rule})"));
            assert!(within.is_err() || within == Ok(hosts), "within parentheses: {within:?}");
            let without = hosts_of_rule(&format!("!({rule})"));
            assert!(without.is_err() || without == Ok(Vec::new()), "not served: {without:?}");
        }
        Err(at) => assert!(rule.is_char_boundary(at), "{at} is within a character"),
    }
}

type Files = Vec<(RepoPath, Vec<u8>)>;

/// An Ingress in each directory, and one beside them.
fn neighbours() -> Files {
    let directories = DIRECTORIES.iter().map(|(dir, _)| *dir).chain(["z"]);
    let ingress = |dir: &str| {
        let text = format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {dir}\n  namespace: neighbours\n\
             spec:\n  tls:\n  - hosts:\n    - {dir}.neighbour.example\n    secretName: {dir}-tls\n"
        );
        (RepoPath::within(None, &format!("{dir}/neighbour.yaml")), text.into_bytes())
    };
    directories.map(ingress).collect()
}

/// The bytes as every kind of file; the last is a template, for what stands beside it.
fn fuzzed(bytes: &[u8]) -> Files {
    let chart = (RepoPath::within(None, "f/Chart.yaml"), Vec::new());
    let file = |(dir, name): &(&str, &str)| {
        (RepoPath::within(None, &format!("{dir}/{name}")), bytes.to_vec())
    };
    DIRECTORIES.iter().map(file).chain([chart]).collect()
}

fn inventory(files: &Files) -> Inventory {
    let mut inventory = Inventory::empty(&Discover::default());
    put(&mut inventory, files);
    inventory
}

fn put(inventory: &mut Inventory, files: &Files) {
    change(inventory, files, |path, blob| {
        Format::of(path).map_or(Entry::Other, |_| Entry::Read(blob))
    });
}

fn remove(inventory: &mut Inventory, files: &Files) {
    change(inventory, files, |_, _| Entry::Gone);
}

fn change(inventory: &mut Inventory, files: &Files, entry: impl Fn(&RepoPath, ObjectId) -> Entry) {
    let known = neighbours();
    let blob = ObjectId::from_gix(gix::ObjectId::null(gix::hash::Kind::Sha1));
    let read = |(path, blob): &(RepoPath, ObjectId)| {
        let (_, bytes) = files.iter().chain(&known).find(|(known, _)| known == path)?;
        let parsed = parse(bytes, Format::of(path)?);
        Some(File { path: path.clone(), blob: *blob, parsed })
    };
    let changes: Vec<_> = files.iter().map(|(path, _)| (path.clone(), entry(path, blob))).collect();
    let done =
        inventory.change(&RepositoryName::default(), Tip { commit: None }, &changes, |files| {
            Ok::<_, Infallible>(files.iter().filter_map(read).collect())
        });
    match done {
        Ok(()) => {}
        Err(never) => match never {},
    }
}

fn seen(inventory: &Inventory) -> (&[Wanted], &[Delivered], &[Fault]) {
    (&inventory.wanted, &inventory.delivered, &inventory.faults)
}

/// Whether a file is served, or a fault names it.
fn is_told_of(inventory: &Inventory, path: &RepoPath) -> bool {
    let mut sources = inventory.wanted.iter().flat_map(|wanted| &wanted.sources);
    sources.any(|source| source.path == *path)
        || inventory.faults.iter().any(|fault| fault.path == *path)
}

#[cfg(test)]
mod tests;
