//! What every engine has to do; run here for SQLite.

mod cas;
mod imported;
mod outlook;
mod parking;
mod read_back;
mod revocations;
mod sealing_anew;
mod served;
mod unwanted;

use std::path::PathBuf;
use std::sync::Arc;

use nws_acme::OrderUrl;
use nws_expiry::{DnsName, DnsNames, KeyType, PrivateKey};
use rcgen::{CertificateParams, KeyPair};
use time::Duration;
use time::macros::datetime;

use super::*;

const CA: &str = "https://ca.example/d";
const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const AT_NOON: Span = Span { began: NOON, ended: NOON };

/// A database file and whoever has it open.
struct Bench {
    store: SqliteStore,
    file: PathBuf,
    _dir: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("state.db");
        Self { store: SqliteStore::open(&file).await.unwrap(), file, _dir: dir }
    }

    /// The store as a later process opens it; the earlier one still has its own.
    async fn later(&self) -> SqliteStore {
        SqliteStore::open(&self.file).await.unwrap()
    }

    /// The chain and key before the newest, which nothing reads yet: a renewal keeps them until it is served.
    async fn predecessor(&self) -> (String, Vec<u8>) {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&self.file);
        let mut connection =
            <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options).await.unwrap();
        let row = sqlx::query_as("SELECT previous_chain, previous_key FROM certificate");
        row.fetch_one(&mut connection).await.unwrap()
    }

    async fn intend(&self, host: &str) -> Made {
        let made = Made::new(host);
        self.store.write(made.intent()).await.unwrap();
        made
    }
}

/// An order for one host, and the certificate it will bring.
struct Made {
    order: OrderId,
    certificate: CertificateKey,
    chain: Chain,
}

impl Made {
    fn new(host: &str) -> Self {
        let pair = KeyPair::generate().unwrap();
        let key = PrivateKey::from_pkcs8_der(pair.serialized_der()).unwrap();
        let params = CertificateParams::new([host.to_owned()]).unwrap();
        let der = params.self_signed(&pair).unwrap().der().as_ref().into();
        let names = DnsNames::from(host.parse::<DnsName>().unwrap());
        Self {
            order: OrderId::of(&key, NOON),
            certificate: CertificateKey { names, key_type: KeyType::EcdsaP256, profile: None },
            chain: Chain::from_der(vec![der]).unwrap(),
        }
    }

    fn intent(&self) -> Step {
        let (order, certificate) = (self.order, self.certificate.clone());
        let (ca, profile) = (CA.into(), Some("classic".parse().unwrap()));
        Step::OrderIntended {
            order,
            certificate,
            sealed_key: self.sealed(),
            ca,
            profile,
            uses: Vec::new(),
            at: NOON,
        }
    }

    /// Stands for a sealed key: the store never looks into one.
    fn sealed(&self) -> Sealed {
        Sealed(self.order.to_string().into_bytes())
    }

    fn outgoing(&self) -> Outgoing {
        let provenance = Provenance {
            ca: Some(CA.into()),
            profile: Some("classic".parse().unwrap()),
            ..Provenance::default()
        };
        Outgoing { chain: self.chain.clone(), sealed_key: self.sealed(), provenance }
    }

    fn known(&self) -> Step {
        Step::OrderKnown { order: self.order, url: url() }
    }

    fn issued(&self) -> Step {
        Step::Issued { order: self.order, chain: self.chain.clone(), attempt: AT_NOON }
    }

    fn waits(&self) -> Step {
        let (error, until) = ("the CA is away".into(), NOON + Duration::MINUTE);
        Step::OrderWaits { order: self.order, error, blame: Blame::Nobody, attempt: AT_NOON, until }
    }

    fn ended(&self) -> Step {
        let (error, until) = ("connection refused".into(), NOON + Duration::HOUR);
        Step::OrderEnded { order: self.order, error, blame: Blame::Name, attempt: AT_NOON, until }
    }
}

fn url() -> OrderUrl {
    "https://ca.example/order/1".parse().unwrap()
}

#[tokio::test]
async fn a_step_is_there_when_the_file_is_opened_again() {
    let bench = Bench::new().await;
    let made = bench.intend("a.example").await;
    bench.store.write(made.known()).await.unwrap();
    let facts = bench.later().await.load().await.unwrap();
    let [order] = &facts.orders[..] else { panic!("one open order, not {}", facts.orders.len()) };
    assert_eq!((order.id, &order.certificate), (made.order, &made.certificate));
    assert_eq!(
        (&order.sealed_key, order.started_at, &order.url),
        (&made.sealed(), NOON, &Some(url()))
    );
    assert_eq!(
        (order.ca.as_deref(), order.profile.as_ref().unwrap().as_str()),
        (Some(CA), "classic")
    );
}

#[tokio::test]
async fn a_certificate_has_one_open_order() {
    let bench = Bench::new().await;
    bench.intend("a.example").await;
    let second = bench.store.write(Made::new("a.example").intent()).await;
    assert!(matches!(second, Err(StoreError::OrderOpen { .. })), "{second:?}");
    bench.intend("b.example").await;
    assert_eq!(bench.store.load().await.unwrap().orders.len(), 2);
}

#[tokio::test]
async fn what_is_issued_is_in_the_outbox_and_its_order_is_over() {
    let bench = Bench::new().await;
    let failed = bench.intend("a.example").await;
    bench.store.write(failed.ended()).await.unwrap();
    let made = bench.intend("a.example").await;
    bench.store.write(made.issued()).await.unwrap();
    let outbox = bench.store.outbox(&made.certificate).await.unwrap();
    assert_eq!(outbox, Some(made.outgoing()));
    let facts = bench.store.load().await.unwrap();
    let [certificate] = &facts.certificates[..] else { panic!("one certificate") };
    assert_eq!(
        certificate.issued.as_ref().map(|issued| (&issued.chain, issued.at)),
        Some((&made.chain, NOON))
    );
    let issued = certificate.issued.as_ref().unwrap();
    assert_eq!(
        (issued.ca.as_deref(), issued.profile.as_ref().unwrap().as_str()),
        (Some(CA), "classic"),
        "by whom and how it was ordered"
    );
    assert_eq!(
        (certificate.failures, certificate.wait_until, &certificate.last_error),
        (0, None, &None)
    );
    assert!(facts.orders.is_empty());
    assert!(
        matches!(bench.store.write(made.issued()).await, Err(StoreError::Fenced { .. })),
        "only once"
    );
}

#[tokio::test]
async fn a_renewal_keeps_its_predecessor() {
    let bench = Bench::new().await;
    let old = bench.intend("a.example").await;
    bench.store.write(old.issued()).await.unwrap();
    let new = bench.intend("a.example").await;
    let before = bench.store.outbox(&old.certificate).await.unwrap();
    assert_eq!(before, Some(old.outgoing()), "an order under way takes nothing away");
    bench.store.write(new.issued()).await.unwrap();
    assert_eq!(bench.store.outbox(&new.certificate).await.unwrap(), Some(new.outgoing()));
    assert_eq!(bench.predecessor().await, (old.chain.to_pem(), old.sealed().0));
}

#[tokio::test]
async fn failures_count_for_whom_they_are_the_fault_of() {
    let bench = Bench::new().await;
    let made = bench.intend("a.example").await;
    bench.store.write(made.waits()).await.unwrap();
    let facts = bench.store.load().await.unwrap();
    assert_eq!((facts.certificates[0].failures, facts.orders.len()), (0, 1), "the order goes on");
    bench.store.write(made.ended()).await.unwrap();
    let facts = bench.store.load().await.unwrap();
    let certificate = &facts.certificates[0];
    assert_eq!((certificate.failures, facts.orders.len()), (1, 0), "the order is over");
    assert_eq!(certificate.last_error.as_deref(), Some("connection refused"));
    assert_eq!(certificate.wait_until, Some(NOON + Duration::HOUR));
    bench.intend("a.example").await;
}

#[tokio::test]
async fn who_opened_later_has_the_orders() {
    let bench = Bench::new().await;
    let made = bench.intend("a.example").await;
    let later = bench.later().await;
    let finalizing = Step::Finalizing { order: made.order, csr: vec![1] };
    for step in [made.known(), finalizing, made.waits(), made.ended(), made.issued()] {
        let late = bench.store.write(step).await;
        assert!(
            matches!(late, Err(StoreError::Fenced { order }) if order == made.order),
            "{late:?}"
        );
    }
    let facts = later.load().await.unwrap();
    assert_eq!(
        (facts.certificates[0].failures, &facts.orders[0].url),
        (0, &None),
        "nothing was touched"
    );
    bench.store.write(Step::AnswersForgotten { until: NOON }).await.unwrap();
    later.write(made.known()).await.unwrap();
    later.write(made.issued()).await.unwrap();
}

#[tokio::test]
async fn a_step_that_fails_takes_no_other_with_it() {
    let bench = Bench::new().await;
    let made = bench.intend("a.example").await;
    let doubled = Made::new("a.example");
    let steps = [made.known(), doubled.intent(), Made::new("b.example").intent(), doubled.issued()];
    let mut writes = tokio::task::JoinSet::new();
    let store = Arc::new(bench.store);
    for (at, step) in steps.into_iter().enumerate() {
        let store = store.clone();
        writes.spawn(async move { (at, store.write(step).await.is_ok()) });
    }
    let mut results = writes.join_all().await;
    results.sort_unstable();
    assert_eq!(results, [(0, true), (1, false), (2, true), (3, false)]);
    assert_eq!(store.load().await.unwrap().orders.len(), 2);
}

#[tokio::test]
async fn answers_are_had_until_their_end() {
    let bench = Bench::new().await;
    let token = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
    let key_authorization: KeyAuthorization =
        format!("{token}.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI").parse().unwrap();
    let until = NOON + Duration::HOUR;
    bench
        .store
        .write(Step::Offered { key_authorization: key_authorization.clone(), until })
        .await
        .unwrap();
    let later = bench.later().await;
    assert_eq!(later.answers(NOON).await.unwrap(), [(key_authorization, until)]);
    assert_eq!(later.answers(until).await.unwrap(), []);
    later.write(Step::AnswersForgotten { until }).await.unwrap();
    assert_eq!(later.answers(NOON).await.unwrap(), []);
}

#[tokio::test]
async fn an_account_is_known_until_the_ca_forgets_it() {
    let bench = Bench::new().await;
    let account = |url: Option<&str>| Step::Account {
        directory: CA.into(),
        url: url.map(Into::into),
        thumbprint: "t".into(),
    };
    for (step, want) in
        [(Some("https://ca.example/a/1"), 1), (Some("https://ca.example/a/1"), 1), (None, 0)]
    {
        bench.store.write(account(step)).await.unwrap();
        assert_eq!(bench.store.load().await.unwrap().accounts.len(), want, "{step:?}");
    }
}

#[tokio::test]
async fn every_attempt_is_told_and_those_that_end_alike_are_one() {
    let bench = Bench::new().await;
    let failed = bench.intend("a.example").await;
    bench.store.write(failed.known()).await.unwrap();
    let at = |minute: i64| {
        let began = NOON + Duration::minutes(minute);
        Span { began, ended: began + Duration::SECOND }
    };
    for minute in 0..3 {
        bench.store.write(failed.waits().during(at(minute))).await.unwrap();
    }
    bench.store.write(failed.ended().during(at(3))).await.unwrap();
    let made = bench.intend("a.example").await;
    bench.store.write(made.issued().during(at(4))).await.unwrap();
    bench.intend("b.example").await;

    let told = bench.later().await.history(&made.certificate).await.unwrap().attempts;
    let told: Vec<_> = told
        .iter()
        .map(|one| {
            (one.outcome, one.times, one.error.as_deref(), one.span.began, one.url.is_some())
        })
        .collect();
    assert_eq!(
        told,
        [
            (AttemptOutcome::Waits, 3, Some("the CA is away"), at(0).began, true),
            (AttemptOutcome::Failed, 1, Some("connection refused"), at(3).began, true),
            (AttemptOutcome::Issued, 1, None, at(4).began, false),
        ]
    );
}

#[tokio::test]
async fn of_many_attempts_the_newest_are_kept() {
    let bench = Bench::new().await;
    let other = bench.intend("b.example").await;
    bench.store.write(other.ended()).await.unwrap();
    for _ in 0..40 {
        let made = bench.intend("a.example").await;
        bench.store.write(made.ended()).await.unwrap();
    }
    let last = bench.intend("a.example").await;
    bench.store.write(last.issued()).await.unwrap();
    let told = bench.store.history(&last.certificate).await.unwrap().attempts;
    assert_eq!(told.len(), 30);
    assert_eq!(told.last().map(|one| one.order), Some(last.order));
    let told = bench.store.history(&other.certificate).await.unwrap().attempts;
    assert_eq!(told.len(), 1, "each certificate has its own");
}

#[tokio::test]
async fn a_push_is_told_of_who_wants_the_certificate() {
    let bench = Bench::new().await;
    let made = bench.intend("a.example").await;
    let want =
        |secret: &str| WantKey { target: Default::default(), secret: secret.parse().unwrap() };
    let row = |secret: &str, made: &Made| WantRow {
        key: want(secret),
        certificate: made.certificate.clone(),
        source: "apps/a.yaml".into(),
    };
    let other = Made::new("b.example");
    let rows = vec![row("a/tls", &made), row("b/tls", &other)];
    bench.store.write(Step::Wanted(rows)).await.unwrap();
    for secret in ["a/tls", "b/tls"] {
        let step = Step::Delivered {
            want: want(secret),
            path: "certs/a/tls.yaml".parse().unwrap(),
            fingerprint: made.order.0,
            commit: "0123456789012345678901234567890123456789".parse().unwrap(),
            at: NOON,
        };
        bench.store.write(step).await.unwrap();
    }
    let told = bench.store.history(&made.certificate).await.unwrap().pushes;
    let told: Vec<_> = told.iter().map(|push| (push.want.clone(), push.at)).collect();
    assert_eq!(told, [(want("a/tls"), NOON)]);
}

impl Step {
    fn during(self, span: Span) -> Self {
        let mut step = self;
        if let Self::Issued { attempt, .. }
        | Self::OrderWaits { attempt, .. }
        | Self::OrderEnded { attempt, .. } = &mut step
        {
            *attempt = span;
        }
        step
    }
}
