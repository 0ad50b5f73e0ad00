use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_body_is_read_up_to_the_largest() {
    let largest = 8;
    let intake = Intake::within(largest, 100, PATIENCE);
    let cases = [
        ("nothing", Pieces::of(&[]), Ok("")),
        ("at once", Pieces::of(&["12345678"]), Ok("12345678")),
        ("in pieces", Pieces::of(&["1234", "", "5678"]), Ok("12345678")),
        ("a byte more", Pieces::of(&["12345678", "9"]), Err(Refusal::TooLarge { largest })),
        ("too much said", Pieces::of(&["1"]).said(9), Err(Refusal::TooLarge { largest })),
        ("broken off", Pieces::of(&["1"]).broken(), Err(Refusal::Broken)),
    ];
    for (case, body, want) in cases {
        let read = intake.read(body).await;
        let read = read.as_ref().map(|body| str::from_utf8(body.as_bytes()).unwrap());
        assert_eq!(read.map_err(|&refusal| refusal), want, "{case}");
    }
}

#[tokio::test]
async fn all_bodies_share_one_room_and_give_it_back() {
    let intake = Intake::within(8, 10, PATIENCE);
    let first = intake.read(Pieces::of(&["12345678"])).await.unwrap();
    let second = intake.read(Pieces::of(&["12"])).await.unwrap();
    let third = intake.read(Pieces::of(&["1"])).await;
    assert_eq!(third.err(), Some(Refusal::Busy), "full");
    assert!(intake.read(Pieces::of(&[])).await.is_ok(), "nothing needs no room");
    drop((first, second));
    assert!(intake.read(Pieces::of(&["1234", "5678"])).await.is_ok(), "given back");
    assert_eq!(
        intake.read(Pieces::of(&["12345678", "9"])).await.err(),
        Some(Refusal::TooLarge { largest: 8 })
    );
    assert!(intake.read(Pieces::of(&["12345678"])).await.is_ok(), "given back by a refused one");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_given_up() {
    let intake = Intake::within(8, 10, PATIENCE);
    let start = Instant::now();
    let read = intake.read(Pieces::of(&["1234567"]).endless()).await;
    assert_eq!(read.err(), Some(Refusal::Slow));
    assert_eq!(start.elapsed().as_secs(), PATIENCE.as_secs());
    assert!(intake.read(Pieces::of(&["12345678"])).await.is_ok(), "its room is free again");
}

/// A body that comes in pieces.
struct Pieces {
    pieces: VecDeque<&'static str>,
    end: End,
    said: u64,
}

#[derive(Clone, Copy)]
enum End {
    Whole,
    Broken,
    Never,
}

impl Pieces {
    fn of(pieces: &[&'static str]) -> Self {
        Self { pieces: pieces.iter().copied().collect(), end: End::Whole, said: 0 }
    }

    fn said(self, said: u64) -> Self {
        Self { said, ..self }
    }

    fn broken(self) -> Self {
        Self { end: End::Broken, ..self }
    }

    fn endless(self) -> Self {
        Self { end: End::Never, ..self }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = ();

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        match (self.pieces.pop_front(), self.end) {
            (Some(piece), _) => {
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece.as_bytes())))))
            }
            (None, End::Whole) => Poll::Ready(None),
            (None, End::Broken) => Poll::Ready(Some(Err(()))),
            (None, End::Never) => Poll::Pending,
        }
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.said);
        hint
    }
}
