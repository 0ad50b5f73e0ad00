//! Which names a certificate is for; those of a made-up one are made when they are needed.

use std::borrow::Cow;
use std::collections::HashMap;

use nws_expiry::{DnsName, DnsNames};

/// The names of every certificate.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Those that a real installation has, by certificate.
    listed: Vec<Listed>,
    /// Names and domains so far have numbers below this.
    numbers: u32,
    per_domain: u32,
}

#[derive(Debug)]
struct Listed {
    names: DnsNames,
    /// Each name by a number, for the CA to count.
    numbers: Box<[u32]>,
    /// Each registered domain by a number.
    domains: Box<[u32]>,
}

impl Names {
    /// Made-up ones, so many of each registered domain.
    pub(super) fn made(per_domain: u32) -> Self {
        Self { per_domain: per_domain.max(1), ..Self::default() }
    }

    /// These, and made-up ones for what is new.
    pub(super) fn listed(all: Vec<DnsNames>) -> Self {
        let mut numbers = Numbers::default();
        let listed = all.into_iter().map(|names| numbers.of(names)).collect();
        Self { listed, numbers: numbers.next(), per_domain: 1 }
    }

    /// Of one certificate.
    pub(super) fn get(&self, key: u32) -> Option<DnsNames> {
        match self.find(key) {
            Some(listed) => Some(listed.names.clone()),
            // Only a name that is too long would be none.
            None => {
                let made = format!("n{key}.d{}.example", key / self.per_domain);
                made.parse::<DnsName>().ok().map(DnsNames::from)
            }
        }
    }

    /// The numbers of its names.
    pub(super) fn numbers(&self, key: u32) -> Cow<'_, [u32]> {
        match self.find(key) {
            Some(listed) => Cow::Borrowed(&listed.numbers),
            None => Cow::Owned(vec![self.numbers.saturating_add(key)]),
        }
    }

    /// The numbers of its registered domains.
    pub(super) fn domains(&self, key: u32) -> Cow<'_, [u32]> {
        match self.find(key) {
            Some(listed) => Cow::Borrowed(&listed.domains),
            None => Cow::Owned(vec![self.numbers.saturating_add(key / self.per_domain)]),
        }
    }

    fn find(&self, key: u32) -> Option<&Listed> {
        self.listed.get(usize::try_from(key).ok()?)
    }
}

#[derive(Default)]
struct Numbers {
    known: HashMap<Box<str>, u32>,
}

impl Numbers {
    fn of(&mut self, names: DnsNames) -> Listed {
        let numbers = names.iter().map(|name| self.number(name.as_str())).collect();
        let mut domains: Vec<_> =
            names.iter().map(|name| self.number(registered(name.as_str()))).collect();
        domains.sort_unstable();
        domains.dedup();
        Listed { names, numbers, domains: domains.into() }
    }

    fn number(&mut self, text: &str) -> u32 {
        let next = self.next();
        *self.known.entry(text.into()).or_insert(next)
    }

    fn next(&self) -> u32 {
        u32::try_from(self.known.len()).unwrap_or(u32::MAX)
    }
}

/// The domain that a CA counts certificates for, looked up here once more: what checks the planner takes nothing from it.
fn registered(name: &str) -> &str {
    let host = name.strip_prefix("*.").unwrap_or(name);
    psl::domain_str(host).unwrap_or(host)
}
