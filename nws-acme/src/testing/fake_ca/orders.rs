use nws_challenge::{KeyAuthorization, Token};
use nws_expiry::DnsName;
use serde_json::{Value, json};

use super::{FakeCa, not_found, owned};
use crate::ProblemKind;
use crate::testing::jws::malformed;
use crate::testing::reply::{Refusal, Reply};
use crate::testing::state::Standing;

impl FakeCa {
    pub(super) fn order(&self, account: usize, id: usize) -> Result<Reply, Refusal> {
        let mut state = self.state();
        owned(state.orders.get(&id).map(|order| order.account), account)?;
        state.look(id);
        Ok(state.order_reply(id, 200))
    }

    pub(super) fn authorization(&self, account: usize, id: usize) -> Result<Reply, Refusal> {
        let mut state = self.state();
        let most = state.faults.validation_polls;
        let authorization = state.authorizations.get_mut(id).ok_or_else(not_found)?;
        owned(Some(authorization.account), account)?;
        authorization.standing.look(most);
        Ok(Reply::json(200, &state.authorization_document(id)))
    }

    /// Validates while the client waits, and tells the outcome as late as it was told to.
    pub(super) async fn challenge(
        &self,
        account: usize,
        id: usize,
        payload: &Value,
    ) -> Result<Reply, Refusal> {
        if *payload != json!({}) {
            return Err(malformed("a challenge is offered with {}"));
        }
        let (name, key_authorization) = self.offered(account, id)?;
        let outcome = self.validate(&name, &key_authorization).await;
        let mut state = self.state();
        let outcome = state.judged(outcome);
        let polls = state.faults.validation_polls;
        state.authorizations[id].standing = Standing::Validating { polls, outcome };
        Ok(Reply::json(200, &state.challenge_document(id)))
    }

    fn offered(&self, account: usize, id: usize) -> Result<(DnsName, KeyAuthorization), Refusal> {
        let state = self.state();
        let authorization = state.authorizations.get(id).ok_or_else(not_found)?;
        owned(Some(authorization.account), account)?;
        if !matches!(authorization.standing, Standing::Pending) {
            return Err(malformed("the authorization is not pending"));
        }
        let token: Token = authorization.token.parse().map_err(|_| not_found())?;
        let thumbprint = state.accounts[&account].key.thumbprint().ok_or_else(not_found)?;
        Ok((authorization.name.clone(), KeyAuthorization::new(&token, &thumbprint)))
    }

    async fn validate(&self, name: &DnsName, want: &KeyAuthorization) -> Result<(), Refusal> {
        match self.validator.fetch(name, want.token()).await {
            Ok(body) if body.trim_end() == want.as_str() => Ok(()),
            Ok(_) => Err(Refusal::new(
                403,
                ProblemKind::Unauthorized,
                "the key authorization is another",
            )),
            Err(unanswered) => Err(Refusal::new(400, unanswered.kind, &unanswered.detail)),
        }
    }
}
