use std::fmt::{self, Write as _};

/// Text from outside, made fit for one line of a log: control characters escaped, the end cut off.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl Printable<'_> {
    const LONGEST: usize = 500;
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, char) in self.0.chars().enumerate() {
            if at == Self::LONGEST {
                return f.write_char('…');
            }
            if char.is_control() {
                write!(f, "{}", char.escape_default())?
            } else {
                f.write_char(char)?
            }
        }
        Ok(())
    }
}

/// The beginning of a body that should have been something else.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let head = body.get(..Printable::LONGEST * 4).unwrap_or(body);
    Printable(&String::from_utf8_lossy(head)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_stays_on_one_line_and_short() {
        assert_eq!(excerpt(b"<html>\r\n\x1b[31mbusy"), "<html>\\r\\n\\u{1b}[31mbusy");
        assert_eq!(excerpt("é".repeat(5000).as_bytes()).chars().count(), Printable::LONGEST + 1);
    }
}
