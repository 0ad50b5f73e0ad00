//! The bodies of the fuzz targets on changed copies of what people write, for those who have no fuzzer: `PROPTEST_CASES` says
//! how many.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What people write: manifests, whatever they are for, and rules in the styles of Traefik's documentation.
static MANIFESTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| files("tests/corpus"));
static RULES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| files("tests/rules"));

fn files(folder: &str) -> Vec<Vec<u8>> {
    let (mut files, mut to_do) =
        (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)]);
    while let Some(path) = to_do.pop() {
        match fs::read_dir(&path) {
            Ok(entries) => to_do.extend(entries.map(|entry| entry.unwrap().path())),
            Err(_) => files.push(fs::read(&path).unwrap()),
        }
    }
    files
}

/// One thing done to some bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Set(Index, u8),
    Remove(Index, Index),
    Repeat(Index, Index),
    /// A piece of another file.
    Insert(Index, Vec<u8>),
}

impl Mutation {
    fn apply(self, mut bytes: Vec<u8>) -> Vec<u8> {
        let at = |index: Index| index.index(bytes.len() + 1);
        let range = |one: Index, other: Index| {
            let (one, other) = (at(one), at(other));
            one.min(other)..one.max(other)
        };
        match self {
            Self::Set(index, byte) => {
                let at = index.index(bytes.len().max(1));
                bytes.iter_mut().skip(at).take(1).for_each(|place| *place = byte);
            }
            Self::Remove(one, other) => drop(bytes.drain(range(one, other))),
            Self::Repeat(one, other) => bytes.extend_from_within(range(one, other)),
            Self::Insert(index, piece) => {
                let at = at(index);
                drop(bytes.splice(at..at, piece));
            }
        }
        bytes
    }
}

fn mutation(pieces: impl Strategy<Value = Vec<u8>> + 'static) -> impl Strategy<Value = Mutation> {
    // What means something in YAML or in a rule, more often than the rest.
    let byte = prop_oneof![select(&b"\n -:#&*!|>'\"%@`[]{},\t\r\0\x85\xff"[..]), any::<u8>()];
    prop_oneof![
        3 => (any::<Index>(), byte).prop_map(|(index, byte)| Mutation::Set(index, byte)),
        1 => any::<(Index, Index)>().prop_map(|(one, other)| Mutation::Remove(one, other)),
        1 => any::<(Index, Index)>().prop_map(|(one, other)| Mutation::Repeat(one, other)),
        1 => (any::<Index>(), pieces).prop_map(|(index, piece)| Mutation::Insert(index, piece)),
    ]
}

/// Some bytes, changed here and there.
fn mutated(seeds: Vec<Vec<u8>>, most: usize) -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec(mutation(select(seeds.clone())), 0..6);
    (select(seeds), changes).prop_map(move |(bytes, changes)| {
        let mut bytes = changes.into_iter().fold(bytes, |bytes, change| change.apply(bytes));
        bytes.truncate(most);
        bytes
    })
}

proptest! {
    #[test]
    fn manifests(bytes in mutated(MANIFESTS.clone(), 16 << 10)) {
        super::manifests(&bytes);
    }

    #[test]
    fn rule(bytes in mutated(RULES.clone(), 4 << 10)) {
        super::rule(&bytes);
    }
}

#[test]
fn what_people_write_as_it_is() {
    assert!(MANIFESTS.len() > 100 && RULES.len() > 5);
    MANIFESTS.iter().for_each(|bytes| super::manifests(bytes));
    RULES.iter().for_each(|bytes| super::rule(bytes));
}
