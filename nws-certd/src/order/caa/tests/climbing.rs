//! Where the records are that count (RFC 8659 §3), over random trees.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;

/// What DNS says of one name.
#[derive(Clone, Debug)]
enum Node {
    Records(Vec<&'static str>),
    Fails,
}

/// What DNS says of every name; of others it says that they have none.
type Tree = BTreeMap<String, Node>;

/// What there is to say of a CA, as `tag value`.
const RECORDS: [&str; 8] = [
    "issue ca.test",
    "issue ca.test; accounturi=https://ca.test/account/7",
    "issue ca.test; accounturi=https://ca.test/account/8",
    "issue other.test",
    "issue ;",
    "issuewild ;",
    "iodef mailto:a@shop.example",
    "colour blue",
];

struct Zone(Tree);

#[async_trait]
impl CaaZone for Zone {
    async fn records(&self, name: &str) -> Result<Vec<CaaRecord>, CaaFault> {
        match self.0.get(name) {
            Some(Node::Fails) => Err(CaaFault::Servers),
            Some(Node::Records(records)) => Ok(records.iter().map(|text| written(text)).collect()),
            None => Ok(Vec::new()),
        }
    }
}

fn written(text: &str) -> CaaRecord {
    let (tag, value) = text.split_once(' ').unwrap();
    CaaRecord { critical: tag == "colour", tag: tag.into(), value: value.into() }
}

/// What decides of the name: of all that is at it or above and is not empty, the one with the longest name.
fn nearest<'a>(tree: &'a Tree, name: &str) -> Option<(&'a String, &'a Node)> {
    let is_above = |owner: &str| name == owner || name.ends_with(&format!(".{owner}"));
    let is_empty = |node: &Node| matches!(node, Node::Records(records) if records.is_empty());
    let all = tree.iter().filter(|(owner, node)| is_above(owner) && !is_empty(node));
    all.max_by_key(|(owner, _)| owner.len())
}

/// Whether ca.test may issue to account 7 by these records, one by one.
fn lets_issue(records: &[&str]) -> bool {
    let issue: Vec<_> = records.iter().filter(|text| text.starts_with("issue ")).collect();
    let ours = |text: &&&str| [RECORDS[0], RECORDS[1]].contains(*text);
    !records.contains(&"colour blue") && (issue.is_empty() || issue.iter().any(ours))
}

/// What is found for the name, and whether the CA may issue by it; `Err` is where it is not known.
fn climbed(tree: &Tree, name: &str) -> Result<Option<(String, bool)>, String> {
    let (zone, runtime) = (Zone(tree.clone()), tokio::runtime::Builder::new_current_thread());
    let found = { runtime }.build().unwrap().block_on(climb(&zone, &name.parse().unwrap()));
    let (identities, account) = (["ca.test".to_owned()], ACCOUNT.parse().unwrap());
    let judged = |(owner, records): (String, Vec<CaaRecord>)| {
        let verdict = permits(&records, &identities, Some(&account));
        (owner, verdict == CaaVerdict::Permitted)
    };
    found.map(|found| found.map(judged)).map_err(|(owner, _)| owner)
}

fn node() -> impl Strategy<Value = Option<Node>> {
    let records = prop::collection::vec(prop::sample::select(&RECORDS[..]), 1..4);
    prop_oneof![
        5 => Just(None),
        2 => Just(Some(Node::Records(Vec::new()))),
        2 => records.prop_map(|records| Some(Node::Records(records))),
        1 => Just(Some(Node::Fails)),
    ]
}

/// A name of two to twelve labels, and something, perhaps, at each level of it, beside each level, and below the name.
fn trees() -> impl Strategy<Value = (String, Tree)> {
    let levels = prop::collection::vec(("[ab]{1,2}", node(), node()), 2..=12);
    (levels, node()).prop_map(|(levels, below)| {
        let (mut name, mut tree) = (String::new(), Tree::new());
        let mut put = |owner: String, node: Option<Node>| {
            tree.extend(node.map(|node| (owner, node)));
        };
        for (label, at, beside) in levels {
            let above = if name.is_empty() { String::new() } else { format!(".{name}") };
            put(format!("x{above}"), beside);
            name = format!("{label}{above}");
            put(name.clone(), at);
        }
        put(format!("below.{name}"), below);
        (name, tree)
    })
}

proptest! {
    /// The nearest records count and no others, and what fails on the way to them leaves them unknown.
    #[test]
    fn the_nearest_on_the_way_up_decides_alone((name, tree) in trees()) {
        let want = match nearest(&tree, &name) {
            None => Ok(None),
            Some((owner, Node::Fails)) => Err(owner.clone()),
            Some((owner, Node::Records(records))) => Ok(Some((owner.clone(), lets_issue(records)))),
        };
        prop_assert_eq!(climbed(&tree, &name), want);
    }
}

/// The property is about something: each case is among a thousand trees, and often.
#[test]
fn the_random_trees_have_everything_in_them() {
    let mut runner = TestRunner::deterministic();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..1000 {
        let (name, tree) = trees().new_tree(&mut runner).unwrap().current();
        for case in cases(&name, &tree) {
            *seen.entry(case).or_default() += 1;
        }
    }
    let rare: Vec<_> =
        CASES.iter().filter(|case| seen.get(*case).is_none_or(|n| *n < 20)).collect();
    assert!(rare.is_empty(), "{rare:?} of {seen:?}");
}

const CASES: [&str; 12] = [
    "at the name",
    "at a parent",
    "nowhere",
    "fails at the nearest",
    "fails above the nearest",
    "records above a failure",
    "records above the nearest",
    "empty below the nearest",
    "deep",
    "beside",
    "permitted",
    "forbidden",
];

fn cases(name: &str, tree: &Tree) -> Vec<&'static str> {
    let above =
        |owner: &str, least: usize| name.ends_with(&format!(".{owner}")) && owner.len() < least;
    let Some((owner, node)) = nearest(tree, name) else { return vec!["nowhere"] };
    let least = owner.len();
    let has =
        |is: &dyn Fn(&Node) -> bool| tree.iter().any(|(one, node)| above(one, least) && is(node));
    let fails = has(&|node| matches!(node, Node::Fails));
    let records = has(&|node| matches!(node, Node::Records(records) if !records.is_empty()));
    let beside = tree.iter().any(|(one, node)| {
        let is_beside = one.starts_with("x.") || one.starts_with("below.");
        is_beside && matches!(node, Node::Records(records) if !records.is_empty())
    });
    let empty_below = tree.iter().any(|(one, node)| {
        let is_on_the_way = one == name || above(one, usize::MAX);
        is_on_the_way && one.len() > least && matches!(node, Node::Records(_))
    });
    let of_node = match node {
        Node::Fails => "fails at the nearest",
        Node::Records(records) if lets_issue(records) => "permitted",
        Node::Records(_) => "forbidden",
    };
    let is_failure = matches!(node, Node::Fails);
    let mut all = vec![of_node, if owner == name { "at the name" } else { "at a parent" }];
    all.extend((fails && !is_failure).then_some("fails above the nearest"));
    all.extend((records && is_failure).then_some("records above a failure"));
    all.extend((records && !is_failure).then_some("records above the nearest"));
    all.extend(empty_below.then_some("empty below the nearest"));
    all.extend((name.split('.').count() >= 8).then_some("deep"));
    all.extend(beside.then_some("beside"));
    all
}
