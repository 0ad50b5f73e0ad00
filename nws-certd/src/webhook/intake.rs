//! Bodies, read within bounds of size, time and memory.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as HttpBody, Bytes};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::outcome::Refusal;

/// What all bodies being read may take together.
pub(super) struct Intake {
    largest: usize,
    patience: Duration,
    room: Arc<Semaphore>,
}

/// A whole body; gives its room back when dropped.
pub(super) struct Body {
    bytes: Vec<u8>,
    room: OwnedSemaphorePermit,
}

impl Intake {
    /// GitHub sends no event that is larger (25 MB); the other hosts list a few commits and stay far below.
    const LARGEST: usize = 25 * 1024 * 1024;
    /// One of the largest and, beside it, more of the usual ones (10 KiB) than there are connections. Room is taken as bytes come
    /// in, so that who sends nothing takes none.
    const ROOM: usize = 32 * 1024 * 1024;
    /// As long as GitHub and GitLab wait for the answer.
    const PATIENCE: Duration = Duration::from_secs(10);

    pub(super) fn new() -> Self {
        Self::within(Self::LARGEST, Self::ROOM, Self::PATIENCE)
    }

    fn within(largest: usize, room: usize, patience: Duration) -> Self {
        Self { largest, patience, room: Arc::new(Semaphore::new(room)) }
    }

    /// Reads a body to its end.
    pub(super) async fn read<B>(&self, body: B) -> Result<Body, Refusal>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        timeout(self.patience, self.collect(body)).await.unwrap_or(Err(Refusal::Slow))
    }

    async fn collect<B>(&self, mut body: B) -> Result<Body, Refusal>
    where
        B: HttpBody<Data = Bytes> + Unpin,
    {
        let mut held = Body { bytes: Vec::new(), room: self.take(0)? };
        self.check(body.size_hint().lower())?;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Refusal::Broken)?.into_data() else {
                continue;
            };
            self.check((held.bytes.len() + data.len()) as u64)?;
            held.room.merge(self.take(data.len())?);
            held.bytes.extend_from_slice(&data);
        }
        Ok(held)
    }

    fn check(&self, len: u64) -> Result<(), Refusal> {
        let largest = self.largest;
        if len > largest as u64 { Err(Refusal::TooLarge { largest }) } else { Ok(()) }
    }

    fn take(&self, len: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let permits = u32::try_from(len).map_err(|_| Refusal::Busy)?;
        Arc::clone(&self.room).try_acquire_many_owned(permits).map_err(|_| Refusal::Busy)
    }
}

impl Body {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests;
