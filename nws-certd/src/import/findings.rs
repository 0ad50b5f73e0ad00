//! What was found in the folder of another client.

use nws_expiry::{Chain, InvalidChain, InvalidPrivateKey, PrivateKey};

use super::Unread;

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) certificates: Vec<Found>,
    pub(crate) accounts: Vec<FoundAccount>,
}

/// A certificate, or why it cannot be used.
#[derive(Debug)]
pub(crate) struct Found {
    /// Where, within the folder.
    pub(crate) source: String,
    pub(crate) material: Result<Material, Unfit>,
}

/// A certificate with the key that lies beside it, which may be another one's.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) chain: Chain,
    pub(crate) key: PrivateKey,
    /// The CA that it came from, where that was written down.
    pub(crate) server: Option<Server>,
    /// The id of the account that ordered it, where that was written down.
    pub(crate) account: Option<String>,
}

/// An account at a CA.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct FoundAccount {
    pub(crate) server: Server,
    /// What the client calls it.
    pub(crate) id: String,
    /// Its key, within the folder.
    pub(crate) key_file: String,
}

/// A CA, as far as a client has written down which.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Server {
    /// The URL of its directory.
    Directory(String),
    /// Its host and port, with what a file's name cannot hold replaced as lego does.
    Host(String),
}

impl Server {
    /// The CA at this host, and port where there is one.
    pub(crate) fn at_host(authority: &str) -> Self {
        Self::Host(authority.replace([':', '/'], "_"))
    }

    /// The CA that some URL belongs to; `None` for what is no URL.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        host_of(url).map(Self::at_host)
    }

    /// Whether this is the CA with that directory.
    pub(crate) fn is(&self, directory: &str) -> bool {
        match self {
            Self::Directory(url) => url == directory,
            Self::Host(_) => Self::of_url(directory).as_ref() == Some(self),
        }
    }
}

fn host_of(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("https://")?;
    rest.split('/').next().filter(|host| !host.is_empty())
}

/// Why what lies in a folder is no certificate with its key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unfit {
    /// A file cannot be read.
    #[error("{file}")]
    Unread { file: String, source: Unread },
    /// A file is no certificate.
    #[error("{file} holds no certificate chain")]
    Chain { file: String, source: InvalidChain },
    /// A file is no key.
    #[error("{file} holds no key that can be used")]
    Key { file: String, source: InvalidPrivateKey },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_ca_a_server_is() {
        let staging = "https://acme-staging-v02.api.letsencrypt.org/directory";
        let test = "https://127.0.0.1:14000/dir";
        let cases = [
            (Server::Directory(staging.into()), staging, true),
            (Server::Directory(staging.into()), test, false),
            (Server::at_host("acme-staging-v02.api.letsencrypt.org"), staging, true),
            (Server::at_host("127.0.0.1_14000"), test, true),
            (Server::at_host("127.0.0.1"), test, false),
            (Server::of_url("https://127.0.0.1:14000/certZ/2f").unwrap(), test, true),
        ];
        for (server, directory, want) in cases {
            assert_eq!(server.is(directory), want, "{server:?} {directory}");
        }
        assert_eq!([Server::of_url("http://a/"), Server::of_url("https:///a")], [None, None]);
    }
}
