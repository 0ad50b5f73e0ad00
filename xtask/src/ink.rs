//! Colour, on a terminal only.

use std::fmt::Display;
use std::io::{IsTerminal, stdout};

pub(crate) fn bold(text: impl Display) -> String {
    paint("1", text)
}

pub(crate) fn green(text: impl Display) -> String {
    paint("32", text)
}

pub(crate) fn red(text: impl Display) -> String {
    paint("31", text)
}

pub(crate) fn dim(text: impl Display) -> String {
    paint("2", text)
}

fn paint(code: &str, text: impl Display) -> String {
    if stdout().is_terminal() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
}
