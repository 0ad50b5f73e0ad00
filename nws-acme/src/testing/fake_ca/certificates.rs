use nws_expiry::{Chain, DnsNames, Serial};
use serde_json::Value;

use super::{FakeCa, not_found, owned};
use crate::testing::endpoint::Endpoint;
use crate::testing::issuer::{self, Validity};
use crate::testing::jws::{Signed, Signer, decode, malformed};
use crate::testing::public_key::PublicKey;
use crate::testing::renewal::Certified;
use crate::testing::reply::{Refusal, Reply};
use crate::testing::state::{Certificate, Finalized, HOST, State, url};
use crate::{ProblemKind, RevocationReason};

impl FakeCa {
    /// How many certificates were issued.
    pub fn issued(&self) -> usize {
        self.state().certificates.len()
    }

    /// How many of them are revoked.
    pub fn revoked(&self) -> usize {
        self.state().certificates.iter().filter(|it| it.revoked.is_some()).count()
    }

    /// Why a certificate was revoked; `None` if it was not, or is not one of this CA's.
    pub fn revocation(&self, serial: &Serial) -> Option<RevocationReason> {
        let state = self.state();
        let found = state.certificates.iter().find(|certificate| {
            certificate.chain().is_some_and(|chain| chain.leaf().serial() == serial)
        });
        found?.revoked
    }

    pub(super) fn finalize(
        &self,
        account: usize,
        id: usize,
        payload: &Value,
    ) -> Result<Reply, Refusal> {
        let mut state = self.state();
        owned(state.orders.get(&id).map(|order| order.account), account)?;
        if state.status(id) != "ready" {
            return Err(Refusal::new(403, ProblemKind::OrderNotReady, "the order is not ready"));
        }
        let certificate = state.certificates.len();
        let names = &state.orders[&id].names;
        let pem = self.issue(payload, names, &state.accounts[&account].key, certificate)?;
        let said = state.faults.renewal_of_new.clone();
        let certified = Certified::of(&pem, account, &state.orders[&id].names, said);
        state.certified.extend(certified);
        state.certificates.push(Certificate { pem, account, revoked: None });
        let finalized = Finalized { polls: state.faults.processing_polls, certificate };
        if let Some(order) = state.orders.get_mut(&id) {
            order.finalized = Some(finalized);
        }
        Ok(state.order_reply(id, 200))
    }

    fn issue(
        &self,
        payload: &Value,
        names: &DnsNames,
        account: &PublicKey,
        serial: usize,
    ) -> Result<String, Refusal> {
        let bad = |detail: &str| Refusal::new(400, ProblemKind::BadCsr, detail);
        let csr = decode(payload["csr"].as_str().ok_or_else(|| bad("no csr"))?)?;
        let request = issuer::Request::parse(csr).map_err(|error| bad(&error.to_string()))?;
        if !request.is_for(names) {
            return Err(bad("the names are not the order's"));
        }
        if request.has_key(&account.bits()) {
            return Err(bad("the key is the account's"));
        }
        let validity = Validity { not_before: self.clock.now(), lifetime: self.lifetime };
        self.issuer.issue(&request, serial, validity).map_err(|error| bad(&error.to_string()))
    }

    /// With one of its chains, and the way to those beside the first.
    pub(super) fn certificate(&self, id: usize, place: usize) -> Result<Reply, Refusal> {
        let state = self.state();
        let certificate = state.certificates.get(id).ok_or_else(not_found)?;
        let pem = self.issuer.with_chain(&certificate.pem, place).ok_or_else(not_found)?;
        let index = format!("<{HOST}/directory>;rel=\"index\"");
        let others = (1..=state.faults.alternates).map(|other| {
            let other = url(Endpoint::Alternate, id * 10 + other);
            format!("<{other}>;rel=\"alternate\"")
        });
        Ok(others
            .fold(Reply::chain(pem).with("link", index), |reply, other| reply.with("link", other)))
    }

    /// By the account that it was issued to, or by whoever has its key (RFC 8555 §7.6).
    pub(super) fn revoke(&self, signed: &Signed) -> Result<Reply, Refusal> {
        let mut state = self.state();
        let account = match &signed.signer {
            Signer::Account(_) => Some(state.account(signed)?),
            Signer::Key(key) => {
                signed.verify(key)?;
                None
            }
        };
        let payload = signed.object()?;
        let reason = reason(&payload["reason"])?;
        let certificate = state.revocable(&payload["certificate"])?;
        let entitled = match (&signed.signer, account) {
            (Signer::Key(key), _) => certificate.has_key(key),
            (Signer::Account(_), account) => account == Some(certificate.account),
        };
        if !entitled {
            return Err(Refusal::new(403, ProblemKind::Unauthorized, "another account's"));
        }
        if certificate.revoked.is_some() {
            return Err(Refusal::new(400, ProblemKind::AlreadyRevoked, "it is revoked already"));
        }
        certificate.revoked = Some(reason);
        Ok(Reply::empty(200))
    }
}

impl State {
    fn revocable(&mut self, der: &Value) -> Result<&mut Certificate, Refusal> {
        let der = decode(der.as_str().ok_or_else(|| malformed("no certificate"))?)?;
        let is_it = |certificate: &&mut Certificate| {
            certificate
                .chain()
                .is_some_and(|chain| chain.certificates().next() == Some(der.as_slice()))
        };
        self.certificates.iter_mut().find(is_it).ok_or_else(not_found)
    }
}

impl Certificate {
    fn chain(&self) -> Option<Chain> {
        Chain::from_pem(self.pem.as_bytes()).ok()
    }

    fn has_key(&self, key: &PublicKey) -> bool {
        self.chain().is_some_and(|chain| chain.leaf().public_key().ends_with(&key.bits()))
    }
}

/// Only the reasons that are a subscriber's to give.
fn reason(number: &Value) -> Result<RevocationReason, Refusal> {
    if number.is_null() {
        return Ok(RevocationReason::Unspecified);
    }
    let known = RevocationReason::ALL.into_iter().find(|reason| *number == reason.code());
    known.ok_or_else(|| {
        Refusal::new(400, ProblemKind::BadRevocationReason, "not a reason that is accepted")
    })
}
