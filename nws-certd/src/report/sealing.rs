//! How sealing stands, as operators see it.

use serde::{Deserialize, Serialize};

/// The Secrets in the branches that are not sealed as they would be now.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SealingReport {
    /// How many stand in clear where they should not.
    pub in_clear: usize,
    /// How many are sealed to others than they would be now.
    pub to_others: usize,
    /// How many of all these can only be issued anew, as their key is not held.
    pub key_not_held: usize,
    /// Whether those that are sealed to others are being sealed anew.
    pub is_under_way: bool,
}

impl SealingReport {
    /// A line each for people; nothing where all is as it should be.
    pub(crate) fn lines(&self) -> String {
        let secrets =
            |count: usize| if count == 1 { "1 secret".into() } else { format!("{count} secrets") };
        let mut lines = String::new();
        if self.in_clear > 0 {
            lines += &format!(
                "sealing: {} in clear, sealed as soon as may be\n",
                secrets(self.in_clear)
            );
        }
        if self.to_others > 0 {
            let then = if self.is_under_way {
                "being sealed anew"
            } else {
                "sealed anew with the next certificate, or with: nws-certd reseal"
            };
            lines += &format!(
                "sealing: {} sealed to others than they would be now; {then}\n",
                secrets(self.to_others)
            );
        }
        if self.key_not_held > 0 {
            lines += &format!(
                "sealing: {} cannot be sealed anew (reissue: key not held); others are ordered in their place with: nws-certd reseal --reissue\n",
                secrets(self.key_not_held)
            );
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn how_sealing_stands_is_told_in_a_line_each() {
        assert_eq!(SealingReport::default().lines(), "");
        let all = SealingReport { in_clear: 1, to_others: 3, key_not_held: 2, is_under_way: false };
        expect![[r#"
            sealing: 1 secret in clear, sealed as soon as may be
            sealing: 3 secrets sealed to others than they would be now; sealed anew with the next certificate, or with: nws-certd reseal
            sealing: 2 secrets cannot be sealed anew (reissue: key not held); others are ordered in their place with: nws-certd reseal --reissue
        "#]]
        .assert_eq(&all.lines());
        let under_way = SealingReport { to_others: 3, is_under_way: true, ..Default::default() };
        expect![[r#"
            sealing: 3 secrets sealed to others than they would be now; being sealed anew
        "#]]
        .assert_eq(&under_way.lines());
    }
}
