//! Whether CAA keeps the accounts of others away from a name that is answered for without an order (`challenge.stateless`).
//!
//! Such an answer fits every order of the account key, whoever made it and wherever; what is left to guard a name is its owner's word
//! on which account it is for (RFC 8657 §3).

use std::fmt;

use nws_acme::AccountUrl;
use nws_acme::caa::{CaaRecord, CaaVerdict, names_account, permits};
use nws_expiry::DnsName;
use serde::{Deserialize, Serialize};

use crate::order::{account_record, account_record_told};
use crate::preflight::{CaaFailure, Issuer};

/// What keeps other accounts of a CA from a name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Guard {
    /// Records do: the CA issues to accounts that are named, or to none.
    Closed,
    /// Nothing does.
    Open(Opening),
    /// It is not known what does.
    Unknown(Unknown),
}

/// Where a record is missing, and what it would say.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Opening {
    /// Where the records are that count; the name itself, if there are none up to the top.
    owner: String,
    /// Whether one of them names the CA, so that another one beside it would close nothing.
    is_named: bool,
    /// What the CA calls itself.
    ca: String,
    /// Our account there, once known.
    account: Option<AccountUrl>,
}

/// Why nothing can be said.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Unknown {
    /// No record can be about a CA that has no name.
    #[error("the CA's directory does not say what CAA records call it, or is not to be had")]
    Nameless,
    /// Its records are not known.
    #[error("the CAA records at {owner} {why}")]
    Records {
        /// Where they would be.
        owner: String,
        /// How that was told.
        why: CaaFailure,
    },
}

impl Guard {
    /// Judges the relevant records of a name, and whose they are; none if there are none up to the top.
    pub(crate) fn of(
        name: &DnsName,
        found: Option<&(String, Vec<CaaRecord>)>,
        issuer: &Issuer,
    ) -> Self {
        let Issuer { identities, account } = issuer;
        let (owner, records) = found.map_or((name.as_str(), &[][..]), |(owner, records)| {
            (owner.as_str(), records.as_slice())
        });
        let Some(ca) = identities.first() else {
            return Self::Unknown(Unknown::Nameless);
        };
        if names_account(records, identities) {
            return Self::Closed;
        }
        match permits(records, identities, account.as_ref()) {
            // To nobody, then.
            CaaVerdict::Forbidden(_) => Self::Closed,
            CaaVerdict::Unknown => Self::Unknown(Unknown::Nameless),
            CaaVerdict::Permitted => Self::Open(Opening {
                owner: owner.into(),
                is_named: records.iter().any(|record| record.tag.eq_ignore_ascii_case("issue")),
                ca: ca.clone(),
                account: account.clone(),
            }),
        }
    }
}

impl Opening {
    /// The record that names our account, as a zone file has it.
    pub(crate) fn record(&self) -> String {
        let Self { owner, ca, account, .. } = self;
        account_record(owner, ca, account.as_ref())
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { owner, is_named, ca, account } = self;
        if *is_named {
            write!(
                f,
                "the CAA records at {owner} let every account of {ca} issue; replace those that name it by "
            )?;
        } else {
            write!(f, "no CAA record keeps other accounts of {ca} out; add ")?;
        }
        f.write_str(&account_record_told(owner, ca, account.as_ref()))
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("CAA keeps other accounts out"),
            Self::Open(opening) => opening.fmt(f),
            Self::Unknown(why) => {
                write!(f, "it is not known whether CAA keeps other accounts out, as {why}")
            }
        }
    }
}

/// The same, as it travels.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct GuardReport {
    /// `closed`, `open` or `unknown`.
    pub(crate) state: String,
    /// What that means, and what helps.
    pub(crate) text: String,
    /// The record that is missing, as a zone file has it.
    pub(crate) record: Option<String>,
}

impl From<&Guard> for GuardReport {
    fn from(guard: &Guard) -> Self {
        let (state, record) = match guard {
            Guard::Closed => ("closed", None),
            Guard::Open(opening) => ("open", Some(opening.record())),
            Guard::Unknown(_) => ("unknown", None),
        };
        Self { state: state.into(), text: guard.to_string(), record }
    }
}

impl GuardReport {
    /// Whether there is nothing to see to.
    pub(crate) fn is_closed(&self) -> bool {
        self.state == "closed"
    }
}

#[cfg(test)]
mod tests;
