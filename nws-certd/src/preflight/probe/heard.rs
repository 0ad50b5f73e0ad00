//! The first bytes that come from a peer, for a peer that does not speak what it should.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Length, type and flags of a frame, of which HTTP/2 sends one of SETTINGS first (RFC 9113 §3.4, §4.1).
const FRAME: usize = 5;
const SETTINGS: u8 = 4;

/// What was heard first.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Heard {
    /// Listens to what comes through.
    pub(super) fn through<T>(stream: T) -> (Listening<T>, Self) {
        let heard = Self::default();
        (Listening { stream, heard: heard.clone() }, heard)
    }

    pub(super) fn is_http2(&self) -> bool {
        let first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(first[..], [0, _, _, SETTINGS, flags, ..] if flags <= 1)
    }

    fn hear(&self, bytes: &[u8]) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = FRAME.saturating_sub(first.len());
        first.extend(bytes.iter().take(room));
    }
}

/// A stream that is listened to.
pub(super) struct Listening<T> {
    stream: T,
    heard: Heard,
}

impl<T: AsyncRead + Unpin> AsyncRead for Listening<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.heard.hear(buffer.filled().get(before..).unwrap_or_default());
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Listening<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
