//! A CA's directory (RFC 8555 §7.1.1), read once for all its orders.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;
use time::OffsetDateTime;

use crate::printable::excerpt;
use crate::{AcmeError, DirectoryUrl};

/// A directory as it came, with what we read of it ourselves.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) body: Bytes,
    /// Profiles the CA offers, sorted; empty if it has none (draft-aaron-acme-profiles).
    pub(crate) profiles: Vec<String>,
}

impl Directory {
    const NEEDED: [&str; 3] = ["newNonce", "newAccount", "newOrder"];

    pub(crate) fn parse(url: &DirectoryUrl, body: Bytes) -> Result<Self, AcmeError> {
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        let absent = |member: &&str| document.get(*member).and_then(Value::as_str).is_none();
        if let Some(missing) = Self::NEEDED.into_iter().find(absent) {
            return Err(AcmeError::NotADirectory {
                url: url.clone(),
                missing,
                excerpt: excerpt(&body),
            });
        }
        let profiles = document.pointer("/meta/profiles").and_then(Value::as_object);
        let mut profiles: Vec<_> =
            profiles.into_iter().flat_map(|map| map.keys().cloned()).collect();
        profiles.sort_unstable();
        Ok(Self { body, profiles })
    }
}

/// The last directory that was read, and until when it is believed.
#[derive(Debug, Default)]
pub(crate) struct Cached(Mutex<Option<(Directory, OffsetDateTime)>>);

impl Cached {
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

    /// After a failure that a moved endpoint may have caused.
    pub(crate) fn distrust(&self) {
        if let Some((_, until)) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            *until = OffsetDateTime::UNIX_EPOCH;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_what_has_the_three_urls() {
        let url: DirectoryUrl = "https://ca.example/directory".parse().unwrap();
        let whole = r#"{"newNonce":"n","newAccount":"a","newOrder":"o","x4f":"https://junk",
            "meta":{"profiles":{"tlsserver":"","classic":""}}}"#;
        let directory = Directory::parse(&url, Bytes::from(whole)).unwrap();
        assert_eq!(directory.profiles, ["classic", "tlsserver"]);

        let cases = [
            ("a web page", "<!doctype html>\n<p>", "newNonce"),
            ("an older protocol", r#"{"new-authz":"x"}"#, "newNonce"),
            ("no newOrder", r#"{"newNonce":"n","newAccount":"a"}"#, "newOrder"),
        ];
        for (case, body, want) in cases {
            let error = Directory::parse(&url, Bytes::from(body)).unwrap_err();
            assert!(
                matches!(error, AcmeError::NotADirectory { missing, .. } if missing == want),
                "{case}"
            );
        }
    }

    #[test]
    fn a_directory_is_believed_until_its_time_or_a_failure() {
        let url: DirectoryUrl = "https://ca.example/directory".parse().unwrap();
        let body = Bytes::from(r#"{"newNonce":"n","newAccount":"a","newOrder":"o"}"#);
        let directory = Directory::parse(&url, body).unwrap();
        let (cached, now) = (Cached::default(), OffsetDateTime::UNIX_EPOCH + time::Duration::DAY);
        assert!(cached.fresh(now).is_none() && cached.any().is_none());
        cached.put(&directory, now + time::Duration::HOUR);
        assert!(cached.fresh(now).is_some());
        assert!(cached.fresh(now + time::Duration::HOUR).is_none());
        cached.distrust();
        assert!(cached.fresh(now).is_none() && cached.any().is_some());
    }
}
