use serde_json::{Value, json};

use crate::jws::Jwk;
use crate::{Contact, ExternalAccount};

/// That the operator has agreed to the CA's terms of service (RFC 8555 §7.3.3). Make one only where he did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TermsAgreed;

/// What a CA wants to know before it makes an account.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The agreement to its terms.
    pub terms: TermsAgreed,
    /// Where it finds a person; many CAs want none. An account that exists keeps its own.
    pub contact: Vec<Contact>,
    /// The account it knows already, where it serves no others.
    pub external_account: Option<ExternalAccount>,
}

impl Registration {
    /// The body of a request for an account of a key (RFC 8555 §7.3).
    pub(crate) fn payload(&self, url: &str, key: &Jwk) -> Value {
        let TermsAgreed = self.terms;
        let mut payload = json!({ "termsOfServiceAgreed": true });
        if !self.contact.is_empty() {
            payload["contact"] = contacts(&self.contact);
        }
        if let Some(external) = &self.external_account {
            payload["externalAccountBinding"] = external.bind(url, key);
        }
        payload
    }
}

pub(crate) fn contacts(contacts: &[Contact]) -> Value {
    contacts.iter().map(Contact::as_str).collect()
}
