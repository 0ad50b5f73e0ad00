//! Whatever comes and goes, and in whatever order.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

const APPS: [&str; 4] = ["blog", "forum", "shop", "wiki"];

static FULL: LazyLock<Repository> = LazyLock::new(|| Repository::of(&APPS));

#[derive(Clone, Debug)]
enum Event {
    Comes(usize),
    Leaves(usize),
    Hours(u16),
    /// A turn of a daemon.
    Turn,
    /// The state is lost.
    Forgets,
    /// A person says that all is meant.
    Confirms,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        2 => (0..APPS.len()).prop_map(Event::Comes),
        3 => (0..APPS.len()).prop_map(Event::Leaves),
        4 => (1u16..500).prop_map(Event::Hours),
        8 => Just(Event::Turn),
        1 => Just(Event::Forgets),
        1 => Just(Event::Confirms),
    ]
}

/// A repository, who looks after it, and what is true.
struct Life {
    repository: Repository,
    now: OffsetDateTime,
    known: BTreeMap<WantKey, Known>,
    /// Since when nobody wants it.
    unwanted: BTreeMap<WantKey, OffsetDateTime>,
    /// Since when the clusters could apply that it goes.
    let_go: BTreeMap<WantKey, OffsetDateTime>,
}

impl Life {
    fn new() -> Self {
        let (known, unwanted, let_go) = Default::default();
        Self { repository: FULL.clone(), now: NOON, known, unwanted, let_go }
    }

    /// Between two turns somebody commits once at most, as a daemon that looks at every commit sees it.
    fn happens(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Comes(app) => {
                let app = APPS[app];
                self.repository.put(&format!("apps/{app}/ingress.yaml"), &ingress(app));
                self.unwanted.remove(&key(app));
                self.turn()?;
            }
            Event::Leaves(app) => {
                let app = APPS[app];
                let was = self.repository.0.remove(&format!("apps/{app}/ingress.yaml"));
                if was.is_some() {
                    self.unwanted.insert(key(app), self.now);
                }
            }
            Event::Hours(hours) => self.now += Duration::hours(hours.into()),
            Event::Turn => self.turn()?,
            Event::Forgets => self.known.clear(),
            Event::Confirms => self.known.values_mut().for_each(|one| one.is_confirmed = true),
        }
        Ok(())
    }

    /// As the store remembers it: since it was first seen so.
    fn remember(&mut self, survey: &Survey) {
        let mut known = BTreeMap::new();
        for one in &survey.unwanted {
            let fresh =
                Known { since: self.now, let_go_at: None, is_confirmed: false, sources: vec![] };
            let mut old = self.known.remove(&one.key).unwrap_or(fresh);
            let is_let_go = one.state == State::LetGo;
            old.let_go_at = is_let_go.then(|| old.let_go_at.unwrap_or(self.now));
            known.insert(one.key.clone(), old);
        }
        self.known = known;
    }

    fn turn(&mut self) -> Result<(), TestCaseError> {
        let (inventory, survey) = (self.repository.inventory(), self.repository.survey());
        self.remember(&survey);
        let fates = fates(self.now, &inventory, &survey, &self.known, Some(&RULES));
        let due = fates.due(&self.known).into_iter().take(RULES.max_per_commit.get());
        let steps = due.map(|(one, step)| (one.key.clone(), step)).collect();
        let due = Due { steps, ..Due::default() };
        let plan = removals(&survey, &due, |path| self.repository.read(path)).unwrap();
        for removal in &plan.removals {
            self.is_right(removal)?;
        }
        let going = plan.removals.iter().filter(|one| one.step != RemovalStep::Keep).count();
        prop_assert!(going <= RULES.max_per_commit.get());
        self.repository.apply(&plan.edits);
        let again = removals(&self.repository.survey(), &due, |path| self.repository.read(path));
        prop_assert!(again.unwrap().edits.is_empty(), "applied twice is one commit");
        self.everything_wanted_stays()
    }

    fn is_right(&mut self, removal: &Removal) -> Result<(), TestCaseError> {
        let unwanted = self.unwanted.get(&removal.key);
        let is_over = unwanted.is_some_and(|since| *since + RULES.grace <= self.now);
        match removal.step {
            RemovalStep::Keep => {
                prop_assert_eq!(unwanted, None);
                self.let_go.remove(&removal.key);
            }
            RemovalStep::Move => prop_assert!(false, "{} is for the same clusters", removal.key),
            RemovalStep::LetGo => {
                prop_assert!(is_over, "{} is let go too soon", removal.key);
                self.let_go.insert(removal.key.clone(), self.now);
            }
            RemovalStep::Remove => {
                prop_assert!(is_over, "{} is removed too soon", removal.key);
                let applied = self.let_go[&removal.key] + RULES.apply_within;
                prop_assert!(applied <= self.now, "{} follows too soon", removal.key);
            }
        }
        Ok(())
    }

    fn everything_wanted_stays(&self) -> Result<(), TestCaseError> {
        let inventory = self.repository.inventory();
        for wanted in &inventory.wanted {
            match inventory.held(&wanted.key) {
                Some(held) => prop_assert!(held.stays, "{} is wanted, not kept", wanted.key),
                None => prop_assert!(self.let_go.contains_key(&wanted.key), "it went unseen"),
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// No sequence of wants that come and go, of time, and of states that are lost removes what is wanted, or what is unwanted
    /// for less than its grace, or more at a time than is configured.
    #[test]
    fn nothing_goes_that_is_wanted_or_too_soon(events in prop::collection::vec(event(), 1..40)) {
        let mut life = Life::new();
        for event in events {
            life.happens(event)?;
        }
    }

    /// And what stays unwanted does go in the end.
    #[test]
    fn what_stays_unwanted_goes(
        app in 0..APPS.len(),
        hours in prop::collection::vec(1u16..500, 4..8),
    ) {
        let mut life = Life::new();
        life.happens(Event::Leaves(app))?;
        for hours in hours.into_iter().chain([800, 800, 800]) {
            life.happens(Event::Turn)?;
            life.happens(Event::Hours(hours))?;
        }
        life.happens(Event::Turn)?;
        prop_assert!(!life.repository.0.contains_key(&secret_path(APPS[app])));
    }
}
