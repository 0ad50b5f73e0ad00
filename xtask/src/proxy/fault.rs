//! What can be made to go wrong between client and CA.

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderName, Response, StatusCode};

use crate::proxy::Endpoint;

/// Something that goes wrong, with which requests, and how often.
pub(crate) struct Fault {
    pub(crate) scope: Scope,
    pub(crate) effect: Effect,
    pub(crate) times: Times,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Scope {
    Everything,
    Only(Endpoint),
}

#[derive(Clone)]
pub(crate) enum Effect {
    /// Connections are closed without a word: new ones too, if the scope is everything.
    Refuse,
    /// The request is never answered.
    Hang,
    /// The proxy answers instead of the CA.
    Answer(Response<Bytes>),
}

impl Effect {
    /// An answer in place of the CA's.
    pub(crate) fn answer(
        status: StatusCode,
        headers: &[(HeaderName, &str)],
        body: &str,
    ) -> Result<Self> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, *value);
        }
        Ok(Self::Answer(response.body(Bytes::copy_from_slice(body.as_bytes()))?))
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Times {
    Count(u32),
    UntilCleared,
}

#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn refuse_connections(&self) -> bool {
        self.lock()
            .iter()
            .any(|fault| fault.scope == Scope::Everything && matches!(fault.effect, Effect::Refuse))
    }

    /// The effect of the oldest fault that fits, which it uses up by one.
    pub(crate) fn strike(&self, endpoint: Endpoint) -> Option<Effect> {
        let mut faults = self.lock();
        let at = faults.iter().position(|fault| fault.fits(endpoint))?;
        let effect = faults[at].effect.clone();
        match &mut faults[at].times {
            Times::UntilCleared => {}
            Times::Count(left) if *left > 1 => *left -= 1,
            Times::Count(_) => drop(faults.remove(at)),
        }
        Some(effect)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    fn fits(&self, endpoint: Endpoint) -> bool {
        match self.scope {
            Scope::Everything => true,
            Scope::Only(only) => only == endpoint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, Fault, Faults, Scope, Times};
    use crate::proxy::Endpoint::{Nonce, Order};

    #[test]
    fn a_counted_fault_strikes_that_often_and_only_where_it_fits() {
        let faults = Faults::default();
        faults.add(Fault {
            scope: Scope::Only(Nonce),
            effect: Effect::Hang,
            times: Times::Count(2),
        });
        let struck = [Order, Nonce, Nonce, Nonce].map(|endpoint| faults.strike(endpoint).is_some());
        assert_eq!(struck, [false, true, true, false]);
    }

    #[test]
    fn a_lasting_fault_ends_when_cleared() {
        let faults = Faults::default();
        faults.add(Fault {
            scope: Scope::Everything,
            effect: Effect::Refuse,
            times: Times::UntilCleared,
        });
        assert!(faults.refuse_connections());
        assert!((0..9).all(|_| faults.strike(Order).is_some()));
        faults.clear();
        assert!(!faults.refuse_connections() && faults.strike(Order).is_none());
    }

    #[test]
    fn refusing_one_endpoint_leaves_connections_alone() {
        let faults = Faults::default();
        faults.add(Fault {
            scope: Scope::Only(Nonce),
            effect: Effect::Refuse,
            times: Times::UntilCleared,
        });
        assert!(!faults.refuse_connections());
    }
}
