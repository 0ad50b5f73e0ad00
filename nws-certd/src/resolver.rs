//! DNS as the world sees it, for whoever looks something up.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle as _, FirstAnswer as _};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequest, DnsRequestOptions, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig, TokioResolver};

/// For one question to one resolver; a resolver that has to ask around needs a second at most.
const TRY: Duration = Duration::from_secs(3);
/// How often a question is asked again.
const AGAIN: usize = 1;

/// Asks others, who ask the world.
#[derive(Clone)]
pub(crate) struct Resolver {
    resolver: TokioResolver,
    /// The same servers, for questions that the resolver cannot ask.
    pool: NameServerPool<TokioRuntimeProvider>,
}

impl Resolver {
    /// Asks `resolvers`, or those of the system if there are none.
    ///
    /// # Errors
    ///
    /// [`ResolverError`] if the system does not say whom to ask, or what it says is of no use.
    pub(crate) fn new(resolvers: &[SocketAddr]) -> Result<Self, ResolverError> {
        let servers = if resolvers.is_empty() {
            let (system, _) = read_system_conf().map_err(ResolverError::System)?;
            system.name_servers
        } else {
            resolvers.iter().map(server).collect()
        };
        // Of the servers alone, so that no search domain is tried.
        let config = ResolverConfig::from_name_servers(servers.clone());
        let provider = TokioRuntimeProvider::default();
        let mut builder = TokioResolver::builder_with_config(config, provider.clone());
        as_the_world_sees_it(builder.options_mut());
        let resolver = builder.build().map_err(ResolverError::Setup)?;
        let tls = TlsConfig::new().map_err(ResolverError::Setup)?;
        let context = PoolContext::new(resolver.options().clone(), tls);
        Ok(Self {
            resolver,
            pool: NameServerPool::from_config(servers, Arc::new(context), provider),
        })
    }

    /// The records of one kind at a name, aliases followed.
    ///
    /// # Errors
    ///
    /// [`NetError`], of which [`Self::is_bogus`] knows more where servers fail.
    pub(crate) async fn lookup(&self, name: &str, kind: RecordType) -> Result<Lookup, NetError> {
        self.resolver.lookup(format!("{name}.").as_str(), kind).await
    }

    /// Whether servers fail only because what they find is not signed as it should be: they answer as soon as nobody wants that
    /// checked (RFC 4035 §3.2.2, the CD bit).
    pub(crate) async fn is_bogus(&self, name: &str, kind: RecordType, error: &NetError) -> bool {
        if failure(error) != Some(ResponseCode::ServFail) {
            return false;
        }
        let Ok(name) = Name::from_ascii(format!("{name}.")) else { return false };
        let mut question = Message::query();
        question.add_query(Query::query(name, kind));
        question.metadata.recursion_desired = true;
        question.metadata.checking_disabled = true;
        let request = DnsRequest::new(question, DnsRequestOptions::default());
        let code = match self.pool.send(request).first_answer().await {
            Ok(response) => Some(response.metadata.response_code),
            Err(error) => failure(&error),
        };
        matches!(code, Some(ResponseCode::NoError | ResponseCode::NXDomain))
    }
}

/// How servers said that they cannot, or will not, say.
fn failure(error: &NetError) -> Option<ResponseCode> {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => Some(none.response_code),
        NetError::Dns(DnsError::ResponseCode(code)) => Some(*code),
        _ => None,
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
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
