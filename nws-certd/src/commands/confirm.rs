//! Whether a person agrees to what was shown.

use std::io::{IsTerminal as _, Write as _};

use crate::failure::Failure;

/// Asks on the terminal; a script has agreed beforehand or is refused.
pub(super) fn confirm(question: &str, agreed: bool) -> Result<(), Failure> {
    if agreed {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::NobodyToAsk);
    }
    let mut answer = String::new();
    let asked = write!(std::io::stderr(), "{question} [y/N] ");
    asked.and_then(|()| std::io::stdin().read_line(&mut answer)).map_err(Failure::Terminal)?;
    if is_yes(&answer) { Ok(()) } else { Err(Failure::Declined) }
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        for (answer, want) in
            [("y\n", true), ("Yes\n", true), ("\n", false), ("", false), ("yess\n", false)]
        {
            assert_eq!(is_yes(answer), want, "{answer:?}");
        }
    }
}
