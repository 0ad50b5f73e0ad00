//! DNS as the world sees it, for whoever looks something up.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::system_conf::read_system_conf;

/// For one question to one resolver; a resolver that has to ask around needs a second at most.
const TRY: Duration = Duration::from_secs(3);
/// How often a question is asked again.
const AGAIN: usize = 1;

/// Asks `resolvers`, or those of the system if there are none.
///
/// # Errors
///
/// [`ResolverError`] if the system does not say whom to ask, or what it says is of no use.
pub(crate) fn resolver(resolvers: &[SocketAddr]) -> Result<TokioResolver, ResolverError> {
    let servers = if resolvers.is_empty() {
        let (system, _) = read_system_conf().map_err(ResolverError::System)?;
        system.name_servers
    } else {
        resolvers.iter().map(server).collect()
    };
    // Of the servers alone, so that no search domain is tried.
    let config = ResolverConfig::from_name_servers(servers);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    as_the_world_sees_it(builder.options_mut());
    builder.build().map_err(ResolverError::Setup)
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = address.port();
    }
    NameServerConfig::new(address.ip(), true, connections)
}

/// Neither this host's own names nor what was true a while ago.
fn as_the_world_sees_it(options: &mut ResolverOpts) {
    options.use_hosts_file = ResolveHosts::Never;
    options.cache_size = 0;
    options.timeout = TRY;
    options.attempts = AGAIN;
}

/// Why nothing can be looked up.
#[derive(Debug, thiserror::Error)]
pub enum ResolverError {
    /// Nobody to ask.
    #[error("cannot read the system's resolvers; name some in edges.resolvers")]
    System(#[source] NetError),
    /// The resolver does not start.
    #[error("cannot set up the DNS resolver; check edges.resolvers")]
    Setup(#[source] NetError),
}
