//! The certificates that controllers give, pinned when they are first seen.
//!
//! Nobody vouches for what a controller answers, often over plain HTTP: whoever can answer in its place could have every key sealed to
//! himself. So the first certificate counts, in a file of the state directory, until a person says `reseal`.
//!
//! They are asked beside the turns, each by a task of its own: one that hangs holds up nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nws_gitops::SealingCertificate;
use time::{Duration, OffsetDateTime};
use tokio::task::{JoinError, JoinSet};
use tracing::{error, info};

use crate::controller::ControllerUrl;
use crate::failure::Causes;
use crate::state_dir::{replace_private, write_private};

/// How often it is looked whether a controller has another key.
const LOOK: Duration = Duration::DAY;
/// How soon one is asked again that gave nothing.
pub(super) const RETRY: Duration = Duration::seconds(30);

/// A controller, and the file its certificate is pinned in.
#[derive(Clone, Debug)]
pub(crate) struct Controller {
    pub(super) url: ControllerUrl,
    pub(crate) pin: PathBuf,
}

/// What is known of each controller, and who is being asked.
#[derive(Debug, Default)]
pub(crate) struct Controllers {
    asking: JoinSet<Answer>,
    /// By the file its certificate is pinned in.
    seen: BTreeMap<PathBuf, Seen>,
}

/// The id of a controller's key, or why that is not known.
pub(super) type Said = Result<String, String>;

#[derive(Debug)]
struct Seen {
    /// When it is asked again; none while it is being asked.
    next: Option<OffsetDateTime>,
    /// What it said last.
    said: Option<Said>,
}

/// What a controller answered.
#[derive(Debug)]
pub(crate) struct Answer {
    of: Controller,
    given: Result<Given, String>,
}

#[derive(Debug)]
struct Given {
    text: Vec<u8>,
    key_id: String,
}

impl Controllers {
    /// Begins to ask those that it is time to ask.
    pub(crate) fn ask(&mut self, all: impl Iterator<Item = Controller>, now: OffsetDateTime) {
        for one in all {
            let unseen = || Seen { next: Some(now), said: None };
            let seen = self.seen.entry(one.pin.clone()).or_insert_with(unseen);
            // A clock that was set back keeps nobody away.
            if seen.next.is_some_and(|next| next <= now || now + LOOK < next) {
                seen.next = None;
                self.asking.spawn(one.asked());
            }
        }
    }

    /// When one is asked next; whoever is being asked ends that with an answer.
    pub(crate) fn next(&self) -> Option<OffsetDateTime> {
        self.seen.values().filter_map(|seen| seen.next).min()
    }

    /// The next answer to come, if somebody is being asked. Nothing is lost if it is not waited for to the end.
    pub(crate) async fn answer(&mut self) -> Option<Result<Answer, JoinError>> {
        self.asking.join_next().await
    }

    /// Pins what was given, if it is the first that a controller gave.
    pub(crate) fn take_in(&mut self, answer: Result<Answer, JoinError>, now: OffsetDateTime) {
        match answer {
            Ok(Answer { of, given }) => {
                let said = given.and_then(|given| of.pin_first(&given).map(|()| given.key_id));
                self.note(&of, said, now);
            }
            Err(error) => {
                error!(%error, "asking a controller was broken off by a bug; it is asked again");
                self.ask_nobody(now + RETRY);
            }
        }
    }

    /// Takes what these give now in place of what they gave first: all of them, or none. What went wrong is returned.
    pub(crate) async fn pin_anew(
        &mut self,
        all: impl Iterator<Item = Controller>,
        now: OffsetDateTime,
    ) -> Vec<String> {
        // Who is being asked already may not have answered what it would now.
        self.ask_nobody(now);
        self.ask(all, now);
        let (mut given, mut wrong) = (Vec::new(), Vec::new());
        while let Some(answer) = self.answer().await {
            match answer {
                Ok(Answer { of, given: Ok(one) }) => given.push((of, one)),
                Ok(Answer { of, given: Err(why) }) => {
                    wrong.push(format!("the controller at {}: {why}", of.url));
                    self.note(&of, Err(why), now);
                }
                Err(error) => wrong.push(format!("asking a controller was broken off: {error}")),
            }
        }
        for (of, one) in given {
            let kept = if wrong.is_empty() { of.pin_anew(&one) } else { Ok(()) };
            wrong.extend(kept.as_ref().err().cloned());
            self.note(&of, kept.map(|()| one.key_id), now);
        }
        wrong
    }

    /// What the controller whose certificate is pinned there said last.
    pub(super) fn said(&self, pin: &Path) -> Option<&Said> {
        self.seen.get(pin)?.said.as_ref()
    }

    /// Nobody is waited for any more.
    pub(crate) fn ask_nobody(&mut self, until: OffsetDateTime) {
        self.asking = JoinSet::new();
        self.seen.values_mut().for_each(|seen| seen.next = Some(until));
    }

    fn note(&mut self, of: &Controller, said: Said, now: OffsetDateTime) {
        let next = now + if said.is_ok() { LOOK } else { RETRY };
        self.seen.insert(of.pin.clone(), Seen { next: Some(next), said: Some(said) });
    }
}

impl Controller {
    async fn asked(self) -> Answer {
        let given = self.given().await;
        Answer { of: self, given }
    }

    async fn given(&self) -> Result<Given, String> {
        let text = self.url.certificate().await.map_err(|error| Causes(&error).to_string())?;
        let certificate = SealingCertificate::from_pem(&text);
        let certificate = certificate.map_err(|error| Causes(&error).to_string())?;
        Ok(Given { text, key_id: certificate.key_id().into() })
    }

    fn pin_first(&self, given: &Given) -> Result<(), String> {
        let Self { url, pin } = self;
        if pin.exists() {
            return Ok(());
        }
        write_private(pin, &given.text).map_err(|error| self.not_kept(&error))?;
        info!(controller = %url, key = given.key_id, file = %pin.display(), "sealing certificate pinned");
        Ok(())
    }

    fn pin_anew(&self, given: &Given) -> Result<(), String> {
        let Self { url, pin } = self;
        if std::fs::read(pin).is_ok_and(|pinned| pinned == given.text) {
            return Ok(());
        }
        let kept = if pin.exists() { replace_private } else { write_private };
        kept(pin, &given.text).map_err(|error| self.not_kept(&error))?;
        info!(controller = %url, key = given.key_id, "another sealing certificate is pinned, as an operator asks");
        Ok(())
    }

    fn not_kept(&self, error: &std::io::Error) -> String {
        format!("its sealing certificate cannot be kept in {}: {error}", self.pin.display())
    }
}
