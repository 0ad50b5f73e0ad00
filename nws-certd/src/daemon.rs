//! The daemon: one owner of all state, one turn after the other.
//!
//! A turn looks at the branch if it is time to, plans, publishes what is in the outbox, starts what is due, and says when it wants
//! to be woken. Between turns orders run on tasks of their own; what they find goes into the store, never into shared memory. So
//! a restart is just another turn.

mod asked;
mod between;
mod branch;
mod looks;
mod turn;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use nws_acme::Clock;
use nws_challenge::Answers;
use nws_expiry::allot::Tenants;
use nws_expiry::{Agenda, Fingerprint, Reason};
use nws_gitops::{NotSealable, Seals, Tip, WantKey};
use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{self, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use self::between::{Between, LastTurn, news, next_end};
use self::branch::Branch;
use self::looks::Looks;
use self::turn::read_back::Doubts;
use self::turn::removals::Removals;
use self::turn::renewals::Inquiries;
use self::turn::sealing::Unlike;
use crate::at::At;
use crate::config::{DeletionSettings, StatelessAnswers};
use crate::control::{ImportBody, ResealBody, RevocableReport, RevokeBody};
use crate::edges::Edges;
use crate::failure::Causes;
use crate::import::ImportReport;
use crate::order::{Ended, Ordering, UnderWay};
use crate::pause::Pause;
use crate::plan::Rules;
use crate::publish::Publisher;
use crate::report::{Report, instant};
use crate::repositories::{Repositories, View};
use crate::repository::{LookError, Repository};
use crate::reseal::ResealReport;
use crate::sealing::{Controllers, GroupKey, Sealing};
use crate::served::Watcher;
use crate::store::{CertificateKey, Store, StoreError, WantRow};

/// Clocks jump and machines sleep, and the runtime's timer knows of neither: no sleep is longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// How soon a turn is taken again that was broken off.
const BROKEN_OFF: Duration = Duration::from_secs(5);
/// How long orders under way may take to reach a resting place when the daemon is told to stop.
const HAND_OVER: Duration = Duration::from_secs(10);

/// What the daemon is made of.
pub(crate) struct Parts {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) repositories: Repositories,
    pub(crate) publisher: Publisher,
    pub(crate) sealing: Sealing,
    pub(crate) ordering: Arc<Ordering>,
    pub(crate) answers: Answers,
    pub(crate) stateless: StatelessAnswers,
    pub(crate) rules: Rules,
    pub(crate) concurrency: NonZeroUsize,
    pub(crate) deletion: DeletionSettings,
    pub(crate) edges: Arc<Edges>,
    /// Who looks what the edges serve, unless nobody does.
    pub(crate) watcher: Option<Watcher>,
}

/// The daemon between two turns.
pub(crate) struct Daemon {
    parts: Parts,
    /// The branches as last read; nothing while one of them never was, as what is not seen may be wanted, or there already.
    view: Option<View>,
    /// One for each repository, in their order.
    branches: Vec<Branch>,
    /// What is due, and when.
    agenda: Agenda<CertificateKey, Reason>,
    running: JoinSet<Ended>,
    looks: Looks,
    /// Branches being looked at, one task a repository.
    fetching: JoinSet<Looking>,
    /// Account keys being changed, one task a CA.
    changing: JoinSet<()>,
    under_way: HashMap<task::Id, UnderWay>,
    /// Whose turn it is.
    tenants: Tenants,
    /// The revocations under way, by their leaf.
    revoking: HashMap<task::Id, Fingerprint>,
    /// What cannot be written into the branch as it is, and why.
    refused: BTreeMap<WantKey, String>,
    /// What is stored and can never be delivered, by when it was issued.
    unusable: BTreeMap<CertificateKey, OffsetDateTime>,
    wants_written: Option<Vec<WantRow>>,
    /// What was held for a person when this daemon began is so no more.
    holds_lifted: bool,
    next_sweep: Option<OffsetDateTime>,
    /// Nothing can be kept, so nothing is asked.
    stuck: Pause,
    /// What is known of each CA beside its breaker, in the operator's order.
    watches: Vec<Watch>,
    inquiries: Inquiries,
    removals: Removals,
    doubts: Doubts,
    sealing: SealingState,
    controllers: Controllers,
    /// Why the state of orders cannot be kept.
    unkept: Option<String>,
    report: watch::Sender<Option<Arc<Report>>>,
    last: LastTurn,
}

/// What is known of who opens what.
#[derive(Debug, Default)]
struct SealingState {
    /// To whom is sealed; nothing before that was found out.
    seals: Option<Seals>,
    /// What is wanted and could be sealed for nobody, and why.
    unsealable: BTreeMap<WantKey, Vec<NotSealable>>,
    /// The sealing keys that groups have now.
    keys: Vec<GroupKey>,
    /// What a person should see to.
    notes: Vec<String>,
    /// The same of keys that are others than before.
    changed: Vec<String>,
    /// What is sealed otherwise than it would be now.
    unlike: Vec<Unlike>,
    /// Whether all of that is to be sealed anew, as the store has it.
    is_asked: bool,
}

/// Which repository was looked at, and where its branch is.
type Looking = (usize, Result<Tip, LookError>);

/// A CA that is away, and who finds out whether it is back.
#[derive(Clone, Debug, Default)]
struct Watch {
    /// The order that is to find out.
    probe: Option<task::Id>,
    /// What was last ordered to find out.
    last_probe: Option<CertificateKey>,
    was_away: bool,
    /// Whether its clock and ours differed.
    clock_differs: bool,
}

/// Whether a turn looks at the branch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Look {
    /// If it is time to.
    WhenDue,
    /// At once, and whatever else waits is tried again too: an operator says so.
    Asked,
}

/// What others ask of the daemon.
#[derive(Debug)]
pub(crate) enum Request {
    /// Look at the branch at once, and say how everything stands after that turn, or why it was broken off.
    Sync(oneshot::Sender<Synced>),
    /// Order others in place of these certificates, and say how everything stands after a turn.
    Renew(Vec<CertificateKey>, oneshot::Sender<Synced>),
    /// Say what would be done at an instant.
    Plan(At, oneshot::Sender<Synced>),
    /// Say what can be revoked.
    Revocable(oneshot::Sender<Result<Vec<RevocableReport>, String>>),
    /// Have a certificate revoked, and say how everything stands after a turn.
    Revoke(RevokeBody, oneshot::Sender<Synced>),
    /// Take over certificates of other clients, and say what became of each.
    Import(ImportBody, oneshot::Sender<Result<ImportReport, String>>),
    /// Have sealed anew what is sealed to others than it would be now, and say what that is.
    Reseal(ResealBody, oneshot::Sender<Result<ResealReport, String>>),
    /// Take it that the removal of these is meant, and say how everything stands after a turn.
    Prune(Vec<WantKey>, oneshot::Sender<Synced>),
    /// Take a turn, as something has changed that is not in the daemon's own hands, and say how everything stands after it.
    Turn(oneshot::Sender<Synced>),
}

/// What a turn that was asked for came to.
pub(crate) type Synced = Result<Arc<Report>, String>;

impl Daemon {
    pub(crate) fn new(parts: Parts) -> Self {
        let pause = Pause::paced(parts.ordering.backoff.free);
        let watches = vec![Watch::default(); parts.ordering.authorities.len()];
        let branch = |of: &Repository| Branch::new(of.left_at, pause);
        let branches = parts.repositories.iter().map(branch).collect();
        Self {
            parts,
            watches,
            view: None,
            branches,
            agenda: Agenda::default(),
            running: JoinSet::new(),
            looks: Looks::default(),
            fetching: JoinSet::new(),
            changing: JoinSet::new(),
            under_way: HashMap::new(),
            tenants: Tenants::default(),
            revoking: HashMap::new(),
            refused: BTreeMap::new(),
            unusable: BTreeMap::new(),
            wants_written: None,
            holds_lifted: false,
            next_sweep: None,
            stuck: pause,
            inquiries: Inquiries::default(),
            removals: Removals::paced(pause),
            doubts: Doubts::default(),
            sealing: SealingState::default(),
            controllers: Controllers::default(),
            unkept: None,
            report: watch::Sender::new(None),
            last: LastTurn::default(),
        }
    }

    /// The newest report, as turns make them.
    pub(crate) fn reports(&self) -> watch::Receiver<Option<Arc<Report>>> {
        self.report.subscribe()
    }

    /// Takes turns until told to stop; then lets orders under way reach a resting place. `pushed` says that the branch was.
    pub(crate) async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        pushed: Arc<Notify>,
        stop: CancellationToken,
    ) {
        let mut look = Look::WhenDue;
        let mut asked = Vec::new();
        while !stop.is_cancelled() {
            // Whatever a turn waits for, a stop does not; what it was at is done again by the next start.
            let taken = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                taken = self.turn(look) => taken,
            };
            let wake_at = self.conclude(taken, &mut asked);
            look = Look::WhenDue;
            let mut until = self.until(wake_at);
            loop {
                tokio::select! {
                    biased;
                    () = stop.cancelled() => break,
                    Some(request) = requests.recv() => {
                        // What is asked may wait for git, and a stop does not; whoever asked is told.
                        look = tokio::select! {
                            biased;
                            () = stop.cancelled() => break,
                            look = self.take(request, &mut asked) => look,
                        };
                        break;
                    }
                    over = next_end(&mut self.running, &mut self.looks) => match self.take_end(over) {
                        Between::TurnNow => break,
                        Between::TurnAt(at) => until = until.min(at),
                    },
                    Some(ended) = self.inquiries.round.join_next() => {
                        self.collect_round(ended);
                        break;
                    }
                    Some(ended) = self.removals.looking.join_next() => {
                        self.looked(ended);
                        break;
                    }
                    Some(ended) = self.doubts.looking.join_next() => {
                        self.looked_at_edges(ended).await;
                        break;
                    }
                    () = news(self.parts.watcher.as_ref()) => break,
                    Some(ended) = self.fetching.join_next() => {
                        self.fetched(ended).await;
                        break;
                    }
                    Some(answer) = self.controllers.answer() => {
                        self.controllers.take_in(answer, self.parts.clock.now());
                        break;
                    }
                    // Whatever it came to, the next turn sees it.
                    Some(_) = self.changing.join_next() => break,
                    () = pushed.notified() => {
                        self.pushed_to();
                        break;
                    }
                    () = tokio::time::sleep_until(until) => break,
                }
            }
        }
        self.hand_over().await;
    }

    /// Answers who asked for the turn, and says when the next is wanted.
    fn conclude(
        &self,
        taken: Result<OffsetDateTime, StoreError>,
        asked: &mut Vec<oneshot::Sender<Synced>>,
    ) -> OffsetDateTime {
        let (synced, wake_at) = match taken {
            Ok(wake_at) => (
                self.report
                    .borrow()
                    .clone()
                    .ok_or_else(|| "the turn left no report; ask again".into()),
                wake_at,
            ),
            Err(error) => {
                let text = Causes(&error).to_string();
                error!(error = text, "the turn was broken off; it is taken again");
                self.show_broken_off(&text);
                (Err(text), self.parts.clock.now() + BROKEN_OFF)
            }
        };
        for reply in asked.drain(..) {
            // Whoever asked may be gone; the turn was taken all the same.
            let _ = reply.send(synced.clone());
        }
        wake_at
    }

    fn until(&self, wake_at: OffsetDateTime) -> Instant {
        let left = Duration::try_from(wake_at - self.parts.clock.now()).unwrap_or(Duration::ZERO);
        self.last.over() + left.min(LONGEST_SLEEP)
    }

    /// Takes in the end of an order or a revocation; everything else about it is in the store.
    fn collect(&mut self, ended: Result<(task::Id, Ended), task::JoinError>) {
        match ended {
            Ok((id, ended)) => {
                self.leaves(id);
                self.revoking.remove(&id);
                self.note(ended);
            }
            Err(error) => {
                let order = self.leaves(error.id());
                let names = order.map(|order| order.certificate.names.to_string());
                let revoked = self.revoking.remove(&error.id()).map(|leaf| leaf.to_string());
                error!(%error, names, revoked, "what was under way was broken off by a bug; it is resumed");
            }
        }
    }

    /// An order leaves its place.
    fn leaves(&mut self, id: task::Id) -> Option<UnderWay> {
        let order = self.under_way.remove(&id)?;
        self.tenants.ended(&order.tenant, order.kind);
        Some(order)
    }

    fn note(&mut self, ended: Ended) {
        match ended {
            Ended::Issued | Ended::Kept => {
                self.stuck.over();
                self.unkept = None;
            }
            Ended::NotKept => {
                let until = self.stuck.failed(self.parts.clock.now());
                self.unkept = Some(format!(
                    "the state of orders cannot be kept, the log says why; none is begun before {}",
                    instant(until)
                ));
            }
        }
    }

    async fn hand_over(mut self) {
        info!(orders = self.running.len(), "stopping");
        self.inquiries.round.shutdown().await;
        self.looks.shut_down().await;
        self.removals.looking.shutdown().await;
        self.doubts.looking.shutdown().await;
        self.controllers = Controllers::default();
        let settle = async {
            while self.running.join_next().await.is_some() {}
            while self.changing.join_next().await.is_some() {}
        };
        if tokio::time::timeout(HAND_OVER, settle).await.is_err() {
            info!("orders under way are resumed by the next start");
        }
        self.running.shutdown().await;
    }
}

#[cfg(test)]
mod tests;
