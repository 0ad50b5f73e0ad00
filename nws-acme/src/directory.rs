//! A CA's directory (RFC 8555 §7.1.1), read once for all its orders.

use std::iter;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use time::OffsetDateTime;

use crate::printable::{Printable, excerpt};
use crate::url::host;
use crate::{AcmeError, DirectoryUrl, InvalidUrl};

/// A directory as it came, with what we read of it ourselves.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) body: Bytes,
    /// Profiles the CA offers, sorted; empty if it has none (draft-aaron-acme-profiles).
    pub(crate) profiles: Vec<String>,
    /// What CAA records call the CA; empty if it does not say (RFC 8555 §7.1.1).
    pub(crate) caa_identities: Vec<String>,
    /// Whether the CA makes no account without one of somebody else's (RFC 8555 §7.3.4).
    pub(crate) external_account_required: bool,
    /// What it names that we ask for.
    urls: Vec<(&'static str, String)>,
    /// Where the CA is: no other host is asked, whatever an order says.
    hosts: Vec<String>,
}

impl Directory {
    const NEEDED: [&str; 3] = ["newNonce", "newAccount", "newOrder"];
    const OTHERS: [&str; 3] = ["keyChange", "renewalInfo", "revokeCert"];

    pub(crate) fn parse(url: &DirectoryUrl, body: Bytes) -> Result<Self, AcmeError> {
        // a page of maintenance in its place is no reason to call anybody
        let document: Value =
            serde_json::from_slice(&body).map_err(|error| AcmeError::NotAcme {
                url: url.to_string(),
                excerpt: excerpt(&body),
                source: error.into(),
            })?;
        let absent = |member: &&str| document.get(*member).and_then(Value::as_str).is_none();
        if let Some(missing) = Self::NEEDED.into_iter().find(absent) {
            return Err(AcmeError::NotADirectory {
                url: url.clone(),
                missing,
                excerpt: excerpt(&body),
            });
        }
        let hosts = Self::hosts(url, &document)?;
        let profiles = document.pointer("/meta/profiles").and_then(Value::as_object);
        let mut profiles: Vec<_> = profiles
            .into_iter()
            .flat_map(|map| map.keys().map(|name| Printable(name).to_string()))
            .collect();
        profiles.sort_unstable();
        let identities = document.pointer("/meta/caaIdentities").and_then(Value::as_array);
        let identities = identities.into_iter().flatten().filter_map(Value::as_str);
        let caa_identities = identities.map(|name| Printable(name).to_string()).collect();
        let urls = Self::NEEDED.into_iter().chain(Self::OTHERS).filter_map(|member| {
            let url = document.get(member).and_then(Value::as_str);
            Some((member, url.filter(|url| host(url).is_ok())?.to_owned()))
        });
        let external_account_required =
            document.pointer("/meta/externalAccountRequired") == Some(&Value::Bool(true));
        Ok(Self {
            body,
            profiles,
            caa_identities,
            external_account_required,
            urls: urls.collect(),
            hosts,
        })
    }

    /// The URL of one of its members, if the CA has it, and it can be asked.
    pub(crate) fn url(&self, member: &str) -> Option<&str> {
        self.urls.iter().find(|(name, _)| *name == member).map(|(_, url)| url.as_str())
    }

    /// The hosts of all its URLs, of which those that are needed must be such that can be asked.
    fn hosts(url: &DirectoryUrl, document: &Value) -> Result<Vec<String>, AcmeError> {
        let text = |member: &str| document.get(member).and_then(Value::as_str);
        let own = host(url.as_str()).map_err(|source| AcmeError::Url { source });
        let needed = Self::NEEDED.into_iter().filter_map(|member| {
            let invalid = |source| AcmeError::DirectoryMember { url: url.clone(), member, source };
            Some(host(text(member)?).map_err(invalid))
        });
        let others = Self::OTHERS.into_iter().filter_map(|member| host(text(member)?).ok());
        iter::once(own).chain(needed).chain(others.map(Ok)).collect()
    }

    /// That a URL is one of the CA's.
    pub(crate) fn check(&self, url: &str) -> Result<(), InvalidUrl> {
        if self.hosts.contains(&host(url)?) {
            return Ok(());
        }
        Err(InvalidUrl::Elsewhere { found: url.into() })
    }
}

/// The last directory that was read, and until when it is believed.
#[derive(Debug, Default)]
pub(crate) struct Cached(Mutex<Option<(Directory, OffsetDateTime)>>);

impl Cached {
    const DISTRUSTED: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    pub(crate) fn fresh(&self, now: OffsetDateTime) -> Option<Directory> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.as_ref().filter(|(_, until)| now < *until).map(|(directory, _)| directory.clone())
    }

    /// The last one, however old: while the CA's front page is away, an old directory is better than none.
    pub(crate) fn any(&self) -> Option<Directory> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.as_ref().map(|(directory, _)| directory.clone())
    }

    pub(crate) fn put(&self, directory: &Directory, until: OffsetDateTime) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((directory.clone(), until));
    }

    /// While one reads it again, the others go on with the old one, unless a failure speaks against that.
    pub(crate) fn lend(&self, until: OffsetDateTime) {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((_, believed)) if *believed != Self::DISTRUSTED => *believed = until,
            Some(_) | None => {}
        }
    }

    /// After a failure that a moved endpoint may have caused.
    pub(crate) fn distrust(&self) {
        if let Some((_, until)) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            *until = Self::DISTRUSTED;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Recovery;

    #[test]
    fn a_directory_is_what_has_the_three_urls() {
        let url: DirectoryUrl = "https://ca.example/directory".parse().unwrap();
        let whole = r#"{"newNonce":"https://ca.example/n","newAccount":"https://ca.example/a",
            "newOrder":"https://api.ca.example/o","x4f":"https://junk","meta":{"profiles":{"tlsserver":"","classic":""},"caaIdentities":["ca.example",7]}}"#;
        let directory = Directory::parse(&url, Bytes::from(whole)).unwrap();
        assert_eq!(directory.profiles, ["classic", "tlsserver"]);
        assert_eq!(directory.caa_identities, ["ca.example"]);

        let cases = [
            ("an older protocol", r#"{"new-authz":"x"}"#, "newNonce"),
            ("no newOrder", r#"{"newNonce":"n","newAccount":"a"}"#, "newOrder"),
        ];
        let page = Directory::parse(&url, Bytes::from("<!doctype html>\n<p>")).unwrap_err();
        assert_eq!(page.recovery(), Recovery::CaAway { retry_after: None }, "{page}");
        for (case, body, want) in cases {
            let error = Directory::parse(&url, Bytes::from(body)).unwrap_err();
            assert!(
                matches!(error, AcmeError::NotADirectory { missing, .. } if missing == want),
                "{case}"
            );
        }
    }

    #[test]
    fn what_the_directory_names_is_the_cas() {
        let url: DirectoryUrl = "https://ca.example/directory".parse().unwrap();
        let body = r#"{"newNonce":"https://api.ca.example/n","newAccount":"https://ca.example:8443/a","newOrder":"https://api.ca.example/o",
            "renewalInfo":"https://ari.example/","keyChange":"none"}"#;
        let directory = Directory::parse(&url, Bytes::from(body)).unwrap();
        let cases = [
            ("the directory's host", "https://ca.example/order/1", true),
            ("written otherwise", "https://CA.example:443/order/1", true),
            ("a host it names", "https://api.ca.example/order/1", true),
            ("a port it names", "https://ca.example:8443/order/1", true),
            ("a host for something else", "https://ari.example/order/1", true),
            ("another port", "https://ca.example:22/order/1", false),
            ("another host", "https://ca.example.org/order/1", false),
            ("no TLS", "http://ca.example/order/1", false),
            ("no URL", "order/1", false),
        ];
        for (case, found, want) in cases {
            assert_eq!(directory.check(found).is_ok(), want, "{case}");
        }
    }

    #[test]
    fn a_directory_whose_urls_cannot_be_asked_is_refused() {
        let url: DirectoryUrl = "https://ca.example/directory".parse().unwrap();
        let cases = [
            ("http://ca.example/n", "NotHttps"),
            ("https://ca example/n", "Malformed"),
            ("https://me:pw@ca.example/n", "Credentials"),
        ];
        for (found, why) in cases {
            let body = format!(
                r#"{{"newNonce":"{found}","newAccount":"https://a/","newOrder":"https://a/"}}"#
            );
            let error = Directory::parse(&url, Bytes::from(body)).unwrap_err();
            assert_eq!(
                error.to_string(),
                "newNonce in the directory https://ca.example/directory is not to be asked"
            );
            assert!(format!("{error:?}").contains(why), "{error:?}");
        }
    }

    #[test]
    fn a_directory_is_believed_until_its_time_or_a_failure() {
        let url: DirectoryUrl = "https://ca.example/directory".parse().unwrap();
        let body = Bytes::from(
            r#"{"newNonce":"https://a/n","newAccount":"https://a/a","newOrder":"https://a/o"}"#,
        );
        let directory = Directory::parse(&url, body).unwrap();
        let (cached, now) = (Cached::default(), OffsetDateTime::UNIX_EPOCH + time::Duration::DAY);
        assert!(cached.fresh(now).is_none() && cached.any().is_none());
        cached.put(&directory, now + time::Duration::HOUR);
        assert!(cached.fresh(now).is_some());
        assert!(cached.fresh(now + time::Duration::HOUR).is_none());
        cached.lend(now + time::Duration::DAY);
        assert!(cached.fresh(now + time::Duration::HOUR).is_some(), "while it is read again");
        cached.distrust();
        cached.lend(now + time::Duration::DAY);
        assert!(cached.fresh(now).is_none() && cached.any().is_some(), "not after a failure");
    }
}
