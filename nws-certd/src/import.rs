//! Certificates that other clients have made, taken over as they are.
//!
//! Readers of what certbot and lego leave behind are pure: a [`Folder`] in, [`Findings`] out. Whether a certificate is taken
//! over is decided by [`Wants`]; the daemon, which owns store and branch, does it (`daemon/asked/import.rs`), and what was
//! done is a [`ImportReport`]. A Secret of somebody else in the branch is read by `nws_gitops::adoptable`.

mod certbot;
mod findings;
mod folder;
mod lego;
mod pem;
mod report;
mod wants;

pub(crate) use certbot::CERTBOT;
pub(crate) use findings::{Findings, Found, FoundAccount, Material, Server, Unfit};
pub use folder::FolderError;
pub(crate) use folder::{Folder, Unread};
pub(crate) use lego::LEGO;
pub(crate) use report::{ImportOutcome, ImportReport, ImportedReport, import_text};
pub(crate) use wants::{Useless, Verdict, Wants, hosts};

/// A client whose folder is known.
pub(crate) struct Client {
    /// The folders in it that matter.
    pub(crate) folders: &'static [&'static str],
    /// What it has left behind.
    pub(crate) read: fn(&Folder) -> Findings,
}

#[cfg(test)]
pub(crate) mod tests;
