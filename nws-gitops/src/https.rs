//! What git is told for a repository over `https`: whose certificates it trusts, through which proxy it goes, and with which token.

use std::path::{Path, PathBuf};

use crate::RemoteUrl;
use crate::files::{self, FileError};

mod credential;
pub use credential::{InvalidUserName, UnfitToken, UserName};
use credential::{check_token, helper};
mod proxy;
pub use proxy::{HttpsProxy, InvalidHttpsProxy};

/// How a repository is reached over https; where nothing is said, without a token, directly, and trusting the system's CAs.
#[derive(Clone, Debug, Default)]
pub struct HttpsOptions {
    /// The file of the token that the git host knows us by.
    pub token_file: Option<PathBuf>,
    /// The user name that goes with the token.
    pub user: UserName,
    /// The certificates of the CAs that the git host is certified by, PEM; these and no others are trusted then.
    pub ca_file: Option<PathBuf>,
    /// The proxy on the way.
    pub proxy: Option<HttpsProxy>,
}

/// The way to one host over https.
///
/// The token stays in its file. git asks for it when the host wants one, of a few lines of shell that read the file and answer
/// through a pipe: so it stands in no argument list, no environment, no URL, no configuration and on no disk but the operator's,
/// and a token that was replaced counts from the next command on. An `http.extraHeader` would stand in the environment of git and
/// all its children (`/proc/PID/environ`) and be sent wherever git is led; a `GIT_ASKPASS` of our own would be one more program
/// to install. The token is given to this host alone: not to a proxy, and git follows no redirect.
#[derive(Clone, Debug)]
pub struct Https {
    origin: String,
    token_file: Option<PathBuf>,
    user: UserName,
    ca_file: Option<PathBuf>,
    proxy: Option<HttpsProxy>,
}

impl Https {
    /// Checks that the files are there and hold what they should: a token that others cannot read, and a certificate.
    ///
    /// # Errors
    ///
    /// [`HttpsError`] names the file and what helps.
    pub fn new(url: &RemoteUrl, options: HttpsOptions) -> Result<Self, HttpsError> {
        let HttpsOptions { token_file, user, ca_file, proxy } = options;
        let token_file = token_file.as_deref().map(absolute).transpose()?;
        let ca_file = ca_file.as_deref().map(absolute).transpose()?;
        let https = Self { origin: origin(url), token_file, user, ca_file, proxy };
        https.check()?;
        Ok(https)
    }

    /// Looks at the files as they are now: what git would make of an empty or exposed one is not what helps.
    pub(crate) fn check(&self) -> Result<(), HttpsError> {
        self.ca_file.as_deref().map_or(Ok(()), check_certificates)?;
        self.token_file.as_deref().map_or(Ok(()), check_token)
    }

    /// The settings as git's environment gives them (git(1), `GIT_CONFIG_COUNT`), since a `-c` ends a key at its first `=`.
    pub(crate) fn environment(&self) -> Vec<(String, Vec<u8>)> {
        let settings = self.settings();
        let count = settings.len().to_string().into_bytes();
        let numbered = settings.into_iter().enumerate().flat_map(|(n, (key, value))| {
            [
                (format!("GIT_CONFIG_KEY_{n}"), key.into_bytes()),
                (format!("GIT_CONFIG_VALUE_{n}"), value),
            ]
        });
        [("GIT_CONFIG_COUNT".to_owned(), count)].into_iter().chain(numbered).collect()
    }

    fn settings(&self) -> Vec<(String, Vec<u8>)> {
        use std::os::unix::ffi::OsStrExt as _;
        let mut settings = Vec::new();
        if let Some(file) = &self.token_file {
            let of_host = |name: &str| format!("credential.{}.{name}", self.origin);
            settings.push((of_host("username"), self.user.as_str().into()));
            settings.push((of_host("helper"), helper(file)));
        }
        if let Some(file) = &self.ca_file {
            settings.push(("http.sslCAInfo".to_owned(), file.as_os_str().as_bytes().into()));
        }
        if let Some(proxy) = &self.proxy {
            settings.push(("http.proxy".to_owned(), proxy.as_str().into()));
        }
        settings
    }
}

/// Scheme, host and port.
fn origin(url: &RemoteUrl) -> String {
    let rest = url.as_str().strip_prefix("https://").unwrap_or(url.as_str());
    format!("https://{}", rest.split('/').next().unwrap_or(rest))
}

fn absolute(path: &Path) -> Result<PathBuf, HttpsError> {
    let unreadable = |source| FileError::Unreadable { file: path.into(), source };
    Ok(std::path::absolute(path).map_err(unreadable)?)
}

fn check_certificates(file: &Path) -> Result<(), HttpsError> {
    const MAX_BYTES: u64 = 4 << 20;
    const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
    let bytes = files::read(files::open(file)?, file, MAX_BYTES)?;
    if bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
        Ok(())
    } else {
        Err(HttpsError::NoCertificate { file: file.into() })
    }
}

/// Why git would not do with these files.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    /// One of the files cannot be used at all.
    #[error(transparent)]
    File(#[from] FileError),
    /// There is no token in the file.
    #[error("{} holds no token that can be used: {why}", file.display())]
    Token {
        /// The file.
        file: PathBuf,
        /// What is wrong, without the token.
        why: UnfitToken,
    },
    /// No certificate of a CA.
    #[error(
        "{} holds no certificate; put the certificate of the CA that certifies the git host there, in PEM",
        file.display()
    )]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
}

#[cfg(test)]
mod tests;
