//! What a CA says that is not so: each lie ends as a typed error in bounded time, with bounded requests, in bounded and printable
//! words; and whoever waits as told gets the certificate once the CA is honest again.

mod certificates;
mod itself;
mod orders;

use std::error::Error;
use std::iter;
use std::time::Duration;

use nws_acme::{Ca, Clock as _, Limits, OrderSpec, Recovery};

use crate::liar::{Answer, Liar, Lie};
use crate::world::World;

const DEADLINE: Duration = Duration::from_secs(600);
const AWAY: Option<Recovery> = Some(Recovery::CaAway { retry_after: None });
const FRESH: Option<Recovery> = Some(Recovery::Fresh);
const OPERATOR: Option<Recovery> = Some(Recovery::Operator);
const RESUME: Option<Recovery> = Some(Recovery::Resume { retry_after: None });
const PAGE: &str = "<!doctype html><title>Welcome</title>";

/// A lie's name, where it is told, how an honest answer becomes it, and what follows; nothing if it does no harm.
type Case = (&'static str, &'static str, Lie, Option<Recovery>);

fn case(
    name: &'static str,
    at: &'static str,
    lie: impl Fn(Answer) -> Answer + Send + Sync + 'static,
    want: Option<Recovery>,
) -> Case {
    (name, at, Box::new(lie), want)
}

async fn check(cases: impl FnOnce(&OrderSpec) -> Vec<Case>) {
    let world = World::new().await;
    let key = world.spec("a.example").key;
    let spec = |world: &World| OrderSpec {
        key: key.clone(),
        deadline: world.clock.now() + DEADLINE,
        ..world.spec("a.example")
    };
    for (name, at, lie, want) in cases(&spec(&world)) {
        let mut world = World::new().await;
        let liar = Liar::new(world.fake.transport(), at, lie);
        world.ca = Ca::new(world.fake.directory_url(), liar.clone(), Limits::default());
        let outcome = world.obtain(&spec(&world)).await;
        let got = outcome.as_ref().err().map(|error| error.recovery());
        assert_eq!(got, want, "{name}: {outcome:?}");
        assert!(world.elapsed() <= DEADLINE, "{name}: {:?}", world.elapsed());
        let requests = liar.requests();
        assert!(requests <= 150, "{name}: {requests} requests");
        if let Err(error) = &outcome {
            check_words(name, error);
        }

        liar.stop();
        world.wait_until_asked().await;
        if outcome.is_err() {
            let issued = world.obtain(&spec(&world)).await;
            assert!(issued.is_ok(), "{name}: when it is honest again: {issued:?}");
        }
    }
}

fn check_words(name: &str, error: &(dyn Error + 'static)) {
    let causes = iter::successors(Some(error), |error| (*error).source());
    let words = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(!words.contains(":  answered"), "{name}: what answered? {words}");
    assert!(words.len() < 5_000, "{name}: {} bytes: {words:.200}", words.len());
    let hidden = words.chars().find(|char| char.is_control() || *char == '\u{202e}');
    assert_eq!(hidden, None, "{name}: {words}");
}
