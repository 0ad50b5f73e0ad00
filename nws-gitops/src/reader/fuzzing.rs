//! What of the readers the fuzz targets look at by itself.

use gix::bstr::ByteSlice;

use super::{documents, plain, rule};

/// Checks on any text that what is read without a parser is what the parser reads.
pub(crate) fn agree_on(bytes: &[u8]) {
    for document in bytes.to_str().map(documents::split).unwrap_or_default() {
        if let Some(value) = plain::read(document) {
            assert_eq!(documents::read_yaml(document), Ok(value), "{document:?}");
        }
    }
}

/// The hosts that a rule of Traefik's asks for, or the byte at which it is none.
pub(crate) fn hosts_of_rule(rule: &str) -> Result<Vec<String>, usize> {
    let hosts = rule::hosts(rule).map_err(|invalid| invalid.at)?;
    Ok(hosts.into_iter().map(|host| host.as_str().to_owned()).collect())
}
