//! OpenSSH: what the daemon's git comes in by, and the server that a world's repository is behind.

use std::path::PathBuf;

use anyhow::Result;

use crate::tools;

pub(crate) struct OpenSsh {
    /// Git starts it itself; it is here to be missed before a scenario misses it.
    pub(crate) client: PathBuf,
    pub(crate) keygen: PathBuf,
    pub(crate) server: PathBuf,
}

/// Any version that a system still supports will do.
pub(crate) async fn find_or_install() -> Result<OpenSsh> {
    Ok(OpenSsh {
        client: tools::find_or("ssh", "openssh-client").await?,
        keygen: tools::find_or("ssh-keygen", "openssh-client").await?,
        server: tools::find_or("sshd", "openssh-server").await?,
    })
}
