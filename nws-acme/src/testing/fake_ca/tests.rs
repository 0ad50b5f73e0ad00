//! How strict it is, by requests that no client of ours makes.

use std::sync::Arc;

use async_trait::async_trait;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt as _;
use nws_challenge::{KeyAuthorization, Token};
use nws_expiry::{DnsName, Issued, KeyType};
use serde_json::{Value, json};
use time::macros::datetime;

use super::FakeCa;
use crate::jws::{Signer, SigningKey as _};
use crate::testing::{Endpoint, RuntimeClock, Unanswered};
use crate::{
    Account, AccountKey, Ca, Clock as _, Journal, Limits, NotDurable, OrderSpec, OrderUrl, Problem,
    Registration, RevocationReason, TermsAgreed, generate_key, obtain,
};

struct World {
    clock: Arc<RuntimeClock>,
    fake: Arc<FakeCa>,
    ca: Ca,
    account: Account,
}

/// A journal that keeps nothing.
struct Nothing;

#[async_trait]
impl Journal for Nothing {
    async fn order_known(&self, _: &OrderUrl) -> Result<(), NotDurable> {
        Ok(())
    }

    async fn present(&self, _: &KeyAuthorization) -> Result<(), NotDurable> {
        Ok(())
    }

    async fn finalizing(&self, _: &[u8]) -> Result<(), NotDurable> {
        Ok(())
    }
}

impl World {
    async fn new() -> Self {
        let clock = Arc::new(RuntimeClock::starting_at(datetime!(2026-03-02 0:00 UTC)));
        let key = AccountKey::generate().unwrap();
        let thumbprint = key.thumbprint().clone();
        let fake = FakeCa::new(clock.clone(), move |_: &DnsName, token: &Token| {
            Ok::<_, Unanswered>(KeyAuthorization::new(token, &thumbprint).as_str().to_owned())
        });
        let ca = Ca::new(fake.directory_url(), fake.transport(), Limits::default());
        let registration =
            Registration { terms: TermsAgreed, contact: vec![], external_account: None };
        let account = ca.register(&key, &registration, &*clock).await.unwrap();
        Self { clock, fake, ca, account }
    }

    async fn issue(&self, key: KeyType) -> Issued {
        let spec = OrderSpec {
            names: "a.example".parse::<DnsName>().unwrap().into(),
            key: generate_key(key).unwrap(),
            profile: None,
            resume: None,
            chain: None,
            replaces: None,
            deadline: self.clock.now() + std::time::Duration::from_secs(60),
        };
        obtain(&self.ca, &self.account, &spec, &Nothing, &*self.clock).await.unwrap()
    }

    fn by_account(&self) -> Signer<'_> {
        Signer::account(&self.account.key, &self.account.url)
    }

    /// The problem that a request is answered with, or `None` if it succeeds.
    async fn post(&self, signer: Signer<'_>, url: &str, payload: &Value) -> Option<String> {
        let nonce = self.fake.state().nonce();
        let jws = signer.sign(url, Some(&nonce), &payload.to_string()).unwrap();
        let request = Request::post(url)
            .header("content-type", "application/jose+json")
            .header("user-agent", "test")
            .body(Bytes::from(jws.to_string()));
        let answer = self.fake.transport().send(request.unwrap()).await.unwrap();
        if answer.status().is_success() {
            return None;
        }
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        Problem::from_json(&body).map(|problem| problem.kind.to_string())
    }
}

/// RFC 8555 §7.3.5, each of its checks.
#[tokio::test(start_paused = true)]
async fn a_key_change_is_checked_inside_and_outside() {
    let world = World::new().await;
    let (new, other) = (AccountKey::generate().unwrap(), AccountKey::generate().unwrap());
    let url = Endpoint::KeyChange.url();
    let right = json!({ "account": world.account.url.as_str(), "oldKey": world.account.key.jwk().to_json() });
    let with = |member: &str, value: Value| {
        let mut payload = right.clone();
        payload[member] = value;
        payload.to_string()
    };
    let sign = |signer: Signer<'_>, url: &str, nonce: Option<&str>, payload: &str| {
        signer.sign(url, nonce, payload).unwrap()
    };
    let by_new = Signer::key(&new);
    let right_text = right.to_string();
    let mut forged = sign(by_new, &url, None, &right_text);
    forged["signature"] = sign(Signer::key(&other), &url, None, &right_text)["signature"].clone();
    let cases = [
        (
            "for another URL",
            sign(by_new, &Endpoint::NewAccount.url(), None, &right_text),
            "unauthorized",
        ),
        ("with a nonce", sign(by_new, &url, Some("bm9uY2U"), &right_text), "malformed"),
        ("by the account inside", sign(world.by_account(), &url, None, &right_text), "malformed"),
        ("without the new key's signature", forged, "malformed"),
        (
            "of another account",
            sign(by_new, &url, None, &with("account", "https://ca.test/account/7".into())),
            "malformed",
        ),
        (
            "from another key",
            sign(by_new, &url, None, &with("oldKey", other.jwk().to_json())),
            "malformed",
        ),
        ("no JWS", right.clone(), "malformed"),
    ];
    for (case, inner, want) in &cases {
        let said = world.post(world.by_account(), &url, inner).await;
        assert_eq!(said.as_deref(), Some(*want), "{case}");
    }
    let inner = sign(by_new, &url, None, &right_text);
    let said = world.post(by_new, &url, &inner).await;
    assert_eq!(said.as_deref(), Some("malformed"), "by the new key outside");
    assert_eq!(world.post(world.by_account(), &url, &inner).await, None);
}

/// RFC 8555 §7.6: by the account or by the certificate's key.
#[tokio::test(start_paused = true)]
async fn a_revocation_is_checked() {
    let (world, url) = (World::new().await, Endpoint::RevokeCert.url());
    let issued = world.issue(KeyType::EcdsaP256).await;
    let der = BASE64_URL_SAFE_NO_PAD.encode(issued.chain().certificates().next().unwrap());
    let key = AccountKey::from_pkcs8_der(issued.key().pkcs8_der()).unwrap();
    let stranger = AccountKey::generate().unwrap();
    let request = |reason: Value| json!({ "certificate": der, "reason": reason });
    let cases = [
        ("a CA's reason", world.by_account(), request(2.into()), Some("badRevocationReason")),
        (
            "no number",
            world.by_account(),
            request("keyCompromise".into()),
            Some("badRevocationReason"),
        ),
        ("another key", Signer::key(&stranger), request(1.into()), Some("unauthorized")),
        ("no certificate", world.by_account(), json!({ "reason": 1 }), Some("malformed")),
        ("the certificate's key", Signer::key(&key), request(1.into()), None),
        ("once more", world.by_account(), request(4.into()), Some("alreadyRevoked")),
    ];
    for (case, signer, payload, want) in cases {
        let said = world.post(signer, &url, &payload).await;
        assert_eq!(said.as_deref(), want, "{case}");
    }
    let serial = issued.leaf().serial();
    assert_eq!(world.fake.revocation(serial), Some(RevocationReason::KeyCompromise));

    let rsa = world.issue(KeyType::Rsa2048).await;
    let key = crate::RsaAccountKey::from_pkcs8_der(rsa.key().pkcs8_der()).unwrap();
    let der = BASE64_URL_SAFE_NO_PAD.encode(rsa.chain().certificates().next().unwrap());
    let payload = json!({ "certificate": der });
    assert_eq!(world.post(Signer::key(&key), &url, &payload).await, None, "RSA");
    let unspecified = Some(RevocationReason::Unspecified);
    assert_eq!(world.fake.revocation(rsa.leaf().serial()), unspecified);
}

#[tokio::test(start_paused = true)]
async fn an_account_is_changed_by_itself_alone() {
    let world = World::new().await;
    let cases = [
        ("nothing to change", json!({})),
        ("reactivation", json!({ "status": "valid" })),
        ("contacts that are no list", json!({ "contact": "mailto:a@b.example" })),
    ];
    for (case, payload) in cases {
        let said = world.post(world.by_account(), world.account.url.as_str(), &payload).await;
        assert_eq!(said.as_deref(), Some("malformed"), "{case}");
    }
    let other = format!("{}7", Endpoint::Account.url());
    let said = world.post(world.by_account(), &other, &json!({ "contact": [] })).await;
    assert_eq!(said.as_deref(), Some("unauthorized"), "another account");
}
