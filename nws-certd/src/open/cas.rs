//! The CAs that are configured, and the accounts there.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use nws_acme::{Ca, Pool, Registration, Roots, TermsAgreed};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject as _};

use super::OpenError;
use crate::account::{AccountKeys, AccountName};
use crate::authority::{Authority, Terms};
use crate::config::{CaSettings, Config};
use crate::external_account::external_account;
use crate::store::AccountFacts;

/// The CAs in their order, none of which is asked; those that are trusted by the same roots share their connections.
pub(crate) fn cas(config: &Config) -> Result<Vec<Ca>, OpenError> {
    let mut pools: Vec<(Option<&Path>, Arc<Pool>)> = Vec::new();
    let mut cas = Vec::new();
    for settings in &config.cas {
        let file = settings.roots.as_deref();
        let pool = match pools.iter().find(|(roots, _)| *roots == file) {
            Some((_, pool)) => pool.clone(),
            None => Arc::new(Pool::new(roots(file)?, config.proxy.clone())?),
        };
        pools.push((file, pool.clone()));
        cas.push(Ca::new(settings.directory.clone(), pool, settings.limits()));
    }
    Ok(cas)
}

/// Each with its account.
pub(super) fn authorities(
    config: &Config,
    keys: &BTreeMap<AccountName, Arc<AccountKeys>>,
    known: &[AccountFacts],
) -> Result<Vec<Arc<Authority>>, OpenError> {
    let mut authorities = Vec::new();
    for (ca, settings) in cas(config)?.into_iter().zip(&config.cas) {
        let Some(keys) = keys.get(&settings.account) else { continue };
        authorities.push(Arc::new(Authority::new(ca, keys.clone(), terms(settings)?, known)));
    }
    Ok(authorities)
}

fn terms(settings: &CaSettings) -> Result<Terms, OpenError> {
    let external_account = settings.eab.as_ref().map(external_account).transpose()?;
    let contact = settings.contact.clone();
    let registration = Registration { terms: TermsAgreed, contact, external_account };
    let (profile, chain) = (settings.profile.clone(), settings.preferred_chain.clone());
    let name = settings.name.clone();
    Ok(Terms { name, registration, profile, chain, limits: settings.budget })
}

fn roots(file: Option<&Path>) -> Result<Roots, OpenError> {
    let Some(file) = file else {
        return Ok(Roots::Platform);
    };
    let unreadable = |source| OpenError::Roots { file: file.into(), source };
    let certificates = CertificateDer::pem_file_iter(file).map_err(unreadable)?;
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(unreadable(pem::Error::NoItemsFound));
    }
    Ok(Roots::Only(certificates))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Causes;

    #[test]
    fn a_file_without_roots_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, "no certificate").unwrap();
        let Err(error) = roots(Some(&file)) else { panic!("there is no root in it") };
        let said = Causes(&error).to_string();
        assert!(
            said.starts_with(&format!(
                "ca.roots: cannot read certificates from {}",
                file.display()
            )),
            "{said}"
        );
        assert!(error.is_of_configuration());
    }
}
