use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use nws_acme::testing::{FakeCa, RuntimeClock, Unanswered};
use nws_acme::{
    Account, AccountKey, Availability, Ca, Clock, Journal, Limits, NotDurable, OrderError,
    OrderSpec, OrderUrl, Registration, TermsAgreed, generate_key, obtain,
};
use nws_challenge::{KeyAuthorization, Token};
use nws_expiry::{DnsName, DnsNames, Issued, KeyType};
use time::macros::datetime;
use tokio::time::Instant;

/// A registered account at a fake CA that validates by what the journal presents.
pub(crate) struct World {
    pub(crate) clock: Arc<RuntimeClock>,
    pub(crate) fake: Arc<FakeCa>,
    pub(crate) ca: Ca,
    pub(crate) account: Account,
    pub(crate) journal: Book,
    start: Instant,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        let clock = Arc::new(RuntimeClock::starting_at(datetime!(2026-03-02 0:00 UTC)));
        let journal = Book::default();
        let answers = journal.answers.clone();
        let fake = FakeCa::new(clock.clone(), move |name: &DnsName, token: &Token| {
            let found = answers.lock().unwrap().get(token).map(|answer| answer.as_str().to_owned());
            found.ok_or_else(|| Unanswered::connection(format!("192.0.2.1: {name} has no answer")))
        });
        let ca = Ca::new(fake.directory_url(), fake.transport(), limits);
        let account =
            ca.register(&AccountKey::generate().unwrap(), &registration(), &*clock).await.unwrap();
        Self { clock, fake, ca, account, journal, start: Instant::now() }
    }

    /// An order for these names with an hour's time.
    pub(crate) fn spec(&self, names: &str) -> OrderSpec {
        OrderSpec {
            names: DnsNames::new(names.split(' ').map(|name| name.parse().unwrap())).unwrap(),
            key: generate_key(KeyType::EcdsaP256).unwrap(),
            profile: None,
            replaces: None,
            chain: None,
            resume: None,
            deadline: self.clock.now() + Duration::from_secs(3600),
        }
    }

    pub(crate) async fn obtain(&self, spec: &OrderSpec) -> Result<Issued, OrderError> {
        obtain(&self.ca, &self.account, spec, &self.journal, &*self.clock).await
    }

    /// Waits until the CA may be asked, and says how long that was.
    pub(crate) async fn wait_until_asked(&self) -> Duration {
        match self.ca.availability(self.clock.now()) {
            Availability::Up | Availability::Probe => Duration::ZERO,
            Availability::Away { until, .. } => {
                let pause = (until - self.clock.now()).try_into().unwrap();
                tokio::time::sleep(pause).await;
                pause
            }
        }
    }

    /// How long ago the account was registered.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// What most CAs want to know.
pub(crate) fn registration() -> Registration {
    Registration { terms: TermsAgreed, contact: vec![], external_account: None }
}

/// A step of the journal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Entry {
    OrderKnown,
    Present,
    Finalizing,
}

/// What happens beside an order.
type Event = Box<dyn FnOnce() + Send>;

/// A journal in memory, which can be told to lose the next entry of a kind, or what happens after it.
#[derive(Default)]
pub(crate) struct Book {
    answers: Arc<Mutex<HashMap<Token, KeyAuthorization>>>,
    orders: Mutex<Vec<OrderUrl>>,
    entries: Mutex<Vec<Entry>>,
    lose: Mutex<Option<Entry>>,
    then: Mutex<Option<(Entry, Event)>>,
}

impl Book {
    pub(crate) fn lose(&self, entry: Entry) {
        *self.lose.lock().unwrap() = Some(entry);
    }

    /// Once, after the next entry of a kind: what happens between that step and the next.
    pub(crate) fn then(&self, entry: Entry, event: impl FnOnce() + Send + 'static) {
        *self.then.lock().unwrap() = Some((entry, Box::new(event)));
    }

    pub(crate) fn orders(&self) -> Vec<OrderUrl> {
        self.orders.lock().unwrap().clone()
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap().clone()
    }

    fn write(&self, entry: Entry) -> Result<(), NotDurable> {
        match self.lose.lock().unwrap().take_if(|lost| *lost == entry) {
            Some(_) => Err(NotDurable("no space left on device".into())),
            None => {
                self.entries.lock().unwrap().push(entry);
                let due = self.then.lock().unwrap().take_if(|(due, _)| *due == entry);
                if let Some((_, event)) = due {
                    event();
                }
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Journal for Book {
    async fn order_known(&self, url: &OrderUrl) -> Result<(), NotDurable> {
        self.write(Entry::OrderKnown)?;
        self.orders.lock().unwrap().push(url.clone());
        Ok(())
    }

    async fn present(&self, key_authorization: &KeyAuthorization) -> Result<(), NotDurable> {
        self.write(Entry::Present)?;
        let token = key_authorization.token().clone();
        self.answers.lock().unwrap().insert(token, key_authorization.clone());
        Ok(())
    }

    async fn finalizing(&self, _: &[u8]) -> Result<(), NotDurable> {
        self.write(Entry::Finalizing)
    }
}
