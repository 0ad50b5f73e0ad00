//! The certificates that controllers give, pinned when they are first seen.
//!
//! Nobody vouches for what a controller answers, often over plain HTTP: whoever can answer in its place could have every key sealed to
//! himself. So the first certificate counts, in a file of the state directory, until a person says `reseal`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nws_gitops::SealingCertificate;
use time::{Duration, OffsetDateTime};
use tracing::info;

use crate::controller::ControllerUrl;
use crate::failure::Causes;
use crate::state_dir::{replace_private, write_private};

/// How often it is looked whether a controller has another key.
const LOOK: Duration = Duration::DAY;
/// How soon one is asked again that gave nothing.
const RETRY: Duration = Duration::seconds(30);

/// What was seen of each controller, by the file its certificate is pinned in.
#[derive(Clone, Debug, Default)]
pub(super) struct Controllers(Arc<Mutex<BTreeMap<PathBuf, Seen>>>);

#[derive(Clone, Debug)]
struct Seen {
    next: OffsetDateTime,
    note: Option<String>,
}

impl Controllers {
    /// Asks a controller if it is time to, and pins what it gives first. What is to be said of it is returned.
    pub(super) async fn look(
        &self,
        url: &ControllerUrl,
        pin: &Path,
        now: OffsetDateTime,
    ) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(pin).cloned();
        if let Some(seen) = known.filter(|seen| now < seen.next) {
            return seen.note;
        }
        let compared = compare(url, pin).await;
        let pause = if compared.is_ok() { LOOK } else { RETRY };
        let note = compared.unwrap_or_else(Some);
        self.keep(pin, Seen { next: now + pause, note: note.clone() });
        note
    }

    /// Takes what a controller gives now.
    pub(super) async fn pin_anew(
        &self,
        url: &ControllerUrl,
        pin: &Path,
        now: OffsetDateTime,
    ) -> Option<String> {
        let taken = take(url, pin).await;
        let note = taken.err();
        let next = now + if note.is_some() { RETRY } else { LOOK };
        self.keep(pin, Seen { next, note: note.clone() });
        note
    }

    fn keep(&self, pin: &Path, seen: Seen) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(pin.to_owned(), seen);
    }
}

/// A note, if it gives another than is pinned.
async fn compare(url: &ControllerUrl, pin: &Path) -> Result<Option<String>, String> {
    let (text, given) = ask(url).await?;
    let pinned = match std::fs::read(pin) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            write_private(pin, &text).map_err(|error| not_kept(url, pin, &error))?;
            info!(controller = %url, key = given.key_id(), file = %pin.display(), "sealing certificate pinned");
            return Ok(None);
        }
        pinned => pinned.map_err(|error| not_kept(url, pin, &error))?,
    };
    let is_same =
        SealingCertificate::from_pem(&pinned).is_ok_and(|one| one.key_id() == given.key_id());
    Ok((!is_same).then(|| {
        format!(
            "the controller at {url} has another sealing key than when it was first seen ({}); what is sealed to the first still opens; seal to this one with: nws-certd reseal",
            given.key_id()
        )
    }))
}

async fn take(url: &ControllerUrl, pin: &Path) -> Result<(), String> {
    let (text, given) = ask(url).await?;
    if std::fs::read(pin).is_ok_and(|pinned| pinned == text) {
        return Ok(());
    }
    let kept = if pin.exists() { replace_private(pin, &text) } else { write_private(pin, &text) };
    kept.map_err(|error| not_kept(url, pin, &error))?;
    info!(controller = %url, key = given.key_id(), "another sealing certificate is pinned, as an operator asks");
    Ok(())
}

async fn ask(url: &ControllerUrl) -> Result<(Vec<u8>, SealingCertificate), String> {
    let wrong =
        |error: &dyn std::error::Error| format!("the controller at {url}: {}", Causes(error));
    let text = url.certificate().await.map_err(|error| wrong(&error))?;
    let certificate = SealingCertificate::from_pem(&text).map_err(|error| wrong(&error))?;
    Ok((text, certificate))
}

fn not_kept(url: &ControllerUrl, pin: &Path, error: &std::io::Error) -> String {
    format!(
        "the sealing certificate of the controller at {url} cannot be kept in {}: {error}",
        pin.display()
    )
}
