//! What this thread logs, at every level.

use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use tracing::Level;
use tracing::subscriber::{DefaultGuard, set_default, set_global_default};

pub(crate) struct Log {
    written: Written,
    guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

/// What all other threads log to, so that tracing asks everybody whether anybody listens: while it knows one subscriber only, whichever
/// thread comes first to a line decides for all of them, and one without a subscriber decides that nobody does.
static OTHERS: Once = Once::new();

impl Log {
    pub(crate) fn open() -> Self {
        OTHERS.call_once(|| set_global_default(tracing_subscriber::registry()).unwrap());
        let written = Written::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        Self { written, guard: set_default(subscriber) }
    }

    pub(crate) fn close(self) -> String {
        drop(self.guard);
        String::from_utf8(std::mem::take(&mut self.written.0.lock().unwrap())).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
