//! Asking git hosts where the branches are.

use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::{Instant, timeout_at};
use tracing::error;

use crate::daemon::{Daemon, Looking};
use crate::report::instant;

/// How long a turn waits for the hosts of several repositories. Who takes longer is waited for beside the turns that follow, so that
/// one that hangs holds up no other.
const PATIENCE: Duration = Duration::from_secs(3);

/// Whether the branches could be looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fetched {
    Yes,
    No,
}

impl Daemon {
    /// A git host may take minutes to answer or not to, so everything after it is dated by when that was.
    pub(super) async fn fetch(&mut self, which: &[usize]) -> Fetched {
        self.begin_to_fetch(which);
        let (mut ended, until) = (Vec::new(), Instant::now() + PATIENCE);
        let is_alone = self.branches.len() == 1;
        while which.iter().any(|at| self.is_being_fetched(*at)) {
            let one = self.fetching.join_next();
            let one = if is_alone { Ok(one.await) } else { timeout_at(until, one).await };
            match one {
                Ok(Some(one)) => ended.push(one),
                Ok(None) | Err(_) => break,
            }
            self.came_back(ended.last());
        }
        self.take_in(ended).await;
        self.say_who_is_slow(which);
        let is_seen = |at: &usize| self.branches.get(*at).is_some_and(|one| one.unseen.is_none());
        if which.iter().all(is_seen) { Fetched::Yes } else { Fetched::No }
    }

    fn begin_to_fetch(&mut self, which: &[usize]) {
        for &at in which {
            let (Some(branch), Some(one)) =
                (self.branches.get_mut(at), self.parts.repositories.get(at).cloned())
            else {
                continue;
            };
            if !std::mem::replace(&mut branch.is_being_fetched, true) {
                self.fetching.spawn(async move { (at, one.fetch().await) });
            }
        }
    }

    fn is_being_fetched(&self, at: usize) -> bool {
        self.branches.get(at).is_some_and(|branch| branch.is_being_fetched)
    }

    fn came_back(&mut self, ended: Option<&Result<Looking, JoinError>>) {
        match ended {
            Some(Ok((at, _))) => {
                if let Some(branch) = self.branches.get_mut(*at) {
                    branch.is_being_fetched = false;
                }
            }
            // Nobody knows whose it was, so all begin again.
            Some(Err(_)) => {
                self.fetching.abort_all();
                self.branches.iter_mut().for_each(|branch| branch.is_being_fetched = false);
            }
            None => {}
        }
    }

    /// One that took longer has come back.
    pub(in crate::daemon) async fn fetched(&mut self, ended: Result<Looking, JoinError>) {
        self.came_back(Some(&ended));
        self.take_in(vec![ended]).await;
    }

    async fn take_in(&mut self, all: Vec<Result<Looking, JoinError>>) {
        let mut there = Vec::new();
        for ended in all {
            let (at, fetched) = match ended {
                Ok(looking) => looking,
                Err(error) => {
                    error!(%error, "a look at a branch was broken off by a bug; it is looked at again");
                    continue;
                }
            };
            let now = self.parts.clock.now();
            let Some(branch) = self.branches.get_mut(at) else { continue };
            branch.looked_at = Some(now);
            match fetched {
                Ok(tip) => {
                    branch.tip = Some(tip);
                    there.push(at);
                }
                Err(error) => self.look_later(at, &error),
            }
        }
        let unread = self.see(&there).await;
        there.retain(|at| !unread.contains(at));
        there.into_iter().for_each(|at| self.looked_at(at));
    }

    fn say_who_is_slow(&mut self, which: &[usize]) {
        let now = self.parts.clock.now();
        for &at in which {
            if let Some(branch) = self.branches.get_mut(at).filter(|one| one.is_being_fetched) {
                branch.unseen.get_or_insert_with(|| {
                    format!("the git host has not answered since {}", instant(now))
                });
            }
        }
    }
}
