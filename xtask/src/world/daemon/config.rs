//! The daemon's configuration file, as an operator of this world would write it.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::world::Settings;

/// Where everything is that the daemon is told of.
pub(crate) struct Places {
    /// The world's folder.
    pub(crate) folder: PathBuf,
    /// The CA's directory.
    pub(crate) directory: String,
    /// The repository's URL.
    pub(crate) repository: String,
    pub(crate) deploy_key: PathBuf,
    pub(crate) known_hosts: PathBuf,
    /// The public listener.
    pub(crate) challenge: SocketAddr,
    /// The listener that pushes are told on.
    pub(crate) webhook: SocketAddr,
    pub(crate) webhook_secret: PathBuf,
    /// The edges' port.
    pub(crate) https: u16,
    pub(crate) dns: SocketAddr,
}

impl Places {
    pub(super) fn configuration(&self, settings: Settings) -> String {
        let Self { directory, repository, challenge, webhook, https, dns, .. } = self;
        let Settings { poll, batch, request, concurrency, .. } = settings;
        let paths = [&self.folder, &self.deploy_key, &self.known_hosts, &self.webhook_secret];
        let [folder, deploy_key, known_hosts, secret] = paths.map(|path| path.display());
        format!(
            r#"state_dir = "{folder}/state"

[ca]
directory = "{directory}"
terms_agreed = true
roots = "{folder}/ca.pem"
timeout = "{request}"

[git]
url = "{repository}"
encryption = "none"
poll = "{poll}"
batch = "{batch}"

[git.ssh]
key = "{deploy_key}"
known_hosts = "{known_hosts}"

[webhook]
listen = ["{webhook}"]
secret_file = "{secret}"

[challenge]
listen = ["{challenge}"]

[orders]
concurrency = {concurrency}

[edges]
https_port = {https}
resolvers = ["{dns}"]
"#
        )
    }
}
