//! Whether CAA lets a CA issue for a name (RFC 8659, with the parameters of RFC 8657).
//!
//! A CA decides that itself, and finds more than one resolver does; this is asked first, so that nobody is asked in vain, and a
//! fallback that the owner of a name forbids is not tried. Where the RFCs leave room, what Let's Encrypt does counts.

use crate::AccountUrl;
use crate::printable::Printable;

/// One record of a name's relevant record set: the first that is not empty on the way from the name up to the root, aliases
/// followed (RFC 8659 §3).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CaaRecord {
    /// That nobody may issue who does not know the tag. Bit 128 of the flags; CAs take bit 1 for it too, which is a common mistake.
    pub critical: bool,
    /// What the record is about, in any case: `issue`, `iodef`...
    pub tag: String,
    /// What it says about that.
    pub value: String,
}

/// What a record set means for one CA.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CaaVerdict {
    /// Nothing forbids it.
    Permitted,
    /// The CA does not publish how CAA records call it (RFC 8555 §7.1.1), so only it knows. Private CAs mostly do not care.
    Unknown,
    /// It will refuse.
    Forbidden(CaaObstacle),
}

/// What in a record set stands in a CA's way, the nearest to a permission last.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, thiserror::Error)]
pub enum CaaObstacle {
    /// A critical record with a tag that CAs do not know.
    #[error("a critical CAA record has the unknown tag \"{tag}\"")]
    Critical {
        /// The tag.
        tag: String,
    },
    /// No record names it.
    #[error("{}", if named.is_empty() {
        "CAA records let no CA issue".to_owned()
    } else {
        format!("CAA records let only {} issue", named.join(", "))
    })]
    Issuer {
        /// Those that are named, as written; empty if nobody may issue.
        named: Vec<String>,
    },
    /// A record names it, with another account, or with two.
    #[error("the CAA record that names the CA names another account: {named}")]
    Account {
        /// The account's URL, as written; or each of them.
        named: String,
    },
    /// A record names it, without HTTP-01 among the methods, or with two lists of them.
    #[error("the CAA record that names the CA allows other methods than http-01: {named}")]
    Method {
        /// The methods, as written; or each list.
        named: String,
    },
}

/// Whether the CA may issue for a name that is validated by HTTP-01, and so is no wildcard: `issuewild` has no say
/// (RFC 8659 §4.3).
///
/// `identities` are the CA's own names for itself, [`Ca::caa_identities`](crate::Ca::caa_identities). Without an `account`, a
/// record that names one does not match.
pub fn permits(
    records: &[CaaRecord],
    identities: &[String],
    account: Option<&AccountUrl>,
) -> CaaVerdict {
    let unknown = records.iter().find(|record| record.critical && !record.is_known());
    let mut issue = records.iter().filter(|record| record.is("issue")).peekable();
    if unknown.is_none() && issue.peek().is_none() {
        return CaaVerdict::Permitted;
    }
    if identities.is_empty() {
        return CaaVerdict::Unknown;
    }
    if let Some(CaaRecord { tag, .. }) = unknown {
        return CaaVerdict::Forbidden(CaaObstacle::Critical { tag: Printable(tag).to_string() });
    }
    let issuers: Vec<_> = issue.filter_map(|record| Issuer::parse(&record.value)).collect();
    obstacle(&issuers, identities, account).map_or(CaaVerdict::Permitted, CaaVerdict::Forbidden)
}

/// Whether the CA issues for a name that is validated by HTTP-01 to none but the accounts that the records name: what an owner does
/// who wants nobody else's account to use what answers for the name (RFC 8657 §3).
///
/// Whose accounts they are is not asked; that is for [`permits`]. Records that let the CA issue by other methods only have no say,
/// nor do critical ones: a CA that does not know their tag issues to nobody, and one that does heeds the rest. `false` where no
/// record lets the CA issue, and of a CA without `identities`, since nobody can tell which records are about it.
pub fn names_account(records: &[CaaRecord], identities: &[String]) -> bool {
    let issue = records.iter().filter(|record| record.is("issue"));
    let mut ours = issue
        .filter_map(|record| Issuer::parse(&record.value))
        .filter(|issuer| issuer.is_one_of(identities) && issuer.other_methods().is_none())
        .peekable();
    ours.peek().is_some() && ours.all(|issuer| issuer.values("accounturi").next().is_some())
}

/// What is left in the way by the record that comes nearest to a permission; none if one gives it.
fn obstacle(
    issuers: &[Issuer<'_>],
    identities: &[String],
    account: Option<&AccountUrl>,
) -> Option<CaaObstacle> {
    let named = issuers.iter().filter(|issuer| !issuer.domain.is_empty());
    let nobody = CaaObstacle::Issuer { named: named.map(|issuer| issuer.domain.into()).collect() };
    issuers
        .iter()
        .filter(|issuer| issuer.is_one_of(identities))
        .try_fold(nobody, |nearest, issuer| Some(nearest.max(issuer.obstacle(account)?)))
}

impl CaaRecord {
    /// The tags that say nothing about an order of ours, or are evaluated here, as Let's Encrypt knows them (va/caa.go: `filterCAA`).
    /// What others a CA knows only it can tell.
    const KNOWN: [&str; 5] = ["issue", "issuewild", "iodef", "issuemail", "issuevmc"];

    fn is(&self, tag: &str) -> bool {
        self.tag.eq_ignore_ascii_case(tag)
    }

    fn is_known(&self) -> bool {
        Self::KNOWN.into_iter().any(|tag| self.is(tag))
    }
}

/// The value of an `issue` record (RFC 8659 §4.2).
struct Issuer<'a> {
    /// Empty if nobody is meant.
    domain: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl<'a> Issuer<'a> {
    const BLANKS: [char; 2] = [' ', '\t'];

    /// What does not follow the grammar names nobody, and so permits nothing.
    fn parse(value: &'a str) -> Option<Self> {
        let (domain, parameters) = value.split_once(';').unwrap_or((value, ""));
        let domain = domain.trim_matches(Self::BLANKS);
        let fits = domain.is_empty() || domain.split('.').all(is_label);
        let parameters = match parameters.trim_matches(Self::BLANKS) {
            "" => Vec::new(),
            some => some.split(';').map(Self::parameter).collect::<Option<_>>()?,
        };
        fits.then_some(Self { domain, parameters })
    }

    fn parameter(text: &'a str) -> Option<(&'a str, &'a str)> {
        let (tag, value) = text.split_once('=')?;
        let (tag, value) = (tag.trim_matches(Self::BLANKS), value.trim_matches(Self::BLANKS));
        let fits = is_label(tag) && value.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then_some((tag, value))
    }

    fn is_one_of(&self, identities: &[String]) -> bool {
        identities.iter().any(|identity| self.domain.eq_ignore_ascii_case(identity))
    }

    /// What its parameters demand beside the name (RFC 8657 §3, §4).
    fn obstacle(&self, account: Option<&AccountUrl>) -> Option<CaaObstacle> {
        let of_account = self.other_accounts(account).map(|named| CaaObstacle::Account { named });
        of_account.or_else(|| self.other_methods().map(|named| CaaObstacle::Method { named }))
    }

    /// The accounts it wants, if not this one.
    fn other_accounts(&self, account: Option<&AccountUrl>) -> Option<String> {
        self.unmet("accounturi", |url| account.is_some_and(|account| account.as_str() == url))
    }

    /// The methods it wants, if not HTTP-01. Of a list, what follows a malformed one has no say (Boulder, va/caa.go:
    /// `caaValidationMethodMatches`).
    fn other_methods(&self) -> Option<String> {
        let is_method = |text: &&str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !text.is_empty() && text.bytes().all(fits)
        };
        self.unmet("validationmethods", |list| {
            list.split(',').take_while(is_method).any(|method| method == "http-01")
        })
    }

    /// What a parameter says, if that is not met. Given twice it never is, whatever it says: RFC 8657 §3 of accounts, and Let's Encrypt
    /// of methods, too (va/caa.go).
    fn unmet(&self, tag: &str, is_met: impl Fn(&str) -> bool) -> Option<String> {
        match *self.values(tag).collect::<Vec<_>>() {
            [] => None,
            [one] if is_met(one) => None,
            ref values => Some(values.join(" and ")),
        }
    }

    fn values(&self, tag: &str) -> impl Iterator<Item = &'a str> {
        self.parameters.iter().filter(move |(one, _)| *one == tag).map(|(_, value)| *value)
    }
}

/// A label of a domain name, or the tag of a parameter: both have the same form.
fn is_label(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.bytes().all(fits) && !text.starts_with('-') && !text.ends_with('-')
}

#[cfg(test)]
mod tests;
