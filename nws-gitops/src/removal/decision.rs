//! What becomes of an unwanted Secret, and when.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use time::{Duration, OffsetDateTime};

use super::edits::RemovalStep;
use super::hiding::hiding;
use super::{Left, State, Survey, Unwanted};
use crate::{Inventory, RepoPath, WantKey};

/// How Secrets that nobody wants are removed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Deletion {
    /// How long one has to be unwanted before anything is done.
    pub grace: Duration,
    /// How long clusters take to apply a commit at most: the time between the two.
    pub apply_within: Duration,
    /// How many go in one commit.
    pub max_per_commit: NonZeroUsize,
    /// How many in a hundred of our Secrets may be unwanted before a person has to say that this is meant.
    pub max_share: u8,
}

/// What is remembered of an unwanted Secret, which the branch does not say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Known {
    /// Since when nobody wants it; never earlier than that is so.
    pub since: OffsetDateTime,
    /// Since when the live object goes with the file.
    pub let_go_at: Option<OffsetDateTime>,
    /// A person said that its removal is meant.
    pub is_confirmed: bool,
    /// The files that last wanted it; none where nobody knows.
    pub sources: Vec<RepoPath>,
}

/// What becomes of one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fate {
    /// Nothing: deletion is not configured.
    Reported,
    /// Nothing, until a person acts.
    Left(Left),
    /// Nothing, while a fault may hide that somebody wants it.
    Hidden {
        /// The fault, with its remedy.
        fault: String,
    },
    /// Nothing, until a person says that so many are meant.
    Stopped(TooMany),
    /// Nothing yet.
    Grace {
        /// When its grace is over.
        until: OffsetDateTime,
    },
    /// The clusters are given time to apply that the live object goes with the file.
    Applying {
        /// Until when.
        until: OffsetDateTime,
    },
    /// Its next step is due.
    Due(RemovalStep),
}

/// More are unwanted than a person would remove in a while.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{unwanted} of {ours} secrets are unwanted, where {limit} are removed without a person; see that discover and names and the repository are as they should be, or say that it is meant with: nws-certd prune"
)]
pub struct TooMany {
    /// How many would go.
    pub unwanted: usize,
    /// How many there are.
    pub ours: usize,
    /// How many may go.
    pub limit: usize,
}

/// What becomes of all of them.
#[derive(Clone, Debug, Default)]
pub struct Fates {
    /// By key.
    pub each: Vec<(Unwanted, Fate)>,
    /// Why some are stopped, if they are.
    pub stopped: Option<TooMany>,
}

impl Fates {
    /// Those whose next step is due, what is unwanted for longest first. How many of them go in one commit is for the caller to
    /// keep, as some wait for what only it knows.
    pub fn due(&self, known: &BTreeMap<WantKey, Known>) -> Vec<(&Unwanted, RemovalStep)> {
        let due = self.each.iter().filter_map(|(one, fate)| match fate {
            Fate::Due(step) => Some((one, *step)),
            _ => None,
        });
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|(one, _)| known.get(&one.key).map(|known| known.since));
        due
    }

    /// When the next of them is due that is not yet.
    pub fn next(&self) -> Option<OffsetDateTime> {
        let until = self.each.iter().filter_map(|(_, fate)| match fate {
            Fate::Grace { until } | Fate::Applying { until } => Some(*until),
            _ => None,
        });
        until.min()
    }
}

/// Decides what becomes of every unwanted Secret at `now`. One of which nothing is known is unwanted since `now`.
///
/// Nothing goes while more are unwanted than [`Deletion::max_share`] says, or while nothing at all is wanted, but those whose removal
/// a person has confirmed: a fault of discovery, a repository that was read by half or a branch that was rewritten look just like that.
pub fn fates(
    now: OffsetDateTime,
    inventory: &Inventory,
    survey: &Survey,
    known: &BTreeMap<WantKey, Known>,
    deletion: Option<&Deletion>,
) -> Fates {
    let fate = |one: &Unwanted| {
        let known = known.get(&one.key);
        let sources = known.map_or(&[][..], |known| &known.sources);
        match (one.state, hiding(inventory, one.names.as_ref(), sources), deletion) {
            (State::Left(left), ..) => Fate::Left(left),
            (_, Some(fault), _) => Fate::Hidden { fault: fault.to_string() },
            (_, None, None) => Fate::Reported,
            (state, None, Some(deletion)) => step(now, state, known, deletion),
        }
    };
    let mut each: Vec<_> = survey.unwanted.iter().map(|one| (one.clone(), fate(one))).collect();
    let stopped = deletion.and_then(|deletion| stop(survey, &mut each, known, deletion));
    Fates { each, stopped }
}

fn step(now: OffsetDateTime, state: State, known: Option<&Known>, deletion: &Deletion) -> Fate {
    let grace = known.map_or(now, |known| known.since) + deletion.grace;
    let let_go_at = known.and_then(|known| known.let_go_at).unwrap_or(now);
    let applied = let_go_at + deletion.apply_within;
    match state {
        _ if now < grace => Fate::Grace { until: grace },
        State::Left(left) => Fate::Left(left),
        State::Kept => Fate::Due(RemovalStep::LetGo),
        State::LetGo if now < applied => Fate::Applying { until: applied },
        State::LetGo => Fate::Due(RemovalStep::Remove),
    }
}

/// Stops what nobody has confirmed, if it is too much.
fn stop(
    survey: &Survey,
    each: &mut [(Unwanted, Fate)],
    known: &BTreeMap<WantKey, Known>,
    deletion: &Deletion,
) -> Option<TooMany> {
    let is_confirmed = |one: &Unwanted| known.get(&one.key).is_some_and(|known| known.is_confirmed);
    let goes =
        |fate: &Fate| matches!(fate, Fate::Grace { .. } | Fate::Applying { .. } | Fate::Due(_));
    let stoppable = |(one, fate): &&mut (Unwanted, Fate)| goes(fate) && !is_confirmed(one);
    let unwanted = each.iter_mut().filter(stoppable).count();
    let limit = match survey.wanted {
        0 => 0,
        _ => (survey.ours * usize::from(deletion.max_share) / 100).max(1),
    };
    if unwanted <= limit {
        return None;
    }
    let too_many = TooMany { unwanted, ours: survey.ours, limit };
    each.iter_mut().filter(stoppable).for_each(|(_, fate)| *fate = Fate::Stopped(too_many));
    Some(too_many)
}
