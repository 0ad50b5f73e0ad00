//! What became of each order, as it can be read from what passes between client and CA.
//!
//! An order's URL is *known* to the client for sure once it has asked for something that belongs to the order: nws-certd makes
//! the URL durable before it asks for anything else. Whoever makes an order for the same names while such an order goes on makes a
//! *second* order, which is one too many. None is too many after the CA said that the first had failed, or no longer had it; nor
//! where the client was killed between the CA's answer and its next request, since nobody can tell whether it had read that.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::header::LOCATION;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::proxy::Endpoint;
use crate::proxy::jws::payload;

#[derive(Default)]
pub(crate) struct Ledger(Mutex<Books>);

#[derive(Default)]
struct Books {
    /// By the last part of its URL, which Pebble uses for finalizing too.
    orders: BTreeMap<String, Order>,
    /// The order that each authorization was made for, by the last parts of their URLs; others may use it later.
    authorizations: BTreeMap<String, String>,
    seconds: Vec<Second>,
    /// What was asked for and not made, for whatever reason.
    refused: Vec<Order>,
}

/// An order that the CA has made.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Order {
    /// The names, sorted.
    pub(crate) names: Vec<String>,
    /// What it said that it replaces (RFC 9773 section 5).
    pub(crate) replaces: Option<String>,
    pub(crate) standing: Standing,
    /// The CA took its signing request.
    pub(crate) finalized: bool,
    /// The serial number of its certificate, hexadecimal without leading zeros, as far as the client was told.
    pub(crate) serial: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) enum Standing {
    /// The CA has made it, and perhaps nobody knows.
    #[default]
    Made,
    /// The client asked for something that belongs to it.
    Known,
    /// The CA said that it has failed, or that there is no such order.
    Over,
}

impl Order {
    fn asked_for(request: &[u8]) -> Self {
        let asked: NewOrder = payload(request).unwrap_or_default();
        let mut names: Vec<_> = asked.identifiers.into_iter().map(|one| one.value).collect();
        names.sort_unstable();
        Self { names, replaces: asked.replaces, ..Self::default() }
    }

    /// The serial number of what it replaces, hexadecimal without leading zeros: the second half of the certificate's id.
    pub(crate) fn replaced_serial(&self) -> Option<String> {
        let (_, serial) = self.replaces.as_ref()?.split_once('.')?;
        let serial = BASE64_URL_SAFE_NO_PAD.decode(serial).ok()?;
        let hex: String = serial.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(hex.trim_start_matches('0').to_owned())
    }
}

/// An order that was made although one for the same names went on.
#[derive(Clone, Debug)]
pub(crate) struct Second {
    names: Vec<String>,
    first: String,
    second: String,
}

impl fmt::Display for Second {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { names, first, second } = self;
        write!(f, "{} ({first}, then {second})", names.join(" "))
    }
}

/// The payload of newOrder.
#[derive(Default, Deserialize)]
struct NewOrder {
    identifiers: Vec<Identifier>,
    replaces: Option<String>,
}

#[derive(Deserialize)]
struct Identifier {
    value: String,
}

/// An order object (RFC 8555 section 7.1.3).
#[derive(Deserialize)]
struct OrderObject {
    status: String,
    #[serde(default)]
    authorizations: Vec<String>,
    certificate: Option<String>,
}

impl Ledger {
    /// A request is there, whatever it will be answered.
    pub(crate) fn asked(&self, endpoint: Endpoint, path: &str) {
        let mut books = self.lock();
        let id = match endpoint {
            Endpoint::Order | Endpoint::Finalize => last_part(path).to_owned(),
            Endpoint::Authorization => {
                let Some(id) = books.authorizations.get(last_part(path)) else { return };
                id.clone()
            }
            Endpoint::Directory
            | Endpoint::Nonce
            | Endpoint::NewAccount
            | Endpoint::Account
            | Endpoint::NewOrder
            | Endpoint::Orders
            | Endpoint::Challenge
            | Endpoint::Certificate
            | Endpoint::Revocation
            | Endpoint::KeyChange
            | Endpoint::RenewalInfo
            | Endpoint::Other => return,
        };
        if let Some(order) = books.orders.get_mut(&id)
            && order.standing == Standing::Made
        {
            order.standing = Standing::Known;
        }
    }

    /// The CA has answered.
    pub(crate) fn answered(
        &self,
        endpoint: Endpoint,
        path: &str,
        request: &[u8],
        answer: &Response<impl AsRef<[u8]>>,
    ) {
        match endpoint {
            Endpoint::NewOrder => self.made(request, answer),
            Endpoint::Order => self.lock().seen(last_part(path), answer),
            Endpoint::Finalize => {
                let mut books = self.lock();
                if answer.status().is_success()
                    && let Some(order) = books.orders.get_mut(last_part(path))
                {
                    order.finalized = true;
                }
                books.seen(last_part(path), answer);
            }
            Endpoint::Directory
            | Endpoint::Nonce
            | Endpoint::NewAccount
            | Endpoint::Account
            | Endpoint::Orders
            | Endpoint::Authorization
            | Endpoint::Challenge
            | Endpoint::Certificate
            | Endpoint::Revocation
            | Endpoint::KeyChange
            | Endpoint::RenewalInfo
            | Endpoint::Other => {}
        }
    }

    fn made(&self, request: &[u8], answer: &Response<impl AsRef<[u8]>>) {
        let location = answer.headers().get(LOCATION).and_then(|url| url.to_str().ok());
        let Some(url) = location.filter(|_| answer.status() == StatusCode::CREATED) else {
            self.lock().refused.push(Order::asked_for(request));
            return;
        };
        let (mut books, id) = (self.lock(), last_part(url).to_owned());
        if !books.orders.contains_key(&id) {
            let order = Order::asked_for(request);
            books.note_second(&order.names, &id);
            books.orders.insert(id.clone(), order);
        }
        books.seen(&id, answer);
    }

    /// All orders that the CA has made, by the last parts of their URLs.
    pub(crate) fn orders(&self) -> BTreeMap<String, Order> {
        self.lock().orders.clone()
    }

    /// The orders for these names, in no order.
    pub(crate) fn orders_for(&self, names: &[&str]) -> Vec<Order> {
        let mut names = names.to_vec();
        names.sort_unstable();
        let is_for = |order: &&Order| order.names == names;
        self.lock().orders.values().filter(is_for).cloned().collect()
    }

    /// The requests for orders for these names that were refused, for whatever reason.
    pub(crate) fn refused_for(&self, names: &[&str]) -> Vec<Order> {
        let mut names = names.to_vec();
        names.sort_unstable();
        let is_for = |order: &&Order| order.names == names;
        self.lock().refused.iter().filter(is_for).cloned().collect()
    }

    pub(crate) fn seconds(&self) -> Vec<Second> {
        self.lock().seconds.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn note_second(&mut self, names: &[String], id: &str) {
        let goes_on = |order: &Order| order.names == *names && order.standing == Standing::Known;
        let first = self.orders.iter().find(|(_, order)| goes_on(order));
        if let Some((first, _)) = first {
            let (first, second) = (first.clone(), id.to_owned());
            self.seconds.push(Second { names: names.to_vec(), first, second });
        }
    }

    fn seen(&mut self, id: &str, answer: &Response<impl AsRef<[u8]>>) {
        let Some(order) = self.orders.get_mut(id) else { return };
        if answer.status() == StatusCode::NOT_FOUND {
            order.standing = Standing::Over;
        }
        let Ok(object) = serde_json::from_slice::<OrderObject>(answer.body().as_ref()) else {
            return;
        };
        if object.status == "invalid" {
            order.standing = Standing::Over;
        }
        if let Some(url) = object.certificate {
            order.serial = Some(last_part(&url).trim_start_matches('0').to_owned());
        }
        for url in object.authorizations {
            self.authorizations.entry(last_part(&url).to_owned()).or_insert_with(|| id.to_owned());
        }
    }
}

fn last_part(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

#[cfg(test)]
mod tests;
