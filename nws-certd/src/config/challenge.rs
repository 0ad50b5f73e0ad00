//! `[challenge]`: where validators are answered, and what.

use std::net::{Ipv6Addr, SocketAddr};

use super::read::Reader;
use super::values;

/// The `[challenge]` table.
#[derive(Clone, Debug)]
pub struct ChallengeSettings {
    /// The addresses HTTP-01 is answered on: `listen`.
    pub listen: Vec<SocketAddr>,
    /// Those on which every connection has to begin with a PROXY header: `listen_proxy_protocol`.
    pub listen_proxy_protocol: Vec<SocketAddr>,
    /// What of tokens that no order knows: `stateless`.
    pub stateless: StatelessAnswers,
}

/// What is answered to tokens that no order under way has brought: `challenge.stateless`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StatelessAnswers {
    /// 404.
    Off,
    /// The key authorization, where the request is for a host that is wanted, or that an order under way is for.
    KnownHosts,
    /// The key authorization, whatever host the request is for.
    Any,
}

impl ChallengeSettings {
    pub(super) fn take(from: &mut Reader) -> Option<Self> {
        let listen = values::addresses(from, "challenge.listen");
        let proxied = values::addresses(from, "challenge.listen_proxy_protocol");
        let answers = [
            ("off", StatelessAnswers::Off),
            ("known-hosts", StatelessAnswers::KnownHosts),
            ("any", StatelessAnswers::Any),
        ];
        let stateless = values::choice(from, "challenge.stateless", answers);
        let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 8089));
        let listen = listen?.unwrap_or_else(|| vec![everywhere]);
        let listen_proxy_protocol = proxied?.unwrap_or_default();
        if listen_proxy_protocol.is_empty() {
            // A table that is there but listens nowhere is a mistake.
            values::not_empty(from, "challenge.listen", listen.clone())?;
        }
        if let Some(both) = listen.iter().find(|one| listen_proxy_protocol.contains(one)) {
            let fault = format!(
                "{both} is in challenge.listen too; a listener either requires the PROXY header or does not know it, so write each address in one of them"
            );
            from.fault("challenge.listen_proxy_protocol", fault);
            return None;
        }
        Some(Self { listen, listen_proxy_protocol, stateless: stateless? })
    }
}
