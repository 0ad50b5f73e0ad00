//! What helps against what git, ssh and git hosts say most often.

use std::fmt;

/// What an operator can do about words that git passed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remedy {
    /// The host is not in the file of known hosts, or not with this kind of key.
    PinHostKey,
    /// The host shows another key than the pinned one.
    CompareHostKey,
    /// The host takes none of our keys.
    RegisterKey,
    /// The key may read but not write.
    GrantWrite,
    /// There is no such repository, or none that we may know of.
    CheckUrl,
    /// A repository on this machine is another user's.
    OwnRepository,
    /// No deploy key is configured.
    ConfigureSsh,
    /// There is no `ssh` on the path.
    InstallSsh,
    /// The host wants a token, and none is configured.
    ConfigureToken,
    /// The host does not take the token.
    ReplaceToken,
    /// The host takes the token, but not for this.
    GrantAccess,
    /// The host's certificate is not trusted.
    TrustCa,
    /// The host leads elsewhere.
    FollowMove,
    /// The proxy is not there, or lets us go nowhere.
    CheckProxy,
    /// The host takes signed commits only.
    SignCommits,
    /// A disk is full.
    MakeRoom,
}

impl Remedy {
    /// What helps against these words, if they are known. The more telling words come first: a host key that changed also
    /// fails verification, and after everything that ssh says git adds that the repository may not exist.
    pub fn of(said: &str) -> Option<Self> {
        let said = said.to_lowercase();
        SAID.iter().find(|(words, _)| said.contains(words)).map(|(_, remedy)| *remedy)
    }
}

/// As OpenSSH 9, git 2.39, curl 7.88, GitHub, GitLab, Gitea and Bitbucket say it, in lower case.
const SAID: [(&str, Remedy); 39] = [
    ("remote host identification has changed", Remedy::CompareHostKey),
    ("host key verification failed", Remedy::PinHostKey),
    ("permission denied (publickey", Remedy::RegisterKey),
    ("marked as read only", Remedy::GrantWrite),
    ("deploy key does not have write access", Remedy::GrantWrite),
    ("not authorized to write", Remedy::GrantWrite),
    (".git denied to", Remedy::GrantWrite),
    ("read-only access", Remedy::GrantWrite),
    ("you are not allowed to push code to this project", Remedy::GrantWrite),
    ("dubious ownership", Remedy::OwnRepository),
    ("transport 'ssh' not allowed", Remedy::ConfigureSsh),
    ("cannot run ssh", Remedy::InstallSsh),
    ("ssh: not found", Remedy::InstallSsh),
    ("ssh: command not found", Remedy::InstallSsh),
    ("repository not found", Remedy::CheckUrl),
    ("repository does not exist", Remedy::CheckUrl),
    ("cannot find repository", Remedy::CheckUrl),
    ("/' not found", Remedy::CheckUrl),
    ("project you were looking for could not be found", Remedy::CheckUrl),
    ("does not appear to be a git repository", Remedy::CheckUrl),
    ("could not read username", Remedy::ConfigureToken),
    ("authentication failed for", Remedy::ReplaceToken),
    ("could not read password", Remedy::ReplaceToken),
    ("returned error: 403", Remedy::GrantAccess),
    ("certificate verification failed", Remedy::TrustCa),
    ("ssl certificate problem", Remedy::TrustCa),
    ("certificate subject name", Remedy::TrustCa),
    ("returned error: 301", Remedy::FollowMove),
    ("returned error: 302", Remedy::FollowMove),
    ("returned error: 307", Remedy::FollowMove),
    ("returned error: 308", Remedy::FollowMove),
    ("from proxy after connect", Remedy::CheckProxy),
    ("resolve proxy", Remedy::CheckProxy),
    ("proxy connect aborted", Remedy::CheckProxy),
    ("connect tunnel failed", Remedy::CheckProxy),
    ("commits must have verified signatures", Remedy::SignCommits),
    ("commit must be signed with a", Remedy::SignCommits),
    ("is protected from unverified commit", Remedy::SignCommits),
    ("no space left on device", Remedy::MakeRoom),
];

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PinHostKey => {
                "put the host's key into the file of known hosts, compared with what the git host publishes"
            }
            Self::CompareHostKey => {
                "compare the host's key with what the git host publishes, and replace the pinned one only if they agree"
            }
            Self::RegisterKey => {
                "register the public half of the deploy key, which must have no passphrase, with the repository"
            }
            Self::GrantWrite => "give the deploy key or the token write access to the repository",
            Self::CheckUrl => "check the repository's URL, and that the key or user may read it",
            Self::OwnRepository => {
                "make the repository's directory belong to the user nws-certd runs as; git's safe.directory has no effect here"
            }
            Self::ConfigureSsh => "configure a deploy key and known hosts for ssh",
            Self::InstallSsh => "install the OpenSSH client and see that ssh is on PATH",
            Self::ConfigureToken => {
                "configure the file of a token that may read and write the repository"
            }
            Self::ReplaceToken => {
                "put a token that is valid into the token's file, and see that the user name is the one it goes with; no restart is needed"
            }
            Self::GrantAccess => "let the token read and write the contents of this repository",
            Self::TrustCa => {
                "see that the git host's certificate is for its name and in date, and configure the certificate of the CA it is from, if that is a private one"
            }
            Self::FollowMove => {
                "write the URL that the git host leads to, as curl -I shows it; it is not followed, since a token is not for others"
            }
            Self::SignCommits => {
                "configure a signing key, and register its public half as one with the account that has the commits' address"
            }
            Self::MakeRoom => {
                "make room on the disk that is full: the state directory's, or the git host's where these are its words"
            }
            Self::CheckProxy => {
                "check the proxy's address, and that it lets this machine through to the git host"
            }
        })
    }
}
