//! What the fake CA remembers, and how it moves (RFC 8555 §7.1.6).

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use nws_expiry::{DnsName, DnsNames};
use serde_json::{Value, json};

use super::answer::Answer;
use super::endpoint::Endpoint;
use super::faults::{Faults, Outage};
use super::jws::{Signed, Signer};
use super::public_key::PublicKey;
use super::renewal::Certified;
use super::reply::{Refusal, Reply};
use crate::{CertificateId, ProblemKind, RevocationReason};

pub(super) const HOST: &str = "https://ca.test";

#[derive(Default)]
pub(super) struct State {
    pub(super) faults: Faults,
    pub(super) counts: BTreeMap<Endpoint, usize>,
    requests: u32,
    signed_requests: u32,
    pub(super) nonces: HashSet<String>,
    nonces_made: u32,
    pub(super) accounts: BTreeMap<usize, Account>,
    accounts_made: usize,
    pub(super) authorizations: Vec<Authorization>,
    pub(super) orders: BTreeMap<usize, Order>,
    pub(super) orders_made: usize,
    pub(super) certified: Vec<Certified>,
    pub(super) certificates: Vec<Certificate>,
    /// HMAC keys by key id; where there are any, no account is made without one.
    pub(super) external_accounts: BTreeMap<String, Vec<u8>>,
    /// The key ids that have their account.
    pub(super) bound: BTreeSet<String>,
}

pub(super) struct Account {
    pub(super) key: PublicKey,
    pub(super) contact: Vec<String>,
    pub(super) deactivated: bool,
}

pub(super) struct Certificate {
    /// The whole chain.
    pub(super) pem: String,
    pub(super) account: usize,
    pub(super) revoked: Option<RevocationReason>,
}

pub(super) struct Authorization {
    pub(super) account: usize,
    pub(super) name: DnsName,
    pub(super) token: String,
    pub(super) standing: Standing,
}

/// A challenge and its authorization, which has no other.
#[derive(Clone)]
pub(super) enum Standing {
    Pending,
    Validating { polls: u32, outcome: Result<(), Refusal> },
    Valid,
    Invalid(Refusal),
}

pub(super) struct Order {
    pub(super) account: usize,
    pub(super) names: DnsNames,
    pub(super) profile: Option<String>,
    pub(super) replaces: Option<CertificateId>,
    authorizations: Vec<usize>,
    pub(super) finalized: Option<Finalized>,
}

/// An order that has its certificate, shown after so many more looks.
pub(super) struct Finalized {
    pub(super) polls: u32,
    pub(super) certificate: usize,
}

impl State {
    /// Counts a request; what keeps it from being served, if anything does.
    pub(super) fn count(&mut self, endpoint: Endpoint) -> Option<Outage> {
        *self.counts.entry(endpoint).or_default() += 1;
        let Faults { outage, outage_at, .. } = &self.faults;
        outage.clone().filter(|_| outage_at.is_empty() || outage_at.contains(&endpoint))
    }

    /// Whether a request that is served is one that fails.
    pub(super) fn fails(&mut self) -> bool {
        self.requests += 1;
        let next = self.faults.server_errors_next > 0;
        self.faults.server_errors_next -= u32::from(next);
        next || is_nth(self.requests, self.faults.server_error_every)
    }

    /// What is answered in place of an endpoint's own answer.
    pub(super) fn instead(&mut self, endpoint: Endpoint) -> Option<Answer> {
        let mut told = self.faults.instead.iter_mut();
        let instead = told.find(|instead| instead.at == endpoint && instead.times > 0)?;
        instead.times -= 1;
        Some(instead.answer.clone())
    }

    /// What becomes of a validation.
    pub(super) fn judged(&mut self, outcome: Result<(), Refusal>) -> Result<(), Refusal> {
        let Some(left) = self.faults.failed_validations_next.checked_sub(1) else {
            return outcome;
        };
        self.faults.failed_validations_next = left;
        Err(Refusal::new(400, ProblemKind::Dns, "During secondary validation: SERVFAIL"))
    }

    pub(super) fn nonce(&mut self) -> String {
        self.nonces_made += 1;
        let nonce = BASE64_URL_SAFE_NO_PAD.encode(format!("nonce-{}", self.nonces_made));
        self.nonces.insert(nonce.clone());
        nonce
    }

    /// Uses up a nonce (RFC 8555 §6.5).
    pub(super) fn spend(&mut self, nonce: &str) -> Result<(), Refusal> {
        self.signed_requests += 1;
        let known = self.nonces.remove(nonce);
        let next = self.faults.bad_nonces_next > 0;
        self.faults.bad_nonces_next -= u32::from(next);
        if known && !next && !is_nth(self.signed_requests, self.faults.bad_nonce_every) {
            return Ok(());
        }
        Err(Refusal::new(400, ProblemKind::BadNonce, "the nonce is unknown or was used"))
    }

    /// The id in an account's URL.
    pub(super) fn account_at(&self, url: &str) -> Option<usize> {
        url.strip_prefix(&Endpoint::Account.url())?.parse().ok()
    }

    /// The account that signed a request.
    pub(super) fn account(&self, signed: &Signed) -> Result<usize, Refusal> {
        let Signer::Account(url) = &signed.signer else {
            return Err(super::jws::malformed("this request is signed by an account"));
        };
        let unknown =
            || Refusal::new(400, ProblemKind::AccountDoesNotExist, "no account of that URL");
        let id = self.account_at(url).ok_or_else(unknown)?;
        let account = self.accounts.get(&id).ok_or_else(unknown)?;
        if account.deactivated {
            let detail = "the account is not valid, it has status deactivated";
            return Err(Refusal::new(403, ProblemKind::Unauthorized, detail));
        }
        signed.verify(&account.key)?;
        Ok(id)
    }

    /// A new account.
    pub(super) fn register(&mut self, key: PublicKey, contact: Vec<String>) -> usize {
        let id = self.accounts_made;
        self.accounts_made += 1;
        self.accounts.insert(id, Account { key, contact, deactivated: false });
        id
    }

    /// The account's open order for the same certificate, as Let's Encrypt does, or a new one.
    pub(super) fn order(
        &mut self,
        account: usize,
        names: DnsNames,
        profile: Option<String>,
        replaces: Option<CertificateId>,
    ) -> usize {
        let open = self.orders.iter().find(|(id, order)| {
            (order.account, &order.names, &order.profile) == (account, &names, &profile)
                && matches!(self.status(**id), "pending" | "ready")
        });
        if let (false, Some((id, _))) = (self.faults.never_the_same_order, open) {
            return *id;
        }
        // the authorizations are in no order that means anything (RFC 8555 §7.1.3)
        let authorizations =
            names.iter().rev().map(|name| self.authorization(account, name)).collect();
        let id = self.orders_made;
        self.orders_made += 1;
        let finalized = None;
        self.orders
            .insert(id, Order { account, names, profile, replaces, authorizations, finalized });
        id
    }

    fn authorization(&mut self, account: usize, name: &DnsName) -> usize {
        let is_reusable = |authorization: &Authorization| {
            (authorization.account, &authorization.name) == (account, name)
                && matches!(authorization.standing, Standing::Valid)
        };
        let valid = self.authorizations.iter().position(is_reusable);
        if let (true, Some(id)) = (self.faults.reuse_authorizations, valid) {
            return id;
        }
        let id = self.authorizations.len();
        let token =
            BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, format!("token {id}").as_bytes()));
        let standing = if self.faults.ready_at_once { Standing::Valid } else { Standing::Pending };
        let name = name.clone();
        self.authorizations.push(Authorization { account, name, token, standing });
        id
    }

    pub(super) fn status(&self, id: usize) -> &'static str {
        let order = &self.orders[&id];
        let standings = || order.authorizations.iter().map(|id| &self.authorizations[*id].standing);
        match &order.finalized {
            Some(Finalized { polls: 0, .. }) => "valid",
            Some(_) => "processing",
            None if standings().any(|standing| matches!(standing, Standing::Invalid(_))) => {
                "invalid"
            }
            None if standings().all(|standing| matches!(standing, Standing::Valid)) => "ready",
            None => "pending",
        }
    }

    /// Time passes, which here means: somebody looked.
    pub(super) fn look(&mut self, id: usize) {
        let most = self.faults.validation_polls;
        let Some(order) = self.orders.get_mut(&id) else { return };
        for authorization in &order.authorizations {
            self.authorizations[*authorization].standing.look(most);
        }
        if let Some(finalized) = &mut order.finalized {
            finalized.polls = finalized.polls.saturating_sub(1);
        }
    }

    pub(super) fn order_reply(&self, id: usize, status: u16) -> Reply {
        let order = &self.orders[&id];
        let mut authorizations: Vec<_> =
            order.authorizations.iter().map(|id| url(Endpoint::Authorization, *id)).collect();
        if self.faults.shuffle_authorizations {
            authorizations.rotate_left(self.nonces_made as usize % order.authorizations.len());
        }
        let identifiers: Vec<_> =
            order.names.iter().map(|name| json!({ "type": "dns", "value": name })).collect();
        let finalized = order.finalized.as_ref().filter(|finalized| finalized.polls == 0);
        let mut document = json!({
            "status": self.status(id),
            "identifiers": identifiers,
            "authorizations": authorizations,
            "finalize": url(Endpoint::Finalize, id),
        });
        if let Some(finalized) = finalized {
            document["certificate"] = url(Endpoint::Certificate, finalized.certificate).into();
        }
        if let Some(replaces) = order.replaces.as_ref().filter(|_| !self.faults.silent_on_replaces)
        {
            document["replaces"] = replaces.to_string().into();
        }
        Reply::json(status, &document).with("retry-after", self.faults.retry_after.clone())
    }

    pub(super) fn authorization_document(&self, id: usize) -> Value {
        let authorization = &self.authorizations[id];
        let status = match authorization.standing {
            Standing::Pending | Standing::Validating { .. } => "pending",
            Standing::Valid => "valid",
            Standing::Invalid(_) => "invalid",
        };
        // a challenge nobody has heard of, without a token: CAs add such without notice
        let novel =
            json!({ "type": "novel-01", "url": format!("{HOST}/novel/{id}"), "status": "pending" });
        json!({
            "status": status,
            "identifier": { "type": "dns", "value": authorization.name },
            "challenges": [novel, self.challenge_document(id)],
        })
    }

    pub(super) fn challenge_document(&self, id: usize) -> Value {
        let authorization = &self.authorizations[id];
        let mut document = json!({
            "type": "http-01",
            "url": url(Endpoint::Challenge, id),
            "token": authorization.token,
            "status": match authorization.standing {
                Standing::Pending => "pending",
                Standing::Validating { .. } => "processing",
                Standing::Valid => "valid",
                Standing::Invalid(_) => "invalid",
            },
        });
        if let Standing::Invalid(refusal) = &authorization.standing {
            document["error"] = refusal.document();
        }
        document
    }
}

impl Standing {
    pub(super) fn look(&mut self, most: u32) {
        if let Self::Validating { polls, outcome } = self {
            match most.min(*polls).checked_sub(1) {
                Some(left) => *polls = left,
                None => *self = outcome.clone().map_or_else(Self::Invalid, |()| Self::Valid),
            }
        }
    }
}

pub(super) fn url(endpoint: Endpoint, id: usize) -> String {
    format!("{HOST}{}{id}", endpoint.path())
}

fn is_nth(count: u32, every: u32) -> bool {
    every != 0 && count.is_multiple_of(every)
}
