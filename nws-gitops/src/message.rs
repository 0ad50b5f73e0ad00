//! Who commits, and what they say.

use gix::actor::Signature;
use gix::date::Time;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{Delivery, Occasion, Removal, RemovalStep};

/// A commit message: a subject that says what happened, a line for each certificate, and trailers for machines.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message(String);

impl Message {
    /// The trailer (git-interpret-trailers(1)) that stands once for each certificate, with the SHA-256 fingerprint of its leaf
    /// in hex and its Secret: `Nws-Certd-Certificate: 1f3a… shop/shop-tls`.
    pub const TRAILER: &str = "Nws-Certd-Certificate";

    /// Says which certificates a commit brings.
    pub fn for_deliveries(deliveries: &[Delivery]) -> Self {
        Self::with_subject(&subject(deliveries), deliveries)
    }

    /// Says whose certificates become ours, as they are.
    pub fn for_adoptions(adopted: &[Delivery]) -> Self {
        let subject = match adopted {
            [only] => format!("certs: adopt {}", only.key),
            _ => format!("certs: adopt {} certificates", adopted.len()),
        };
        Self::with_subject(&subject, adopted)
    }

    fn with_subject(subject: &str, deliveries: &[Delivery]) -> Self {
        let lines: String = deliveries.iter().map(line).collect();
        let trailers: String = deliveries.iter().map(trailer).collect();
        Self(format!("{subject}\n\n{lines}\n{trailers}"))
    }

    /// The trailer that stands once for each Secret on its way out of the branch or back, with the step and the Secret:
    /// `Nws-Certd-Removal: let-go shop/shop-tls`, then `remove`, or `keep` if it is wanted again; `move` if another file has it now.
    pub const REMOVAL_TRAILER: &str = "Nws-Certd-Removal";

    /// Says which Secrets go, and which stay after all.
    pub fn for_removals(removals: &[Removal]) -> Self {
        let trailer = |one: &Removal| {
            format!("{}: {} {}\n", Self::REMOVAL_TRAILER, one.step.as_str(), one.key)
        };
        let lines: String = removals.iter().map(removal_line).collect();
        let trailers: String = removals.iter().map(trailer).collect();
        Self(format!("{}\n\n{lines}\n{trailers}", removal_subject(removals)))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn subject(deliveries: &[Delivery]) -> String {
    if let [only] = deliveries {
        return format!("certs: {} {}", verb(only.occasion), only.key);
    }
    let of = |occasion| deliveries.iter().filter(|one| one.occasion == occasion).count();
    let all = [Occasion::First, Occasion::Renewal, Occasion::Sealing];
    let told = all.map(|occasion| (of(occasion), verb(occasion)));
    let told: Vec<_> = told.iter().filter(|(count, _)| *count > 0).collect();
    let told: Vec<_> = told.iter().map(|(count, verb)| format!("{verb} {count}")).collect();
    format!("certs: {} certificates", told.join(" and "))
}

fn verb(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::First => "issue",
        Occasion::Renewal => "renew",
        Occasion::Sealing => "seal",
    }
}

fn line(delivery: &Delivery) -> String {
    let not_after = delivery.not_after;
    let until = not_after.format(&Rfc3339).unwrap_or_else(|_| not_after.to_string());
    format!("{}: {} until {until}\n", delivery.key, delivery.names)
}

fn trailer(delivery: &Delivery) -> String {
    format!("{}: {} {}\n", Message::TRAILER, delivery.fingerprint, delivery.key)
}

fn removal_subject(removals: &[Removal]) -> String {
    if let [only] = removals {
        return format!("certs: {} {}", only.step.verb(), only.key);
    }
    let of = |step| removals.iter().filter(|one| one.step == step).count();
    let told = RemovalStep::ALL.map(|step| (of(step), step.verb()));
    let told: Vec<_> = told.iter().filter(|(count, _)| *count > 0).collect();
    let told: Vec<_> = told.iter().map(|(count, verb)| format!("{verb} {count}")).collect();
    format!("certs: {} secrets", told.join(", "))
}

fn removal_line(removal: &Removal) -> String {
    let what = match removal.step {
        RemovalStep::Remove => "nobody wants it any more",
        RemovalStep::LetGo => "nobody wants it any more; the live Secret goes when this file does",
        RemovalStep::Keep => "it is wanted again",
        RemovalStep::Move => "each group of clusters has a file of its own; the live Secret stays",
    };
    format!("{}: {what}\n", removal.key)
}

/// Who commits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Author {
    name: Box<str>,
    email: Box<str>,
}

impl Author {
    /// Checks that git can write the two down.
    ///
    /// # Errors
    ///
    /// [`InvalidAuthor`] if one is empty or has `<`, `>` or a control character in it.
    pub fn new(name: &str, email: &str) -> Result<Self, InvalidAuthor> {
        match [name, email].into_iter().find(|text| !can_be_written(text)) {
            Some(found) => Err(InvalidAuthor { found: found.into() }),
            None => Ok(Self { name: name.into(), email: email.into() }),
        }
    }

    pub(crate) fn signature(&self, now: OffsetDateTime) -> Signature {
        Signature {
            name: (&*self.name).into(),
            email: (&*self.email).into(),
            time: Time::new(now.unix_timestamp(), 0),
        }
    }
}

fn can_be_written(text: &str) -> bool {
    !text.trim().is_empty()
        && text == text.trim()
        && !text.contains(|c: char| c.is_control() || "<>".contains(c))
}

/// A text that can be no part of an author.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} cannot stand in an author; write a name and an address without < and >")]
pub struct InvalidAuthor {
    /// As written.
    pub found: String,
}
