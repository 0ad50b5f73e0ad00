use nws_challenge::Thumbprint;
use rustls_pki_types::PrivatePkcs8KeyDer;

use crate::exchange::Exchange;
use crate::{AccountKey, AccountUrl, Ca};

/// Our account at one CA: its URL and the key that signs for it.
#[derive(Clone, Debug)]
pub struct Account {
    pub(crate) key: AccountKey,
    pub(crate) url: AccountUrl,
}

impl Account {
    /// Where it is at the CA; keep it, and later starts need not ask for it.
    pub fn url(&self) -> &AccountUrl {
        &self.url
    }

    /// The thumbprint of its key.
    pub fn thumbprint(&self) -> &Thumbprint {
        self.key.thumbprint()
    }

    /// The account as instant-acme has it, bound to one exchange.
    pub(crate) async fn open(
        &self,
        ca: &Ca,
        exchange: &Exchange,
    ) -> Result<instant_acme::Account, instant_acme::Error> {
        let key = PrivatePkcs8KeyDer::from(self.key.pkcs8_der());
        ca.builder(exchange)
            .from_parts(self.url.to_string(), key, ca.directory_url().to_string())
            .await
    }
}
