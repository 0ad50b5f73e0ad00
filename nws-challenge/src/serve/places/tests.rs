use std::future::pending;

use tokio::task::JoinSet;
use tokio::time::advance;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn who_has_been_waited_for_longest_goes_first() {
    let cases: [(&str, &[usize], &[usize]); 4] = [
        ("all silent", &[], &[0, 1, 2]),
        ("the first has asked", &[0], &[1, 2, 0]),
        ("all have asked, in another order", &[2, 0, 1], &[2, 0, 1]),
        ("one keeps asking", &[1, 1, 0, 1], &[2, 0, 1]),
    ];
    for (case, asked, want) in cases {
        let world = World::of(3).await;
        for &one in asked {
            advance(SECOND).await;
            world.heard[one].again();
        }
        assert_eq!(world.ended_in_turn().await, want, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_goes_while_there_is_room() {
    let mut world = World::of(3).await;
    world.connections.abort_all();
    let first = world.connections.join_next_with_id().await.unwrap();
    world.places.left(first.unwrap_err().id());
    world.places.make_room();
    assert_eq!(world.places.waiting.len(), 2);
    assert_eq!(world.places.shed.untold, 0);
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_kept_nowhere() {
    let mut world = World::of(3).await;
    world.places.make_room();
    world.connections.abort_all();
    while let Some(ended) = world.connections.join_next_with_id().await {
        world.places.left(ended.unwrap_err().id());
    }
    assert!(world.places.waiting.is_empty() && world.places.taken.is_empty());
}

#[tokio::test(start_paused = true)]
async fn losses_are_told_once_a_minute() {
    let mut shed = Shed::default();
    let mut untold = Vec::new();
    for _ in 0..4 {
        shed.note(Instant::now());
        untold.push(shed.untold);
        advance(TELL / 2).await;
    }
    assert_eq!(untold, [0, 1, 0, 1]);
}

struct World {
    places: Places,
    connections: JoinSet<()>,
    ids: Vec<Id>,
    heard: Vec<Arc<Heard>>,
}

impl World {
    /// As many connections as there are places, a second apart.
    async fn of(capacity: usize) -> Self {
        let places = Places::new(NonZeroUsize::new(capacity).unwrap());
        let mut world =
            Self { places, connections: JoinSet::new(), ids: Vec::new(), heard: Vec::new() };
        for _ in 0..capacity {
            let (heard, connection) = (Arc::new(Heard::now()), world.connections.spawn(pending()));
            world.ids.push(connection.id());
            world.heard.push(heard.clone());
            world.places.take(connection, heard);
            advance(SECOND).await;
        }
        world
    }

    /// Whom newcomers end, one after another, until nobody of the first is left.
    async fn ended_in_turn(mut self) -> Vec<usize> {
        let mut order = Vec::new();
        for _ in 0..self.ids.len() {
            self.places.make_room();
            let ended = self.connections.join_next_with_id().await.unwrap().unwrap_err().id();
            order.push(self.ids.iter().position(|id| *id == ended).unwrap());
            let newcomer = tokio::spawn(pending::<()>()).abort_handle();
            self.places.take(newcomer, Arc::new(Heard::now()));
            advance(SECOND).await;
        }
        order
    }
}
