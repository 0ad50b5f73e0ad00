//! Certificates from a real CA for one account, many at a time: by `obtain`, or by a bare loop of instant-acme.
//!
//! `cargo xtask bench issue` runs it: that brings the CA, and does the measuring. Both ways go over the same [`Pool`], are
//! answered for by the same listener, look at their orders after the same pauses, and make a P-256 key for each certificate;
//! neither keeps anything.

use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{HeaderValue, USER_AGENT};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use instant_acme::{
    BodyWrapper, BytesResponse, ChallengeType, Error, HttpClient, Identifier, NewAccount, NewOrder,
    RetryPolicy,
};
use nws_acme::{
    Account, AccountKey, BoxError, Ca, Clock, Journal, Limits, NotDurable, OrderSpec, OrderUrl,
    Pool, Rates, Registration, Roots, TermsAgreed, Transport as _, generate_key, obtain,
};
use nws_challenge::{Answers, KeyAuthorization, Opening, serve};
use nws_expiry::{DnsName, KeyType};
use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

type Outcome<T> = Result<T, BoxError>;

const USAGE: &str =
    "run by `cargo xtask bench issue`: bare|obtain DIRECTORY ROOTS LISTEN CERTIFICATES IN_FLIGHT";

/// How long anything may take here.
const DEADLINE: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let [way, directory, roots, listen, certificates, in_flight] = words[..] else {
        eprintln!("{USAGE}");
        return Ok(());
    };
    let load = Load { certificates: certificates.parse()?, in_flight: in_flight.parse()? };
    let answers = Answers::new(load.certificates);
    let listener = TcpListener::bind(listen).await?;
    let limits = nws_challenge::Limits::default();
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, Opening::Http, answers.clone(), limits, stop));
    let roots = CertificateDer::pem_file_iter(roots)?.collect::<Result<_, _>>()?;
    let pool = Pool::new(Roots::Only(roots), None)?;
    match way {
        "bare" => bare(directory, pool, answers, load).await,
        "obtain" => ours(directory, pool, answers, load).await,
        _ => Err(USAGE.into()),
    }
}

#[derive(Clone, Copy)]
struct Load {
    certificates: NonZeroUsize,
    in_flight: usize,
}

impl Load {
    /// Makes so many certificates, so many at a time, each on a task of its own.
    async fn carry<F>(self, certificate: impl Fn(String) -> F) -> Outcome<()>
    where
        F: Future<Output = Outcome<()>> + Send + 'static,
    {
        let mut running = JoinSet::new();
        for number in 1..=self.certificates.get() {
            if running.len() >= self.in_flight
                && let Some(done) = running.join_next().await
            {
                done??;
            }
            running.spawn(certificate(format!("bench-{number}.example")));
        }
        while let Some(done) = running.join_next().await {
            done??;
        }
        Ok(())
    }
}

/// instant-acme as its documentation shows it, with our pool below it.
async fn bare(directory: &str, pool: Pool, answers: Answers, load: Load) -> Outcome<()> {
    let contact =
        NewAccount { contact: &[], terms_of_service_agreed: true, only_return_existing: false };
    let builder = instant_acme::Account::builder_with_http(Box::new(Wire(pool)));
    let (account, _) = builder.create(&contact, directory.to_owned(), None).await?;
    let account = Arc::new(account);
    load.carry(|name| bare_certificate(Arc::clone(&account), answers.clone(), name)).await
}

async fn bare_certificate(
    account: Arc<instant_acme::Account>,
    answers: Answers,
    name: String,
) -> Outcome<()> {
    // The pauses of `Limits::default()`.
    let Limits { first_poll, .. } = Limits::default();
    let poll = RetryPolicy::new().initial_delay(first_poll).backoff(2.0).timeout(DEADLINE);
    let identifiers = [Identifier::Dns(name.clone())];
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let mut challenge = authorization
            .challenge(ChallengeType::Http01)
            .ok_or("an authorization without HTTP-01")?;
        let answer: KeyAuthorization = challenge.key_authorization().as_str().parse()?;
        answers.put(answer, SystemClock.now() + DEADLINE)?;
        challenge.set_ready().await?;
    }
    order.poll_ready(&poll).await?;
    let key = KeyPair::generate()?;
    let request = CertificateParams::new([name])?.serialize_request(&key)?;
    order.finalize_csr(request.der()).await?;
    order.poll_certificate(&poll).await?;
    Ok(())
}

/// Our pool, as instant-acme wants it.
struct Wire(Pool);

impl HttpClient for Wire {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let pool = self.0.clone();
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            head.headers.insert(USER_AGENT, HeaderValue::from_static("bare-loop"));
            let Ok(body) = body.collect().await;
            let answer = whole(&pool, Request::from_parts(head, body.to_bytes())).await;
            let (parts, body) = answer.map_err(Error::Other)?.into_parts();
            Ok(BytesResponse { parts, body: Box::new(body) })
        })
    }
}

async fn whole(pool: &Pool, request: Request<Bytes>) -> Outcome<Response<Bytes>> {
    let (head, body) = pool.send(request).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// A CA of one's own, with nobody else to serve.
fn limits() -> Outcome<Limits> {
    let in_flight = 256.try_into()?;
    let rates = Rates::LETS_ENCRYPT.at_most(10_000.try_into()?);
    Ok(Limits { in_flight, rates, ..Limits::default() })
}

/// All that a daemon does for a certificate, but for keeping it.
async fn ours(directory: &str, pool: Pool, answers: Answers, load: Load) -> Outcome<()> {
    let ca = Ca::new(directory.parse()?, Arc::new(pool), limits()?);
    let registration =
        Registration { terms: TermsAgreed, contact: Vec::new(), external_account: None };
    let account = ca.register(&AccountKey::generate()?, &registration, &SystemClock).await?;
    load.carry(|name| our_certificate(ca.clone(), account.clone(), answers.clone(), name)).await
}

async fn our_certificate(ca: Ca, account: Account, answers: Answers, name: String) -> Outcome<()> {
    let spec = OrderSpec {
        names: name.parse::<DnsName>()?.into(),
        key: generate_key(KeyType::EcdsaP256)?,
        profile: None,
        chain: None,
        replaces: None,
        resume: None,
        deadline: SystemClock.now() + DEADLINE,
    };
    obtain(&ca, &account, &spec, &Forgetful(answers), &SystemClock).await?;
    Ok(())
}

/// A journal that answers challenges, and keeps nothing.
struct Forgetful(Answers);

#[async_trait]
impl Journal for Forgetful {
    async fn order_known(&self, _: &OrderUrl) -> Result<(), NotDurable> {
        Ok(())
    }

    async fn present(&self, key_authorization: &KeyAuthorization) -> Result<(), NotDurable> {
        let until = SystemClock.now() + DEADLINE;
        self.0.put(key_authorization.clone(), until).map_err(|error| NotDurable(error.into()))
    }

    async fn finalizing(&self, _: &[u8]) -> Result<(), NotDurable> {
        Ok(())
    }
}

struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the CA is real, and so is its time")]
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}
