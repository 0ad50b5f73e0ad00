//! Certificates of other clients that are to be taken over.

use std::cmp::Reverse;

use nws_expiry::{Chain, InvalidPrivateKey, Leaf, Mismatch, PrivateKey};
use nws_gitops::Tips;
use tokio::task::JoinSet;
use tracing::info;

use crate::control::{CertificateBody, ImportBody, ImportedFrom};
use crate::daemon::Daemon;
use crate::failure::Causes;
use crate::import::{ImportOutcome, ImportReport, ImportedReport, Verdict, Wants};
use crate::repositories::View;
use crate::repository::LookError;
use crate::store::{Imported, Step};
use crate::vault::{Sealed, Vault};

/// A certificate that was found elsewhere, with its key still sealed.
struct Candidate {
    source: String,
    chain: Chain,
    key: Sealed,
    ca: Option<String>,
}

impl Daemon {
    /// Takes over certificates, each for itself: one that cannot be stops no other. Done twice it is done once.
    ///
    /// What is read elsewhere is stored, and delivered like everything that was issued; what is in the branch is adopted there.
    pub(crate) async fn import(&self, body: ImportBody) -> Result<ImportReport, String> {
        let report = match body.from {
            ImportedFrom::Branch(secrets) => self.adopt(&secrets, body.dry_run).await?,
            ImportedFrom::Elsewhere(found) => self.take_over(&found, body.dry_run).await?,
        };
        let taken = report.count(ImportOutcome::Taken);
        if taken > 0 && !report.dry_run {
            info!(certificates = taken, "an operator has certificates taken over");
        }
        Ok(report)
    }

    /// The branches as they are now.
    pub(super) async fn look_for_import(&self) -> Result<View, String> {
        let said = |error: LookError| Causes(&error).to_string();
        let (repositories, mut tips) = (&self.parts.repositories, Tips::new());
        let slow = self.branches.iter().position(|branch| branch.is_being_fetched);
        if let Some(one) = slow.and_then(|at| repositories.get(at)) {
            return Err(one.says("the git host has not answered yet; try again"));
        }
        let all: Vec<_> = (0..self.branches.len()).collect();
        for (at, fetched) in repositories.fetch(&all).await {
            let Some(one) = repositories.get(at) else { continue };
            let tip = fetched.map_err(|error| one.says(&said(error)))?;
            tips.insert(one.name().clone(), tip);
        }
        repositories.view(self.view.as_ref(), tips).await.map_err(said)
    }

    async fn take_over(
        &self,
        found: &[CertificateBody],
        dry_run: bool,
    ) -> Result<ImportReport, String> {
        let view = self.look_for_import().await?;
        let now = self.parts.clock.now();
        let facts = self.parts.store.load().await.map_err(|error| Causes(&error).to_string())?;
        let plan = self.plan_for(now, &view.inventory, &facts);
        let mut wants = Wants::of(now, &plan, &facts);
        let mut report = ImportReport { dry_run, ..ImportReport::default() };
        let mut taken = Vec::new();
        for candidate in candidates(found)? {
            let one = self.judge(candidate, &mut wants, &mut taken).await?;
            report.certificates.push(one);
        }
        if !dry_run {
            self.keep_imported(taken).await?;
        }
        Ok(report)
    }

    async fn judge(
        &self,
        one: Candidate,
        wants: &mut Wants<'_>,
        taken: &mut Vec<Imported>,
    ) -> Result<ImportedReport, String> {
        let (source, leaf) = (&one.source, one.chain.leaf());
        if let Err(why) = self.may_be_used(&one).await? {
            return Ok(ImportedReport::refused(source, Some(leaf), &why));
        }
        Ok(match wants.for_names(leaf) {
            Verdict::Left(why) => ImportedReport::left(source, leaf, &why),
            Verdict::There(planned) => ImportedReport::there(source, leaf, planned),
            Verdict::Take(planned) => {
                let row = ImportedReport::taken(source, leaf, planned);
                let certificate = planned.key.clone();
                let Candidate { chain, key: sealed_key, ca, .. } = one;
                taken.push(Imported { certificate, chain, sealed_key, ca });
                row
            }
        })
    }

    /// Waits for all at once, so that they share the store's transactions.
    pub(super) async fn keep_imported(&self, taken: Vec<Imported>) -> Result<(), String> {
        let mut writing = JoinSet::new();
        for one in taken {
            let store = self.parts.store.clone();
            writing.spawn(async move { store.write(Step::Imported(Box::new(one))).await });
        }
        while let Some(written) = writing.join_next().await {
            let written = written.map_err(|error| Causes(&error).to_string())?;
            written.map_err(|error| Causes(&error).to_string())?;
        }
        Ok(())
    }

    /// Whether its key opens with our key file, is its own, and is that of no certificate that is revoked.
    async fn may_be_used(&self, one: &Candidate) -> Result<Result<(), Unusable>, String> {
        match key_of(&self.parts.publisher.vault, one) {
            Ok(()) => self.is_not_of_revoked(one.chain.leaf()).await,
            Err(why) => Ok(Err(why)),
        }
    }

    pub(super) async fn is_not_of_revoked(
        &self,
        leaf: &Leaf,
    ) -> Result<Result<(), Unusable>, String> {
        let revoked = self.parts.store.is_key_of_revoked(leaf.public_key()).await;
        let revoked = revoked.map_err(|error| Causes(&error).to_string())?;
        Ok(if revoked { Err(Unusable::Revoked) } else { Ok(()) })
    }
}

fn key_of(vault: &Vault, one: &Candidate) -> Result<(), Unusable> {
    let der = vault.open_sealed(&one.key).map_err(|_| Unusable::Vault)?;
    let key = PrivateKey::from_pkcs8_der(&der).map_err(Unusable::Key)?;
    let is_its_own = key.public_key() == one.chain.leaf().public_key();
    if is_its_own { Ok(()) } else { Err(Unusable::OtherKey) }
}

/// What lasts longest comes first, so that of several for the same hosts it is the one that is taken.
fn candidates(found: &[CertificateBody]) -> Result<Vec<Candidate>, String> {
    let candidate = |body: &CertificateBody| {
        let (chain, key) = body.read()?;
        Some(Candidate { source: body.source.clone(), chain, key, ca: body.ca.clone() })
    };
    let all: Option<Vec<_>> = found.iter().map(candidate).collect();
    let mut all = all.ok_or(
        "a certificate is not written as this daemon reads them; are both of one version?",
    )?;
    all.sort_by_key(|one| Reverse(one.chain.leaf().not_after()));
    Ok(all)
}

/// Why a certificate and a key are of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error(
        "its key is sealed to another key file than this daemon's; are both of one configuration?"
    )]
    Vault,
    #[error("its key cannot be used")]
    Key(#[source] InvalidPrivateKey),
    #[error("the key beside the certificate is another one's")]
    OtherKey,
    #[error("the certificate cannot be used")]
    Mismatch(#[source] Mismatch),
    #[error("a certificate with its key was revoked, or is to be; have another ordered instead")]
    Revoked,
}

impl From<Mismatch> for Unusable {
    fn from(why: Mismatch) -> Self {
        match why {
            Mismatch::Key => Self::OtherKey,
            Mismatch::Names { .. } | Mismatch::Expired { .. } => Self::Mismatch(why),
        }
    }
}
