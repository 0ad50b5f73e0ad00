//! The text of a file that may be given a line.

use std::fmt;
use std::sync::Arc;

use gix::bstr::ByteSlice;

/// It may hold what belongs in no report, so it is never shown.
#[derive(Clone)]
pub(crate) struct Text(Arc<str>);

impl Text {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        bytes.to_str().ok().map(|text| Self(text.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}
