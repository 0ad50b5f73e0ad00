//! Our pushes and another writer's, in any order.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use nws_expiry::{DnsNames, Issued};
use nws_gitops::{
    Content, Discover, Edit, Inventory, Message, Mirror, ObjectId, Plan, Provenance, Recovery,
    RefusalReason, Tip, WantKey, deliveries,
};
use proptest::prelude::*;

use crate::world::{NOW, World, author, ingress, issue, message, remove, seals, write};

/// What the other writer does in one commit; numbers choose among what is there.
#[derive(Clone, Debug)]
enum Theirs {
    WriteApp { app: usize, hosts: usize },
    BreakApp { app: usize },
    RenameApp { app: usize },
    DeleteApp { app: usize },
    WriteNote { text: u8 },
    CommentOurs { nth: usize },
    MoveOurs { nth: usize },
    DeleteOurs { nth: usize },
    ReplaceOurs { nth: usize },
    TakeOverOurs { nth: usize },
    DeleteBundle,
    Revert { nth: usize },
}

#[derive(Clone, Debug)]
enum Step {
    Theirs(Theirs),
    Ours(Race),
    /// Every certificate is issued anew.
    Renew,
}

#[derive(Clone, Debug)]
enum Race {
    Calm,
    BeforeThePush(Theirs),
    DuringThePush(Theirs),
}

fn theirs() -> impl Strategy<Value = Theirs> {
    let (app, nth) = (0..3_usize, 0..100_usize);
    prop_oneof![
        4 => (app.clone(), 1..4_usize).prop_map(|(app, hosts)| Theirs::WriteApp { app, hosts }),
        1 => app.clone().prop_map(|app| Theirs::BreakApp { app }),
        1 => app.clone().prop_map(|app| Theirs::RenameApp { app }),
        1 => app.prop_map(|app| Theirs::DeleteApp { app }),
        1 => any::<u8>().prop_map(|text| Theirs::WriteNote { text }),
        1 => nth.clone().prop_map(|nth| Theirs::CommentOurs { nth }),
        1 => nth.clone().prop_map(|nth| Theirs::MoveOurs { nth }),
        2 => nth.clone().prop_map(|nth| Theirs::DeleteOurs { nth }),
        1 => nth.clone().prop_map(|nth| Theirs::ReplaceOurs { nth }),
        1 => nth.clone().prop_map(|nth| Theirs::TakeOverOurs { nth }),
        1 => Just(Theirs::DeleteBundle),
        2 => nth.prop_map(|nth| Theirs::Revert { nth }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => theirs().prop_map(Step::Theirs),
        2 => Just(Step::Ours(Race::Calm)),
        2 => theirs().prop_map(|theirs| Step::Ours(Race::BeforeThePush(theirs))),
        2 => theirs().prop_map(|theirs| Step::Ours(Race::DuringThePush(theirs))),
        1 => Just(Step::Renew),
    ]
}

type Files = BTreeMap<String, String>;

/// What our files have in them, and nobody else's.
const MARK: &str = "nws-certd/managed: \"true\"";

struct Play {
    world: World,
    ours: Mirror,
    /// The branch as we last looked at it.
    seen: Inventory,
    theirs: Mirror,
    /// What the branch is to hold, as both sides' edits make it.
    files: Files,
    /// Every commit that landed, with the files it left.
    landed: Vec<(ObjectId, Files)>,
    issued: HashMap<(WantKey, DnsNames), Issued>,
}

impl Play {
    fn new() -> Self {
        let app = ingress("a0", "shop/tls-0", &["a0.example"]);
        let world = World::with(&[("README", "hello\n"), ("apps/0.yaml", &app)]);
        let (ours, theirs) = (world.mirror("ours"), world.mirror("theirs"));
        let tip = theirs.fetch().unwrap().commit.unwrap();
        let files = world.files(tip);
        let landed = vec![(tip, files.clone())];
        let seen = ours.inventory(&ours.fetch().unwrap(), &Discover::default()).unwrap();
        Self { world, ours, seen, theirs, files, landed, issued: HashMap::new() }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Theirs(theirs) => drop(self.they_write(theirs)),
            Step::Ours(race) => drop(self.we_deliver(race)),
            Step::Renew => self.issued.clear(),
        }
    }

    /// Their commit on whatever is there; none if it would change nothing.
    fn they_write(&mut self, what: &Theirs) -> Option<Tip> {
        let edits = self.edits(what);
        let tip = self.theirs.fetch().unwrap();
        let commit = self.theirs.commit(&tip, &edits, &message(), &author(), NOW).unwrap()?;
        let tip = self.theirs.push(&commit).unwrap();
        self.has_landed(commit.id, &edits);
        Some(tip)
    }

    /// One pass of ours until the branch took it, and the plan it ended with.
    fn we_deliver(&mut self, race: &Race) -> Plan {
        let tip = self.ours.fetch().unwrap();
        self.look(&tip);
        let plan = self.plan(&self.seen.clone());
        let message = Message::for_deliveries(&plan.deliveries);
        let commit = self.ours.commit(&tip, &plan.edits, &message, &author(), NOW).unwrap();
        let Some(commit) = commit else {
            return plan;
        };
        let moved = self.race(race, tip);
        let pushed = self.ours.push(&commit);
        self.world.hook("pre-receive", "exit 0");
        if moved {
            assert_eq!(pushed.unwrap_err().recovery(), Recovery::Rebuild);
            return self.we_deliver(&Race::Calm);
        }
        pushed.unwrap();
        for edit in &plan.edits {
            let theirs = self.files.get(edit.path.as_str());
            assert!(theirs.is_none_or(|text| text.contains(MARK)), "{}", edit.path);
        }
        self.has_landed(commit.id, &plan.edits);
        plan
    }

    /// What we saw before, brought up to a commit: the same as a first look gives.
    fn look(&mut self, tip: &Tip) {
        self.ours.refresh(&mut self.seen, tip).unwrap();
        let first = self.ours.inventory(tip, &Discover::default()).unwrap();
        assert_eq!(format!("{:?}", self.seen), format!("{first:?}"));
    }

    /// Whether the branch moves under our push from `tip`.
    fn race(&mut self, race: &Race, tip: Tip) -> bool {
        match race {
            Race::Calm => false,
            Race::BeforeThePush(theirs) => self.they_write(theirs).is_some(),
            Race::DuringThePush(theirs) => {
                let theirs = self.they_write(theirs);
                if let Some(theirs) = theirs {
                    self.world.rewind(tip);
                    self.world.move_during_the_push(theirs);
                }
                theirs.is_some()
            }
        }
    }

    fn plan(&mut self, inventory: &Inventory) -> Plan {
        let wants = inventory.wanted.iter().map(|want| (want.key.clone(), want.names.clone()));
        for want in wants.clone() {
            let names: Vec<_> = want.1.iter().map(|name| name.as_str().to_owned()).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            self.issued.entry(want).or_insert_with(|| issue(&names));
        }
        let by = Provenance::default();
        let issued: Vec<_> = wants.map(|want| (want.0.clone(), &self.issued[&want], &by)).collect();
        deliveries(inventory, &issued, &seals())
    }

    /// A commit changes what its author edited and nothing else.
    fn has_landed(&mut self, commit: ObjectId, edits: &[Edit]) {
        for edit in edits {
            let path = edit.path.to_string();
            match &edit.content {
                Content::Write(bytes) => {
                    let text = String::from_utf8(bytes.to_vec()).unwrap();
                    self.files.insert(path, text);
                }
                Content::Remove => drop(self.files.remove(&path)),
            }
        }
        assert_eq!(self.world.files(commit), self.files);
        self.landed.push((commit, self.files.clone()));
    }

    fn edits(&self, what: &Theirs) -> Vec<Edit> {
        let app = |app: &usize| format!("apps/{app}.yaml");
        let ours = |nth: &usize| self.nth_of_ours(*nth);
        match what {
            Theirs::WriteApp { app: n, hosts } => {
                let hosts: Vec<_> =
                    (0..*hosts).map(|host| format!("a{host}.app{n}.example")).collect();
                let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
                let text = ingress(&format!("a{n}"), &format!("shop/tls-{n}"), &hosts);
                vec![write(&app(n), &text)]
            }
            Theirs::BreakApp { app: n } => vec![write(&app(n), "kind: Ingress\n: :\n- x\n")],
            Theirs::RenameApp { app: n } => self.rename(&app(n), &format!("apps/old/{n}.yaml")),
            Theirs::DeleteApp { app: n } => vec![remove(&app(n))],
            Theirs::WriteNote { text } => vec![write("notes/a.md", &format!("{text}\n"))],
            Theirs::CommentOurs { nth } => ours(nth)
                .map(|(path, text)| write(path, &format!("# reviewed\n{text}")))
                .into_iter()
                .collect(),
            Theirs::MoveOurs { nth } => ours(nth)
                .map_or_else(Vec::new, |(path, _)| self.rename(path, &format!("kept/{path}"))),
            Theirs::DeleteOurs { nth } => {
                ours(nth).map(|(path, _)| remove(path)).into_iter().collect()
            }
            Theirs::ReplaceOurs { nth } => {
                ours(nth).map(|(path, _)| write(path, "kind: ConfigMap\n")).into_iter().collect()
            }
            Theirs::TakeOverOurs { nth } => ours(nth)
                .map(|(path, text)| write(path, &text.replace("nws-certd/managed", "mine")))
                .into_iter()
                .collect(),
            Theirs::DeleteBundle => vec![remove("certs/shop/fleet.yaml")],
            Theirs::Revert { nth } => self.back_to(&self.landed[nth % self.landed.len()].1),
        }
    }

    fn nth_of_ours(&self, nth: usize) -> Option<(&str, &str)> {
        let ours = self.files.iter().filter(|(_, text)| text.contains(MARK));
        let ours: Vec<_> = ours.filter(|(path, _)| !path.ends_with("fleet.yaml")).collect();
        let (path, text) = ours.get(nth % ours.len().max(1))?;
        Some((path, text))
    }

    fn rename(&self, from: &str, to: &str) -> Vec<Edit> {
        let text = self.files.get(from);
        text.map_or_else(Vec::new, |text| vec![remove(from), write(to, text)])
    }

    fn back_to(&self, files: &Files) -> Vec<Edit> {
        let gone = self.files.keys().filter(|path| !files.contains_key(*path));
        let back = files.iter().filter(|(path, text)| self.files.get(*path) != Some(text));
        gone.map(|path| remove(path)).chain(back.map(|(path, text)| write(path, text))).collect()
    }

    /// Nothing more happens but our passes.
    fn converges(&mut self) {
        self.we_deliver(&Race::Calm);
        let (before, plan) = (self.landed.len(), self.we_deliver(&Race::Calm));
        assert!(plan.edits.is_empty() && plan.deliveries.is_empty(), "{plan:?}");
        assert_eq!(self.landed.len(), before);

        let inventory = self.world.inventory();
        for wanted in &inventory.wanted {
            let held = inventory.held(&wanted.key).and_then(|held| held.chain.as_ref());
            let names = held.and_then(|chain| chain.leaf().names());
            // What stands in the place of ours is theirs, and stays.
            let refused = plan.refused.iter().find(|refusal| refusal.key == wanted.key);
            match refused.map(|refusal| &refusal.reason) {
                None => assert_eq!(names, Some(&wanted.names), "{}", wanted.key),
                Some(RefusalReason::ForeignFile { path }) => {
                    assert_eq!(self.files[path.as_str()], "kind: ConfigMap\n");
                }
                Some(other) => panic!("{other}"),
            }
        }
    }

    fn nothing_is_lost(&self) {
        let tip = self.landed.last().unwrap().0;
        assert_eq!(self.world.files(tip), self.files);
        assert_eq!(self.world.commits(), self.landed.len(), "one line");
        let landed: BTreeSet<_> = self.landed.iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(self.world.history(), landed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whoever pushes when: every commit of both is in the one line of history, each changes only what its author edited,
    /// and once the other writer is quiet our next pass is the last.
    #[test]
    fn no_interleaving_loses_an_edit(steps in prop::collection::vec(step(), 1..9)) {
        let mut play = Play::new();
        steps.iter().for_each(|step| play.step(step));
        play.converges();
        play.nothing_is_lost();
    }
}
