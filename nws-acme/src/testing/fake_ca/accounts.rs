use aws_lc_rs::hmac::{self, HMAC_SHA256};
use serde_json::{Value, json};

use super::{FakeCa, not_found};
use crate::jws::SigningKey as _;
use crate::testing::endpoint::Endpoint;
use crate::testing::jws::{Jws, Signed, Signer, malformed};
use crate::testing::public_key::PublicKey;
use crate::testing::reply::{Refusal, Reply};
use crate::testing::state::{State, url};
use crate::{AccountUrl, ProblemKind, RsaAccountKey};

impl FakeCa {
    /// Makes accounts only for those who have the HMAC key of this id, from now on; each id is good for one account.
    pub fn require_external_account(&self, kid: &str, hmac_key: &[u8]) {
        self.state().external_accounts.insert(kid.into(), hmac_key.into());
    }

    /// Makes an account as a client would that signs with RSA.
    #[expect(clippy::missing_panics_doc, clippy::expect_used, reason = "a key and URL of our own")]
    pub fn make_rsa_account(&self, key: &RsaAccountKey) -> AccountUrl {
        let jwk = key.jwk().to_json();
        let key = jwk.as_object().and_then(|jwk| PublicKey::parse(jwk).ok());
        let id = self.state().register(key.expect("an RSA key"), Vec::new());
        url(Endpoint::Account, id).parse().expect("an account URL")
    }

    /// The contacts of an account; `None` if there is no such account.
    pub fn contact(&self, account: &AccountUrl) -> Option<Vec<String>> {
        let state = self.state();
        state
            .account_at(account.as_str())
            .and_then(|id| Some(state.accounts.get(&id)?.contact.clone()))
    }

    /// Loses all accounts, as a test CA does when it restarts. Their URLs are not used again.
    pub fn forget_accounts(&self) {
        self.state().accounts.clear();
    }

    /// Ends all accounts; their keys can have no others.
    pub fn deactivate_accounts(&self) {
        for account in self.state().accounts.values_mut() {
            account.deactivated = true;
        }
    }

    /// What the directory says, with what depends on settings.
    pub(super) fn directory(&self) -> Value {
        let mut directory = Endpoint::directory(&self.state().faults);
        if !self.state().external_accounts.is_empty() {
            directory["meta"]["externalAccountRequired"] = true.into();
        }
        directory
    }

    pub(super) fn new_account(&self, signed: &Signed) -> Result<Reply, Refusal> {
        let Signer::Key(key) = &signed.signer else {
            return Err(malformed("newAccount is signed by a key"));
        };
        signed.verify(key)?;
        let payload = signed.object()?;
        let mut state = self.state();
        if payload["onlyReturnExisting"] == true {
            let id = state.account_of(key)?.ok_or_else(|| {
                Refusal::new(400, ProblemKind::AccountDoesNotExist, "no account of that key")
            })?;
            return Ok(state.account_reply(id, 200));
        }
        state.bind(&payload["externalAccountBinding"], key)?;
        if let Some(id) = state.account_of(key)? {
            return Ok(state.account_reply(id, 200));
        }
        if payload["termsOfServiceAgreed"] != true {
            let detail = "agree to the terms of service";
            return Err(Refusal::new(403, ProblemKind::UserActionRequired, detail));
        }
        let id = state.register(key.clone(), contacts(&payload["contact"])?);
        Ok(state.account_reply(id, 201))
    }

    /// An update, or a look (RFC 8555 §7.3.2 and §7.3.6).
    pub(super) fn account(&self, own: usize, id: usize, signed: &Signed) -> Result<Reply, Refusal> {
        if own != id {
            return Err(Refusal::new(403, ProblemKind::Unauthorized, "another account's"));
        }
        let mut state = self.state();
        if !signed.is_empty() {
            let payload = signed.object()?;
            let account = state.accounts.get_mut(&id).ok_or_else(not_found)?;
            match (&payload["status"], &payload["contact"]) {
                (Value::String(status), Value::Null) if status == "deactivated" => {
                    account.deactivated = true;
                }
                (Value::Null, contact @ Value::Array(_)) => account.contact = contacts(contact)?,
                _ => return Err(malformed("an account is given contacts, or deactivated")),
            }
        }
        Ok(state.account_reply(id, 200))
    }

    /// The account's key signs outside, the new one inside (RFC 8555 §7.3.5).
    pub(super) fn key_change(&self, account: usize, signed: &Signed) -> Result<Reply, Refusal> {
        let at = Endpoint::KeyChange.url();
        let inner = Jws::parse(&signed.object()?, &at)?.without_nonce()?;
        let Signer::Key(new) = inner.signer()? else {
            return Err(malformed("the inner JWS is signed by a key"));
        };
        inner.verify(&new)?;
        let change = inner.object()?;
        if change["account"] != url(Endpoint::Account, account) {
            return Err(malformed("the account is not that of the outer JWS"));
        }
        let mut state = self.state();
        let old = change["oldKey"].as_object().ok_or_else(|| malformed("no oldKey"))?;
        if PublicKey::parse(old)? != state.accounts[&account].key {
            return Err(malformed("the old key is not the account's"));
        }
        if let Some((id, _)) = state.accounts.iter().find(|(_, account)| account.key == new) {
            let refusal = Refusal::new(409, ProblemKind::Malformed, "the new key has an account");
            return Ok(Reply::from(refusal).with("location", url(Endpoint::Account, *id)));
        }
        if let Some(account) = state.accounts.get_mut(&account) {
            account.key = new;
        }
        Ok(state.account_reply(account, 200))
    }
}

impl State {
    fn account_of(&self, key: &PublicKey) -> Result<Option<usize>, Refusal> {
        match self.accounts.iter().find(|(_, account)| account.key == *key) {
            Some((_, account)) if account.deactivated => {
                let detail = "an account with the provided public key exists but is deactivated";
                Err(Refusal::new(403, ProblemKind::Unauthorized, detail))
            }
            found => Ok(found.map(|(id, _)| *id)),
        }
    }

    fn account_reply(&self, id: usize, status: u16) -> Reply {
        let account = &self.accounts[&id];
        let standing = if account.deactivated { "deactivated" } else { "valid" };
        let document = json!({ "status": standing, "contact": account.contact });
        Reply::json(status, &document).with("location", url(Endpoint::Account, id))
    }

    /// Uses up an external account, if one is wanted (RFC 8555 §7.3.4).
    fn bind(&mut self, binding: &Value, key: &PublicKey) -> Result<(), Refusal> {
        if self.external_accounts.is_empty() {
            return Ok(());
        }
        if binding.is_null() {
            let detail = "bind the account to an external one";
            return Err(Refusal::new(403, ProblemKind::ExternalAccountRequired, detail));
        }
        let binding = Jws::parse(binding, &Endpoint::NewAccount.url())?.without_nonce()?;
        if binding.algorithm()? != "HS256" {
            return Err(malformed("a binding is signed with HS256"));
        }
        let bound = binding.object()?;
        if bound.as_object().map(PublicKey::parse).transpose()?.as_ref() != Some(key) {
            return Err(malformed("the binding is for another key"));
        }
        let unauthorized = |detail| Refusal::new(403, ProblemKind::Unauthorized, detail);
        let kid = binding.kid()?;
        let Some(secret) = self.external_accounts.get(kid) else {
            return Err(unauthorized("no external account of that key id"));
        };
        let (input, tag) = binding.signed();
        hmac::verify(&hmac::Key::new(HMAC_SHA256, secret), input, tag)
            .map_err(|_| unauthorized("the binding is signed with another key"))?;
        if self.bound.insert(kid.into()) {
            Ok(())
        } else {
            Err(unauthorized("the external account was used before"))
        }
    }
}

fn contacts(contacts: &Value) -> Result<Vec<String>, Refusal> {
    let contacts = match contacts {
        Value::Null => return Ok(Vec::new()),
        Value::Array(contacts) => contacts.iter().map(Value::as_str),
        _ => return Err(malformed("contacts are a list")),
    };
    let contacts = contacts.map(|contact| match contact {
        Some(contact) if contact.starts_with("mailto:") => Ok(contact.to_owned()),
        Some(_) => {
            Err(Refusal::new(400, ProblemKind::UnsupportedContact, "only mailto is supported"))
        }
        None => Err(malformed("a contact is a text")),
    });
    contacts.collect()
}
