//! A CA that says what time it is.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hyper::body::Bytes;
use hyper::header::{DATE, HeaderValue};
use hyper::{Request, Response};
use nws_acme::{ResponseBody, Transport, TransportError};
use time::Duration;

use super::world::{SHOP, World};
use crate::daemon::Look;
use crate::report::TroubleWith;

/// Puts a date on every answer.
struct Dated {
    transport: Arc<dyn Transport>,
    date: Mutex<&'static str>,
}

#[async_trait]
impl Transport for Dated {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<ResponseBody>, TransportError> {
        let mut answer = self.transport.send(request).await?;
        let date = HeaderValue::from_static(*self.date.lock().unwrap());
        answer.headers_mut().insert(DATE, date);
        Ok(answer)
    }
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_of_until_it_is_right() {
    let mut world = World::with(SHOP).await;
    let date = Mutex::new("Sun, 01 Mar 2026 12:02:00 GMT");
    let dated = Arc::new(Dated { transport: world.ca.transport(), date });
    world.transport = dated.clone();
    let mut daemon = world.daemon().await;
    let report = world.settle(&mut daemon).await;
    assert_eq!(report.troubles[0].with, TroubleWith::Ca);
    let text = report.troubles[0].text.clone();
    let (start, end) = text.split_once("1m ").unwrap();
    assert_eq!(start, "our clock is ");
    assert!(
        end.ends_with("s behind that of the CA https://ca.test/directory; have the machine set it by the network (NTP), as renewals are due by it"),
        "{text}"
    );
    assert!(daemon.watches[0].clock_differs);

    world.pass(Duration::seconds(90));
    daemon.turn(Look::WhenDue).await.unwrap();
    let report = daemon.reports().borrow().clone().unwrap();
    assert_eq!(report.troubles, [], "the clock was put right");
    assert!(!daemon.watches[0].clock_differs);
    world.pass(Duration::minutes(5));
    daemon.turn(Look::WhenDue).await.unwrap();
    let report = daemon.reports().borrow().clone().unwrap();
    assert!(report.troubles[0].text.contains("ahead of"), "{report:?}");
}
