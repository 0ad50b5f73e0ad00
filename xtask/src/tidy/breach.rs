use std::fmt;

/// One place that breaks one rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Breach {
    pub(super) file: String,
    /// Counted from 1; absent where the whole file is at fault.
    pub(super) line: Option<usize>,
    pub(super) fault: String,
    pub(super) remedy: &'static str,
}

impl Breach {
    pub(super) fn at(
        file: &str,
        line: usize,
        fault: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { file: file.to_owned(), line: Some(line), fault: fault.into(), remedy }
    }

    pub(super) fn of_file(file: &str, fault: impl Into<String>, remedy: &'static str) -> Self {
        Self { file: file.to_owned(), line: None, fault: fault.into(), remedy }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}; {}", self.fault, self.remedy)
    }
}

/// What tests compare: line and fault, the line 0 for a whole file.
#[cfg(test)]
pub(super) fn faults(breaches: &[Breach]) -> Vec<(usize, &str)> {
    breaches.iter().map(|breach| (breach.line.unwrap_or(0), breach.fault.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breach_says_where_what_and_what_to_do() {
        let cases = [
            (Breach::at("a/b.rs", 7, "a tab", "use spaces"), "a/b.rs:7: a tab; use spaces"),
            (
                Breach::of_file("mod.rs", "named mod.rs", "rename it"),
                "mod.rs: named mod.rs; rename it",
            ),
        ];
        for (breach, want) in cases {
            assert_eq!(breach.to_string(), want);
        }
    }
}
