//! The account commands as clients of a daemon that runs.

use nws_acme::testing::{Endpoint, Outage};

use super::socket::Served;
use super::world::{SHOP, World};
use crate::accounts::AccountStanding;
use crate::control::ControlError;

const CA: &str = "https://ca.test/directory";

#[tokio::test]
async fn accounts_are_shown_and_changed() {
    let world = World::with(SHOP).await;
    let served = Served::start(&world).await;
    let control = &served.control;
    assert_eq!(control.accounts().await.unwrap()[0].standing, AccountStanding::Unknown);
    while world.ca.issued() == 0 {
        control.sync().await.unwrap();
    }
    assert_eq!(control.accounts().await.unwrap()[0].standing, AccountStanding::Registered);
    let told = control.tell_contacts().await.unwrap();
    assert_eq!(told[0].done.as_deref(), Some("contacts told"));
    let rolled = control.roll_over(Some(CA)).await.unwrap();
    assert_ne!(rolled[0].thumbprint, told[0].thumbprint);
    let status = control.status().await.unwrap();
    assert_eq!(status.cas[0].thumbprint, rolled[0].thumbprint, "the status knows of it at once");

    let refused = |answered: Result<_, ControlError>| answered.map(drop).unwrap_err().to_string();
    let other = "https://other.test/a?b=c&d=e f%2";
    assert_eq!(
        refused(control.roll_over(Some(other)).await),
        format!("{other} is no configured CA; name one of: {CA}")
    );
    let ended = control.deactivate(CA).await.unwrap();
    assert_eq!(ended[0].standing, AccountStanding::Deactivated);
}

#[tokio::test]
async fn a_daemon_that_stops_does_not_wait_for_the_ca() {
    let world = World::with(SHOP).await;
    let served = Served::start(&world).await;
    let control = served.control.clone();
    while world.ca.issued() == 0 {
        control.sync().await.unwrap();
    }
    world.ca.faults(|faults| faults.outage = Some(Outage::Hang));
    let asked = world.ca.requests();
    let asking = tokio::spawn(async move { control.roll_over(None).await });
    while world.ca.requests() == asked {
        tokio::task::yield_now().await;
    }
    served.stop.cancel();
    let said = asking.await.unwrap().unwrap_err().to_string();
    assert!(said.contains("the daemon is stopping"), "{said}");
    assert_eq!(world.account_keys(), ["account.age", "account.next.age"]);

    world.ca.faults(|faults| faults.outage = None);
    let changed = world.ca.count(Endpoint::KeyChange);
    let mut daemon = world.daemon().await;
    world.settle(&mut daemon).await;
    super::accounts::run_changes(&mut daemon).await;
    world.settle(&mut daemon).await;
    assert_eq!(world.ca.count(Endpoint::KeyChange), changed + 1, "it goes on at the next start");
    assert_eq!(world.account_keys(), ["account.age"]);
}
