//! Which of several chains a certificate comes with (RFC 8555 §7.4.2).

use std::fmt;
use std::str::FromStr;

use nws_expiry::{Chain, Issued};
use tracing::{info, warn};

use super::{Run, at};
use crate::retry::retry;
use crate::{OrderError, OrderUrl, Step};

/// The root that a chain should end at, by its common name, letter for letter: `ISRG Root X1`.
///
/// As certbot, lego and cert-manager understand it: a chain ends at the issuer of its topmost certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PreferredChain(Box<str>);

impl PreferredChain {
    fn is_end_of(&self, chain: &Chain) -> bool {
        chain.root_name() == Some(&self.0)
    }
}

impl FromStr for PreferredChain {
    type Err = InvalidPreferredChain;

    fn from_str(text: &str) -> Result<Self, InvalidPreferredChain> {
        if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
            return Err(InvalidPreferredChain { found: text.into() });
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for PreferredChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be the name of a root.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} names no root; write its common name, for example \"ISRG Root X1\"")]
pub struct InvalidPreferredChain {
    /// As written.
    pub found: String,
}

impl Run<'_> {
    /// No CA is known to offer more than three.
    const ALTERNATES: usize = 8;

    /// The certificate with the chain that is preferred, or else as it is: the CA's default is believed by nearly everybody, and a
    /// certificate is not given up for its chain. To be called while its download is the last answer.
    pub(super) async fn with_preferred_chain(
        &self,
        account: &instant_acme::Account,
        order: &OrderUrl,
        issued: Issued,
    ) -> Issued {
        let Some(preferred) =
            self.spec.chain.as_ref().filter(|preferred| !preferred.is_end_of(issued.chain()))
        else {
            return issued;
        };
        for url in self.exchange.alternates().into_iter().take(Self::ALTERNATES) {
            match self.alternate(account, order, &url).await {
                Ok(other) if preferred.is_end_of(other.chain()) && is_same(&other, &issued) => {
                    return other;
                }
                Ok(_) => {}
                Err(failure) => warn!(url, %failure, "alternate chain not to be had"),
            }
        }
        info!(%preferred, %order, "no chain ends at the preferred root; the CA's default is used");
        issued
    }

    async fn alternate(
        &self,
        account: &instant_acme::Account,
        order: &OrderUrl,
        url: &str,
    ) -> Result<Issued, OrderError> {
        let fetched = retry!(self.retry, async {
            self.fetch(account, url).await.map_err(|error| self.exchange.failure(error))
        });
        self.check(order, &fetched.map_err(at(Step::Certificate))?)
    }

    /// Asks for any URL as for an order, since nothing else can be asked for; that what comes is none is no failure here.
    async fn fetch(
        &self,
        account: &instant_acme::Account,
        url: &str,
    ) -> Result<String, instant_acme::Error> {
        match account.order(url.to_owned()).await {
            Err(failure) if !self.exchange.succeeded() => Err(failure),
            Ok(_) | Err(_) => Ok(String::from_utf8_lossy(&self.exchange.body()).into_owned()),
        }
    }
}

/// Whether only their chains differ.
fn is_same(one: &Issued, other: &Issued) -> bool {
    one.leaf().fingerprint() == other.leaf().fingerprint()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_named_as_its_certificate_names_it() {
        for (text, fits) in [
            ("ISRG Root X1", true),
            ("Жёсткий корень", true),
            ("", false),
            (" ISRG Root X1", false),
            ("ISRG\nRoot", false),
        ] {
            let parsed = text.parse::<PreferredChain>();
            assert_eq!(parsed.map(|chain| chain.to_string()).ok().as_deref(), fits.then_some(text));
        }
    }
}
