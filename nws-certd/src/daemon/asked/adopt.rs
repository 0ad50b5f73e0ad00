//! Secrets of others in the branch that are to be ours.
//!
//! What would be wanted once they are is read from a commit that is never pushed: so whatever says who wants what is asked in its
//! own words, and a Secret that nobody wants stays whose it is.

use nws_expiry::{Chain, Issued, Leaf};
use nws_gitops::{
    Adoptable, Delivered, Delivery, Edit, Inventory, Message, NotAdoptable, Recovery, Seals,
    adoption,
};

use super::import::Unusable;
use crate::daemon::{Daemon, Parts};
use crate::failure::Causes;
use crate::import::{ImportOutcome, ImportReport, ImportedReport, Wants, hosts};
use crate::plan::Planned;
use crate::repositories::View;
use crate::repository::{PublishError, Repository};
use crate::store::Imported;

/// How often the branch may move before somebody asks again.
const RACES: usize = 8;

/// What is said of one that cannot be adopted.
type Row = Box<ImportedReport>;

/// A Secret that can be adopted, and the edit that does it.
struct Candidate {
    held: Delivered,
    issued: Issued,
    dropped: Vec<String>,
    edit: Edit,
    delivery: Delivery,
}

impl Daemon {
    /// Makes Secrets of others ours, those named or all that somebody wants.
    pub(super) async fn adopt(
        &self,
        secrets: &[String],
        dry_run: bool,
    ) -> Result<ImportReport, String> {
        let mut report = ImportReport { dry_run, ..ImportReport::default() };
        for of in self.parts.repositories.iter() {
            let one = self.adopt_in(of, secrets, dry_run).await?;
            report.certificates.extend(one.certificates);
            report.commit = report.commit.or(one.commit);
        }
        Ok(report)
    }

    /// Each repository by itself, in a commit of its own.
    async fn adopt_in(
        &self,
        of: &Repository,
        secrets: &[String],
        dry_run: bool,
    ) -> Result<ImportReport, String> {
        for _ in 0..RACES {
            if let Some(report) = self.try_adopt(of, secrets, dry_run).await? {
                return Ok(report);
            }
        }
        Err(of.says(&format!(
            "the branch moved {RACES} times meanwhile; nothing was adopted, so try again"
        )))
    }

    /// `None` if somebody else was faster. A crash before the push leaves certificates in the store that nobody wants, and one
    /// after it what the next look at the branch sees.
    async fn try_adopt(
        &self,
        of: &Repository,
        secrets: &[String],
        dry_run: bool,
    ) -> Result<Option<ImportReport>, String> {
        let view = self.look_for_import().await?;
        let (found, mut rows) = select(&view.inventory, of, secrets);
        if self.parts.repositories.position(of.name().as_str()) == Some(0) {
            rows.extend(absent(&view.inventory, secrets));
        }
        let now = self.parts.clock.now();
        let Parts { sealing, repositories, .. } = &self.parts;
        let seals = sealing.seek(repositories, &view, &self.controllers, now).await.seals;
        let candidates = self.adoptable((&view, &seals), found, &mut rows).await?;
        let mut report = ImportReport { dry_run, commit: None, certificates: rows };
        let accepted = self.accept(&view, candidates, &mut report).await?;
        if dry_run || accepted.is_empty() {
            return Ok(Some(report));
        }
        let (edits, deliveries): (Vec<_>, Vec<_>) =
            accepted.into_iter().map(|one| (one.edit, one.delivery)).unzip();
        let message = Message::for_adoptions(&deliveries);
        let publisher = &self.parts.publisher;
        match publisher.push(of, view.base(of), edits, deliveries, message).await {
            Ok(landed) => {
                report.commit = Some(landed.tip.to_string());
                Ok(Some(report))
            }
            Err(PublishError::Push(error)) if error.recovery() == Recovery::Rebuild => Ok(None),
            Err(error) => Err(Causes(&error).to_string()),
        }
    }

    /// What can be adopted; of the rest it is said why not.
    async fn adoptable(
        &self,
        into: (&View, &Seals),
        found: Vec<Delivered>,
        rows: &mut Vec<ImportedReport>,
    ) -> Result<Vec<Candidate>, String> {
        let read = self.parts.repositories.adoptable(found).await;
        let mut candidates = Vec::new();
        for (held, read) in read.map_err(|error| Causes(&error).to_string())? {
            match self.candidate(into, held, read).await? {
                Ok(one) => candidates.push(one),
                Err(row) => rows.push(*row),
            }
        }
        Ok(candidates)
    }

    async fn candidate(
        &self,
        (view, seals): (&View, &Seals),
        held: Delivered,
        read: Result<Adoptable, NotAdoptable>,
    ) -> Result<Result<Candidate, Row>, String> {
        let one = match Candidate::of(&view.inventory, held, read, seals) {
            Ok(one) => one,
            Err(row) => return Ok(Err(row)),
        };
        let leaf = one.issued.leaf();
        Ok(match self.is_not_of_revoked(leaf).await? {
            Ok(()) => Ok(one),
            Err(why) => {
                let source = one.held.path.to_string();
                Err(Box::new(ImportedReport::refused(&source, Some(leaf), &why)))
            }
        })
    }

    /// Those that somebody wants as they are; they are in the store when this returns, unless nothing is to be done.
    async fn accept(
        &self,
        view: &View,
        candidates: Vec<Candidate>,
        report: &mut ImportReport,
    ) -> Result<Vec<Candidate>, String> {
        let now = self.parts.clock.now();
        let edits = candidates.iter().map(|one| one.edit.clone()).collect();
        let trial = self.parts.repositories.trial(view, edits, now).await;
        let trial = trial.map_err(|error| Causes(&error).to_string())?;
        let facts = self.parts.store.load().await.map_err(|error| Causes(&error).to_string())?;
        let plan = self.plan_for(now, &trial.inventory, &facts);
        let mut wants = Wants::of(now, &plan, &facts);
        let (mut accepted, mut stored) = (Vec::new(), Vec::new());
        for one in candidates {
            let leaf = one.issued.leaf();
            match wants.for_secret(leaf, &one.delivery.key) {
                Ok((planned, is_to_be_stored)) => {
                    if is_to_be_stored && !report.dry_run {
                        stored.push(self.sealed(&one.issued, planned)?);
                    }
                    report.certificates.push(one.row(planned));
                    accepted.push(one);
                }
                Err(why) => {
                    let row = ImportedReport::left(&one.held.path.to_string(), leaf, &why);
                    report.certificates.push(row);
                }
            }
        }
        self.keep_imported(stored).await?;
        Ok(accepted)
    }

    fn sealed(&self, issued: &Issued, planned: &Planned) -> Result<Imported, String> {
        let sealed_key = self.parts.publisher.vault.seal(issued.key().pkcs8_der());
        Ok(Imported {
            certificate: planned.key.clone(),
            chain: issued.chain().clone(),
            sealed_key: sealed_key.map_err(|error| Causes(&error).to_string())?,
            ca: None,
        })
    }
}

impl Candidate {
    fn of(
        inventory: &Inventory,
        held: Delivered,
        read: Result<Adoptable, NotAdoptable>,
        seals: &Seals,
    ) -> Result<Self, Row> {
        let source = &held.path.to_string();
        let refused = |leaf: Option<&Leaf>, why: &dyn std::error::Error| {
            Box::new(ImportedReport::refused(source, leaf, why))
        };
        let read = read.map_err(|why| refused(leaf_of(&held), &why))?;
        let (leaf, is_managed) = (read.chain.leaf().clone(), read.is_managed);
        let names =
            hosts(&leaf).map_err(|why| Box::new(ImportedReport::left(source, &leaf, &why)))?;
        // That it has ended is told later, with who wants it.
        let issued = Issued::check(read.chain, read.key, names, leaf.not_before());
        let issued = issued.map_err(|why| refused(Some(&leaf), &Unusable::from(why)))?;
        let adopted = adoption(inventory, &held, (&issued, is_managed), seals);
        let (edit, delivery) = adopted.map_err(|why| refused(Some(&leaf), &why))?;
        Ok(Self { held, issued, dropped: read.dropped, edit, delivery })
    }

    fn row(&self, planned: &Planned) -> ImportedReport {
        let dropped = self.dropped.join(", ");
        ImportedReport {
            secrets: vec![self.delivery.key.to_string()],
            detail: (!dropped.is_empty()).then(|| format!("{dropped} is not written again")),
            ..ImportedReport::taken(&self.held.path.to_string(), self.issued.leaf(), planned)
        }
    }
}

/// What is asked for in a repository, and what is to be said of what is ours.
fn select(
    inventory: &Inventory,
    of: &Repository,
    secrets: &[String],
) -> (Vec<Delivered>, Vec<ImportedReport>) {
    let is_here = |held: &&Delivered| held.path.repository() == of.name().as_str();
    let here = inventory.delivered.iter().filter(is_here);
    if secrets.is_empty() {
        return (here.filter(|held| !held.ours && held.chain.is_some()).cloned().collect(), vec![]);
    }
    let is_asked = |held: &&Delivered| secrets.contains(&held.secret.to_string());
    let (ours, found): (Vec<_>, _) = here.filter(is_asked).partition(|held| held.ours);
    (found.into_iter().cloned().collect(), ours.into_iter().map(as_it_is).collect())
}

/// What is to be said of what is nowhere.
fn absent(inventory: &Inventory, secrets: &[String]) -> Vec<ImportedReport> {
    let is_there = |secret: &&String| {
        inventory.delivered.iter().any(|held| held.secret.to_string() == **secret)
    };
    let row = |secret: &String| {
        let why = "the branch holds no such Secret".to_owned();
        ImportedReport::without_secrets(secret, None, ImportOutcome::Refused, why)
    };
    secrets.iter().filter(|secret| !is_there(secret)).map(row).collect()
}

fn as_it_is(held: &Delivered) -> ImportedReport {
    let (source, why) = (held.path.to_string(), "it is nws-certd's already".to_owned());
    ImportedReport::without_secrets(&source, leaf_of(held), ImportOutcome::There, why)
}

fn leaf_of(held: &Delivered) -> Option<&Leaf> {
    held.chain.as_ref().map(Chain::leaf)
}
