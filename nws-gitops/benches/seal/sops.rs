//! As SOPS files for age.

use std::num::NonZeroUsize;

use age::x25519::Identity;
use nws_gitops::{AgeRecipients, Provenance, SecretForm, SopsKind, sops_manifest};
use time::macros::datetime;

use super::{Outcome, certificate, measure};

pub(crate) fn run(
    kind: &str,
    recipients: usize,
    secrets: NonZeroUsize,
    cores: NonZeroUsize,
) -> Outcome<String> {
    let kind = match kind {
        "sops-age" => SopsKind::Secret,
        "sops-secret" => SopsKind::SopsSecret,
        _ => return Err(format!("no {kind} is measured").into()),
    };
    let recipient = |_| Identity::generate().to_public().to_string();
    let (issued, to) =
        (certificate::issued()?, AgeRecipients::new((0..recipients).map(recipient))?);
    let (by, form) = (Provenance::default(), SecretForm::default());
    let at = datetime!(2026-03-01 12:00 UTC);
    measure(secrets, cores, |key| sops_manifest(key, &issued, &by, &form, &to, kind, at))
}
