//! Secrets that nobody wants any more, out of the branch; and those that somebody wants again, as they were.
//!
//! In commits of their own: one that the server refuses holds up no certificate. An unwanted certificate is no concern of the plan,
//! so it is never ordered, however long its grace lasts beyond its end; if it is wanted again, it is planned as any other.

use std::collections::BTreeMap;

use nws_gitops::{
    Due, Fate, Fates, Message, Recovery, Removal, RemovalPlan, RemovalStep, RepoPath, State,
    Survey, Tip, Tips, Unwanted, WantKey, fates,
};
use time::{Duration, OffsetDateTime};
use tokio::task::{JoinError, JoinSet};
use tracing::{error, info, warn};

use super::clock::trouble_with_clock;
use super::superseded::Waiting;
use crate::daemon::Daemon;
use crate::failure::Causes;
use crate::pause::Pause;
use crate::report::{Trouble, TroubleWith, UnwantedReport, instant};
use crate::repository::{Base, PublishError, Refusal};
use crate::store::{Facts, Step, StoreError, UnwantedRow};

/// How soon after one commit of removals another may follow: a mistake unfolds slowly enough to be seen.
const BETWEEN: Duration = Duration::minutes(10);
/// How often it is written down that nothing has changed; far within the time after which nobody knows any more.
const STILL: Duration = Duration::HOUR;
/// For how long it counts that names have left.
const LOOK_HOLDS: Duration = Duration::minutes(10);
/// How soon it is looked again for names that are still here.
const LOOK_AGAIN: Duration = Duration::HOUR;
/// How soon a push is tried again that the server refused.
const AFTER_REFUSAL: Duration = Duration::minutes(5);

/// What is known of removals between two turns; nothing of it is missed after a restart.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Removals {
    survey: Option<(Tips, Survey)>,
    written: Option<(Vec<UnwantedRow>, OffsetDateTime)>,
    /// Names being looked for in DNS.
    pub(in crate::daemon) looking: JoinSet<(WantKey, Option<String>)>,
    looked: BTreeMap<WantKey, Looked>,
    pub(super) superseded: Waiting,
    pause: Pause,
    next_commit: Option<OffsetDateTime>,
    trouble: Option<String>,
}

/// What DNS said of the names of an unwanted Secret.
#[derive(Debug)]
enum Looked {
    /// It is being asked.
    Asking,
    /// Every name has left; that counts until then.
    Gone { until: OffsetDateTime },
    /// One has not, or nobody knows; it is asked again then.
    Here { until: OffsetDateTime, why: String },
}

impl Removals {
    pub(in crate::daemon) fn paced(pause: Pause) -> Self {
        Self { pause, ..Self::default() }
    }

    /// An operator says "now": DNS and the server may have changed.
    pub(super) fn waits_no_longer(&mut self) {
        self.pause.over();
        self.looked.retain(|_, looked| matches!(looked, Looked::Asking));
    }
}

impl Daemon {
    /// Sees what of ours nobody wants, if the branch is another than the last time.
    pub(super) async fn survey(&mut self) {
        let Some(view) = self.view.clone() else {
            return;
        };
        if self.removals.survey.as_ref().is_some_and(|(of, _)| of == view.tips()) {
            return;
        }
        match self.parts.repositories.survey(&view).await {
            Ok(survey) => self.removals.survey = Some((view.tips().clone(), survey)),
            Err(error) => {
                warn!(error = %Causes(&error), "what nobody wants is not known; it is looked for again");
                self.removals.survey = None;
            }
        }
    }

    pub(super) fn surveyed(&self) -> Option<&Survey> {
        let tips = self.view.as_ref()?.tips();
        self.removals.survey.as_ref().filter(|(of, _)| of == tips).map(|(_, survey)| survey)
    }

    /// Keeps since when what is unwanted; only while every branch can be looked at, as what is not seen may be wanted again.
    pub(super) async fn keep_unwanted(
        &mut self,
        now: OffsetDateTime,
        facts: &Facts,
    ) -> Result<(), StoreError> {
        let Some(survey) = self.surveyed().filter(|_| self.all_are_seen()) else {
            return Ok(());
        };
        let row = |one: &Unwanted| UnwantedRow {
            key: one.key.clone(),
            is_let_go: one.state == State::LetGo,
        };
        let secrets: Vec<_> = survey.unwanted.iter().map(row).collect();
        if secrets.is_empty() && facts.unwanted.is_empty() {
            self.removals.written = None;
            return Ok(());
        }
        let is_kept =
            |(rows, at): &(Vec<_>, OffsetDateTime)| *rows == secrets && (now - *at).abs() < STILL;
        if self.removals.written.as_ref().is_some_and(is_kept) {
            return Ok(());
        }
        self.parts.store.write(Step::Unwanted { secrets: secrets.clone(), at: now }).await?;
        self.removals.looked.retain(|key, _| secrets.iter().any(|row| row.key == *key));
        self.removals.written = Some((secrets, now));
        Ok(())
    }

    /// What becomes of everything that nobody wants.
    pub(super) fn fates(&self, now: OffsetDateTime, facts: &Facts) -> Fates {
        match (self.surveyed(), &self.view) {
            (Some(survey), Some(view)) => {
                let rules = self.parts.deletion.rules.as_ref();
                fates(now, &view.inventory, survey, &facts.unwanted, rules)
            }
            _ => Fates::default(),
        }
    }

    /// Takes the steps that are due, as far as DNS agrees; and keeps at once what somebody wants again.
    pub(super) async fn remove(&mut self, now: OffsetDateTime, facts: &Facts) {
        let Some(view) = self.view.clone().filter(|_| self.may_push_removals(now)) else {
            return;
        };
        let (steps, superseded) = (self.ready(now, facts), self.superseded_due(now));
        let due = Due { steps, superseded };
        let is_concerned = |survey: &&Survey| {
            let Survey { unwanted, returned, superseded, .. } = survey;
            !(unwanted.is_empty() && returned.is_empty() && superseded.is_empty())
        };
        let Some(survey) = self.surveyed().filter(is_concerned).cloned() else {
            return self.removals_are_over();
        };
        let plan = match self.parts.repositories.removals(&view, survey, due).await {
            Ok(plan) if plan.edits.is_empty() => return self.removals_are_over(),
            Ok(plan) => plan,
            Err(error) => return self.remove_later(Causes(&error).to_string()),
        };
        let bases: Vec<_> = self.parts.repositories.iter().map(|of| view.base(of)).collect();
        // Nobody else may hold on to what is seen, or it would be copied.
        drop(view);
        for (at, base) in bases.into_iter().enumerate() {
            self.remove_from(at, now, base, &plan).await;
        }
        self.survey().await;
    }

    /// The part of a plan that is for one repository, in a commit of its own.
    async fn remove_from(
        &mut self,
        at: usize,
        now: OffsetDateTime,
        base: Base,
        plan: &RemovalPlan,
    ) {
        let Some(of) = self.parts.repositories.get(at) else { return };
        let is_here = |path: &RepoPath| path.repository() == of.name().as_str();
        let edits: Vec<_> = plan.edits.iter().filter(|edit| is_here(&edit.path)).cloned().collect();
        let removals: Vec<_> =
            plan.removals.iter().filter(|one| is_here(&one.path)).cloned().collect();
        if edits.is_empty() {
            return;
        }
        let message = Message::for_removals(&removals);
        match self.parts.publisher.push(of, base, edits, Vec::new(), message).await {
            Ok(landed) => self.removed(at, now, landed.tip, &removals).await,
            Err(error) => self.not_removed(at, now, &error),
        }
    }

    fn may_push_removals(&self, now: OffsetDateTime) -> bool {
        let is_known = !self.branches.iter().any(|branch| branch.look_before_push);
        self.removals.pause.until(now).is_none() && is_known && self.all_are_seen()
    }

    /// Those that go now: whose names have left, and no more than go in one commit.
    fn ready(&mut self, now: OffsetDateTime, facts: &Facts) -> Vec<(WantKey, RemovalStep)> {
        let Some(rules) = self.parts.deletion.rules.filter(|_| self.is_time_known(now)) else {
            return Vec::new();
        };
        let fates = self.fates(now, facts);
        let (most, mut ready) = (rules.max_per_commit.get(), Vec::new());
        let is_paced = self.rests_from_removals(now).is_some();
        for (one, step) in fates.due(&facts.unwanted).into_iter().filter(|_| !is_paced) {
            if ready.len() + self.removals.looking.len() >= most {
                break;
            }
            if self.has_left(now, one) {
                ready.push((one.key.clone(), step));
            }
        }
        ready
    }

    /// A clock that is ahead ends every grace too soon.
    pub(super) fn is_time_known(&self, now: OffsetDateTime) -> bool {
        let mut authorities = self.parts.ordering.authorities.iter();
        authorities.all(|authority| trouble_with_clock(now, authority).is_none())
    }

    /// Whether its names have left; if that is not known, DNS is asked.
    fn has_left(&mut self, now: OffsetDateTime, one: &Unwanted) -> bool {
        if self.parts.deletion.even_if_served {
            return true;
        }
        match self.removals.looked.get(&one.key) {
            Some(Looked::Asking) => return false,
            Some(Looked::Gone { until }) if now < *until => return true,
            Some(Looked::Here { until, .. }) if now < *until => return false,
            Some(Looked::Gone { .. } | Looked::Here { .. }) | None => {}
        }
        if let Some(names) = one.names.clone() {
            let (whereabouts, key) = (self.parts.ordering.whereabouts.clone(), one.key.clone());
            self.removals.looked.insert(key.clone(), Looked::Asking);
            self.removals.looking.spawn(async move { (key, whereabouts.still_here(&names).await) });
        }
        false
    }

    /// DNS has answered.
    pub(in crate::daemon) fn looked(
        &mut self,
        ended: Result<(WantKey, Option<String>), JoinError>,
    ) {
        let now = self.parts.clock.now();
        match ended {
            Ok((key, None)) => {
                self.removals.looked.insert(key, Looked::Gone { until: now + LOOK_HOLDS });
            }
            Ok((key, Some(why))) => {
                let until = now + LOOK_AGAIN;
                info!(secret = %key, why, look_at = instant(until), "an unwanted secret stays, as its name is still here");
                self.removals.looked.insert(key, Looked::Here { until, why });
            }
            Err(error) => {
                error!(%error, "a look at DNS was broken off by a bug; it is made again");
                self.removals.looked.retain(|_, looked| !matches!(looked, Looked::Asking));
            }
        }
    }

    async fn removed(&mut self, at: usize, now: OffsetDateTime, tip: Tip, removals: &[Removal]) {
        for Removal { key, step, .. } in removals {
            info!(commit = %tip, secret = %key, step = step.as_str(), "a secret on its way out of the branch, or back");
            self.removals.looked.remove(key);
        }
        self.removals_are_over();
        if removals.iter().any(|removal| removal.step != RemovalStep::Keep) {
            let apply_within = self.parts.deletion.rules.map(|rules| rules.apply_within);
            self.removals.next_commit = Some(now + apply_within.unwrap_or(BETWEEN).min(BETWEEN));
        }
        // What cannot be read is told as any branch that cannot.
        self.landed(at, tip).await;
    }

    fn removals_are_over(&mut self) {
        self.removals.pause.over();
        self.removals.trouble = None;
    }

    fn not_removed(&mut self, at: usize, now: OffsetDateTime, error: &PublishError) {
        if let Some(branch) = self.branches.get_mut(at) {
            branch.look_before_push = true;
        }
        let text = Causes(error).to_string();
        let text =
            self.parts.repositories.get(at).map_or_else(|| text.clone(), |of| of.says(&text));
        match (error, error.refusal()) {
            (PublishError::Push(error), None) if error.recovery() == Recovery::Rebuild => {
                info!(%error, "the branch moved");
            }
            (_, None) => self.remove_later(text),
            (_, Some(by)) => self.removal_is_refused(now, by, text),
        }
    }

    fn removal_is_refused(&mut self, now: OffsetDateTime, by: Refusal, reason: String) {
        let until = self.removals.pause.rest(now, AFTER_REFUSAL);
        match by {
            Refusal::Server => error!(reason, "the server refuses a removal"),
            Refusal::Key => error!(reason, "a private key in clear is not pushed with a removal"),
        }
        self.removals.trouble = Some(format!("{reason}; it is tried again at {}", instant(until)));
    }

    fn remove_later(&mut self, text: String) {
        let until = self.removals.pause.failed(self.parts.clock.now());
        warn!(error = text, retry_at = instant(until), "secrets are not removed yet");
        self.branches.iter_mut().for_each(|branch| branch.look_before_push = true);
        self.removals.trouble = Some(text);
    }

    /// When the next commit of removals may follow the last, and the pause after a failed one is over; none if it may now.
    pub(super) fn rests_from_removals(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let pauses = [self.removals.pause.until(now), self.removals.next_commit];
        pauses.into_iter().flatten().filter(|until| now < *until).max()
    }

    /// When there is something to do next.
    pub(super) fn remove_at(&self, now: OffsetDateTime, facts: &Facts) -> Option<OffsetDateTime> {
        let fates = self.fates(now, facts);
        let due = fates.due(&facts.unwanted);
        let at = due.iter().filter_map(|(one, _)| match self.removals.looked.get(&one.key) {
            Some(Looked::Asking) => None,
            Some(Looked::Here { until, .. }) => Some(*until),
            Some(Looked::Gone { .. }) | None => Some(now),
        });
        let due = at.min().into_iter().chain(self.rests_from_removals(now)).max();
        let due = due.filter(|_| fates.each.iter().any(|(_, fate)| is_due(fate)));
        // Where the time is not known, the next look at a CA tells, and what is not seen, that at a branch.
        let due = due.filter(|_| self.is_time_known(now) && self.all_are_seen());
        fates.next().into_iter().chain(due).min()
    }

    /// What keeps one that is due, if anything does.
    fn waits_for(&self, now: OffsetDateTime, key: &WantKey) -> Option<String> {
        if !self.is_time_known(now) {
            return Some(
                "our clock and a CA's differ, and nothing goes by one that may be wrong".into(),
            );
        }
        match self.removals.looked.get(key)? {
            Looked::Asking => Some("DNS is asked where its names lead".into()),
            Looked::Here { until, why } => {
                Some(format!("{why}; it is looked again at {}", instant(*until)))
            }
            Looked::Gone { .. } => None,
        }
    }

    pub(super) fn unwanted(&self, now: OffsetDateTime, facts: &Facts) -> Vec<UnwantedReport> {
        let report = |one: &(Unwanted, Fate)| {
            let key = &one.0.key;
            UnwantedReport::of(now, one, facts.unwanted.get(key), self.waits_for(now, key))
        };
        self.fates(now, facts).each.iter().map(report).collect()
    }

    pub(super) fn troubles_with_removals(
        &self,
        now: OffsetDateTime,
        facts: &Facts,
    ) -> impl Iterator<Item = Trouble> {
        let failed =
            self.removals.trouble.as_ref().map(|text| format!("secrets are not removed: {text}"));
        let stopped = self.fates(now, facts).stopped.map(|too_many| too_many.to_string());
        let trouble = |text| Trouble { with: TroubleWith::Deletion, text };
        failed.into_iter().chain(stopped).map(trouble)
    }

    /// A person says that these are to be removed, however many they are; all of them or none.
    pub(in crate::daemon) async fn prune(&self, secrets: Vec<WantKey>) -> Result<(), String> {
        let survey = self.surveyed().ok_or("the branch has not been read yet; ask again")?;
        let is_unwanted = |key: &WantKey| survey.unwanted.iter().any(|one| one.key == *key);
        if let Some(key) = secrets.iter().find(|key| !is_unwanted(key)) {
            return Err(format!("nothing is confirmed, as {key} is wanted again, or gone"));
        }
        let (at, count) = (self.parts.clock.now(), secrets.len());
        let confirmed = self.parts.store.write(Step::RemovalConfirmed { secrets, at }).await;
        confirmed.map_err(|error| Causes(&error).to_string())?;
        info!(secrets = count, "their removal is meant, an operator says");
        Ok(())
    }
}

fn is_due(fate: &Fate) -> bool {
    matches!(fate, Fate::Due(_))
}
