use std::fmt::{self, Write as _};

/// Text from outside, made fit for one line of a log: what controls a terminal or hides is escaped, the end cut off.
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
            if char.is_control() || hides(char) {
                write!(f, "{}", char.escape_default())?
            } else {
                f.write_char(char)?
            }
        }
        Ok(())
    }
}

/// Characters without a width, and those that turn the direction of what follows.
fn hides(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

/// The first of a list that somebody outside made, and how many there are besides.
pub(crate) struct First<I>(pub(crate) I, pub(crate) &'static str);

impl<I: ExactSizeIterator<Item: fmt::Display> + Clone> fmt::Display for First<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 10;
        for (at, item) in self.0.clone().take(MOST).enumerate() {
            write!(f, "{}{item}", if at == 0 { "" } else { self.1 })?;
        }
        match self.0.len().saturating_sub(MOST) {
            0 => Ok(()),
            more => write!(f, "{}and {more} more", self.1),
        }
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
        assert_eq!(excerpt("a\u{202e}b\u{200b}".as_bytes()), "a\\u{202e}b\\u{200b}");
        assert_eq!(excerpt("é".repeat(5000).as_bytes()).chars().count(), Printable::LONGEST + 1);
    }

    #[test]
    fn a_long_list_is_begun() {
        assert_eq!(First([1, 2].iter(), "; ").to_string(), "1; 2");
        assert_eq!(
            First((1..=1000).collect::<Vec<_>>().iter(), ", ").to_string(),
            "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, and 990 more"
        );
    }
}
