//! Whether a certificate is served.

use std::net::SocketAddr;

use nws_expiry::{DnsName, DnsNames, Fingerprint};

use super::{Edge, Edges, LookupError, ProbeError};

impl Edges {
    /// Looks whether every address of ours of each of these names serves one certificate.
    ///
    /// # Errors
    ///
    /// [`NotServed`] for the first that does not.
    pub(crate) async fn all_serve(
        &self,
        names: &DnsNames,
        certificate: Fingerprint,
    ) -> Result<(), NotServed> {
        for name in names.iter() {
            let edges = self.look_at_ours(name).await;
            let edges =
                edges.map_err(|source| NotServed::Nowhere { name: name.clone(), source })?;
            if edges.is_empty() {
                return Err(NotServed::Elsewhere { name: name.clone() });
            }
            edges.into_iter().try_for_each(|edge| serves(name, edge, certificate))?;
        }
        Ok(())
    }
}

fn serves(name: &DnsName, edge: Edge, certificate: Fingerprint) -> Result<(), NotServed> {
    let (name, address) = (name.clone(), edge.address);
    match edge.served {
        Ok(shown) if shown.leaf.fingerprint() == certificate => Ok(()),
        Ok(_) => Err(NotServed::Another { name, address }),
        Err(source) => Err(NotServed::Nothing { name, address, source }),
    }
}

/// Why a certificate is not seen to be served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotServed {
    #[error("no address of {name} is known")]
    Nowhere { name: DnsName, source: LookupError },
    #[error("{name} has no address of edges.addresses")]
    Elsewhere { name: DnsName },
    #[error("{name} at {address} serves another certificate")]
    Another { name: DnsName, address: SocketAddr },
    #[error("{name} at {address}")]
    Nothing { name: DnsName, address: SocketAddr, source: ProbeError },
}
