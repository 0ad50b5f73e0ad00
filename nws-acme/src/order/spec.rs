use nws_expiry::{DnsNames, PrivateKey, Profile};
use time::OffsetDateTime;

use crate::{CertificateId, OrderUrl, PreferredChain};

/// Which certificate is wanted, and where its order stands.
#[derive(Clone, Debug)]
pub struct OrderSpec {
    /// The names, all of which the certificate will have, and no other.
    pub names: DnsNames,
    /// The certificate's key, kept durably before; a resumed order needs the one it was begun with.
    pub key: PrivateKey,
    /// The CA's profile; its default if none is named.
    pub profile: Option<Profile>,
    /// The certificate that this one is to succeed, of the same account and with a name in common (RFC 9773 §5).
    ///
    /// Only told to a CA that has renewal information. One that does not want to hear of it is asked for the same order without.
    pub replaces: Option<CertificateId>,
    /// The root that its chain should end at; the CA's default chain if none is named, or if no chain ends there.
    pub chain: Option<PreferredChain>,
    /// An order to go on with, if one is known.
    pub resume: Option<OrderUrl>,
    /// When to give up for now; the order stays open.
    pub deadline: OffsetDateTime,
}
