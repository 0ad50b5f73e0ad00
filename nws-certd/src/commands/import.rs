//! `nws-certd import`.

mod account;

use std::path::Path;
use std::sync::Arc;

use nws_acme::Clock;

use super::{Answer, ask_or_open, note, show};
use crate::args::{ImportCommand, ImportHow};
use crate::config::Config;
use crate::control::{CertificateBody, Control, ImportBody, ImportedFrom};
use crate::daemon::Daemon;
use crate::failure::Failure;
use crate::import::{
    CERTBOT, Client, Folder, Found, ImportOutcome, ImportReport, ImportedReport, LEGO, Material,
    import_text,
};
use crate::open::OpenError;
use crate::vault::{SealError, Vault};

pub use account::TakeAccountError;

/// What the commands of this module work with.
struct Desk<'a> {
    control: &'a Control,
    config: &'a Config,
    clock: Arc<dyn Clock>,
}

pub(super) async fn import(
    command: ImportCommand,
    control: &Control,
    config: &Config,
    clock: Arc<dyn Clock>,
) -> Result<(), Failure> {
    let desk = Desk { control, config, clock };
    match command {
        ImportCommand::Repo { secrets, all: _, how } => {
            let all = secrets.is_empty();
            let secrets = secrets.iter().map(ToString::to_string).collect();
            let report = desk.ask(ImportedFrom::Branch(secrets), how).await?;
            conclude(&report, how, if all { Strictness::Broken } else { Strictness::All })
        }
        ImportCommand::Certbot(from) => {
            desk.folder(&CERTBOT, &from.dir, &from.account, from.how).await
        }
        ImportCommand::Lego(from) => desk.folder(&LEGO, &from.dir, &from.account, from.how).await,
    }
}

impl Desk<'_> {
    /// Takes over what lies in a client's folder.
    async fn folder(
        &self,
        client: &Client,
        dir: &Path,
        account: &crate::args::ImportAccount,
        how: ImportHow,
    ) -> Result<(), Failure> {
        let folder = Folder::open(dir, client.folders).map_err(Failure::Folder)?;
        let findings = (client.read)(&folder);
        if account.account {
            self.take_accounts(dir, &findings, account.replace_account, how.dry_run).await?;
        }
        let (found, broken) = self.sealed(findings.certificates)?;
        let mut report = self.ask(ImportedFrom::Elsewhere(found), how).await?;
        report.certificates.extend(broken);
        conclude(&report, how, Strictness::Broken)
    }

    /// What can be sent, and what is to be said of the rest. A key leaves this process only sealed.
    fn sealed(
        &self,
        found: Vec<Found>,
    ) -> Result<(Vec<CertificateBody>, Vec<ImportedReport>), Failure> {
        let vault = Vault::open(&self.config.key_file).map_err(OpenError::Vault)?;
        let (mut whole, mut broken) = (Vec::new(), Vec::new());
        for Found { source, material } in found {
            match material {
                Ok(material) => {
                    whole.push(self.body(&vault, source, &material).map_err(Failure::Seal)?);
                }
                Err(why) => broken.push(ImportedReport::refused(&source, None, &why)),
            }
        }
        Ok((whole, broken))
    }

    fn body(
        &self,
        vault: &Vault,
        source: String,
        material: &Material,
    ) -> Result<CertificateBody, SealError> {
        let sealed = vault.seal(material.key.pkcs8_der())?;
        Ok(CertificateBody::new(source, &material.chain, &sealed, self.issuer_of(material)))
    }

    /// The configured CA that issued it. Where that asks for a profile nobody knows whether this has it, and a CA that is not
    /// known is not compared with: so it is not replaced at once.
    fn issuer_of(&self, material: &Material) -> Option<String> {
        let server = material.server.as_ref()?;
        let mut cas = self.config.cas.iter().filter(|ca| ca.profile.is_none());
        cas.find(|ca| server.is(ca.directory.as_str())).map(|ca| ca.directory.as_str().to_owned())
    }

    /// Has the running daemon do it; where none runs, does it with the state directory held.
    async fn ask(&self, from: ImportedFrom, how: ImportHow) -> Result<ImportReport, Failure> {
        let body = ImportBody { from, dry_run: how.dry_run };
        let ask = async || self.control.import(&body).await;
        match ask_or_open(self.config, self.clock.clone(), ask).await? {
            Answer::Daemon(report) => Ok(report),
            Answer::Nobody(opened) => {
                let daemon = Daemon::new(opened.parts);
                let report = daemon.import(body).await;
                let report = report.map_err(|reason| Failure::NotImported { reason })?;
                if report.count(ImportOutcome::Taken) > 0 && report.commit.is_none() && !how.dry_run
                {
                    note("no daemon runs; what was taken over is delivered once one does\n");
                }
                Ok(report)
            }
        }
    }
}

/// What makes an import fail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Strictness {
    /// Something that is broken. Of a whole folder some is of no use.
    Broken,
    /// Whatever is not there afterwards, as each was named.
    All,
}

fn conclude(report: &ImportReport, how: ImportHow, strict: Strictness) -> Result<(), Failure> {
    show(how.output, report, |colour| import_text(report, colour))?;
    let left = match strict {
        Strictness::Broken => 0,
        Strictness::All => report.count(ImportOutcome::Left),
    };
    match report.count(ImportOutcome::Refused) + left {
        0 => Ok(()),
        failed => Err(Failure::NotAllImported { failed, of: report.certificates.len() }),
    }
}
