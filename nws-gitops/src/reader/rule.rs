//! The hosts in a rule of Traefik's, as in ``Host(`a.example`) && (PathPrefix(`/x`) || !Method("GET"))``.
//!
//! Both syntaxes are read: matchers of several values (v2) and of one (v3), values in backticks or double quotes.

use std::borrow::Cow;

/// A host that a rule asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum RuleHost<'a> {
    Exact(Cow<'a, str>),
    /// Many hosts, which no list can be made of.
    Pattern(Cow<'a, str>),
}

#[cfg(any(test, feature = "testing"))]
impl RuleHost<'_> {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Exact(host) | Self::Pattern(host) => host,
        }
    }
}

/// Why a rule cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct InvalidRule {
    /// The byte at which.
    pub(super) at: usize,
    pub(super) wanted: &'static str,
}

/// All hosts that a rule asks for, in their order; those under a negation are hosts it does not serve.
///
/// One pass, without recursion: the time is linear in the text, the memory in the depth of its parentheses.
pub(super) fn hosts(rule: &str) -> Result<Vec<RuleHost<'_>>, InvalidRule> {
    let mut reader =
        Reader { text: rule, at: 0, groups: Vec::new(), negated: false, hosts: Vec::new() };
    loop {
        reader.operand()?;
        if !reader.operator()? {
            return Ok(reader.hosts);
        }
    }
}

/// Nobody writes rules that are deeper.
const MAX_DEPTH: usize = 64;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Of each parenthesis that is open, whether a negation stands around it.
    groups: Vec<bool>,
    /// Whether one stands around what comes next.
    negated: bool,
    hosts: Vec<RuleHost<'a>>,
}

impl<'a> Reader<'a> {
    /// Up to and with the next matcher.
    fn operand(&mut self) -> Result<(), InvalidRule> {
        self.negated = self.groups.last().copied().unwrap_or_default();
        loop {
            if self.takes("!") {
                self.negated = true;
            } else if self.takes("(") {
                if self.groups.len() == MAX_DEPTH {
                    return Err(self.wanted("at most 64 parentheses within each other"));
                }
                self.groups.push(self.negated);
            } else {
                return self.matcher();
            }
        }
    }

    /// What follows a matcher; whether another one does.
    fn operator(&mut self) -> Result<bool, InvalidRule> {
        while self.takes(")") {
            if self.groups.pop().is_none() {
                return Err(self.wanted("as many parentheses open as closed"));
            }
        }
        match (self.takes("&&") || self.takes("||"), self.rest().is_empty()) {
            (true, _) => Ok(true),
            (false, true) if self.groups.is_empty() => Ok(false),
            (false, true) => Err(self.wanted("`)`")),
            (false, false) => Err(self.wanted("`&&`, `||` or `)`")),
        }
    }

    fn matcher(&mut self) -> Result<(), InvalidRule> {
        let name = self.name()?;
        if !self.takes("(") {
            return Err(self.wanted("`(`"));
        }
        while !self.takes(")") {
            let value = self.value()?;
            self.hosts.extend(host(name, value).filter(|_| !self.negated));
            if !self.takes(",") && !self.rest().starts_with(')') {
                return Err(self.wanted("`,` or `)`"));
            }
        }
        Ok(())
    }

    fn name(&mut self) -> Result<&'a str, InvalidRule> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if end == 0 {
            return Err(self.wanted("a matcher, as Host"));
        }
        self.at += end;
        Ok(&rest[..end])
    }

    fn value(&mut self) -> Result<Cow<'a, str>, InvalidRule> {
        const WANTED: &str = "a value in backticks or double quotes";
        let rest = self.rest();
        let closed = match rest.chars().next() {
            Some('`') => rest[1..].find('`').map(|end| Cow::Borrowed(&rest[1..=end])),
            Some('"') => return self.quoted(),
            _ => None,
        };
        let value = closed.ok_or_else(|| self.wanted(WANTED))?;
        self.at += value.len() + 2;
        Ok(value)
    }

    /// A text in double quotes. Of what may be escaped in one, no host needs more than this.
    fn quoted(&mut self) -> Result<Cow<'a, str>, InvalidRule> {
        let (mut text, mut chars) = (String::new(), self.text[self.at + 1..].char_indices());
        loop {
            let escaped = match chars.next() {
                Some((end, '"')) => {
                    self.at += end + 2;
                    return Ok(Cow::Owned(text));
                }
                Some((_, '\\')) => chars.next().map(|(_, c)| c).filter(|c| matches!(c, '"' | '\\')),
                plain => plain.map(|(_, c)| c),
            };
            text.push(escaped.ok_or_else(|| {
                self.wanted("a closed text, in which only \\\" and \\\\ are escaped")
            })?);
        }
    }

    fn takes(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// What is left, behind white space.
    fn rest(&mut self) -> &'a str {
        let rest = self.text[self.at..].trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    fn wanted(&self, wanted: &'static str) -> InvalidRule {
        InvalidRule { at: self.at, wanted }
    }
}

/// The host that a matcher's value stands for. Traefik takes a matcher's name in any case.
fn host<'a>(matcher: &str, value: Cow<'a, str>) -> Option<RuleHost<'a>> {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(matcher));
    if is(&["Host", "HostHeader", "HostSNI"]) {
        Some(if value == "*" { RuleHost::Pattern(value) } else { RuleHost::Exact(value) })
    } else {
        is(&["HostRegexp", "HostSNIRegexp"]).then_some(RuleHost::Pattern(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hosts as they are, patterns in slashes.
    fn read(rule: &str) -> Result<String, InvalidRule> {
        let text = |host: RuleHost<'_>| match host {
            RuleHost::Exact(host) => host.into_owned(),
            RuleHost::Pattern(pattern) => format!("/{pattern}/"),
        };
        Ok(hosts(rule)?.into_iter().map(text).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn the_hosts_that_a_rule_asks_for() {
        let cases = [
            ("Host(`a.example`)", "a.example"),
            ("Host(\"a.example\")", "a.example"),
            ("  Host ( `a.example` ) ", "a.example"),
            ("host(`a.example`)", "a.example"),
            ("Host(`a.example`,`b.example`)", "a.example b.example"),
            ("Host(`a.example`, \"b.example\",)", "a.example b.example"),
            ("Host(`a.example`) || Host(`b.example`)", "a.example b.example"),
            ("Host(`a.example`) && PathPrefix(`/b.example`)", "a.example"),
            (
                "(Host(`a.example`) || Host(`b.example`)) && (Path(`/x`) || Method(`GET`))",
                "a.example b.example",
            ),
            ("Host(`a.example`) && !Host(`b.example`)", "a.example"),
            ("!(Host(`a.example`) || Host(`b.example`)) && Host(`c.example`)", "c.example"),
            ("!!Host(`a.example`)", ""),
            ("!(Path(`/x`) && (Host(`a.example`)))", ""),
            ("HostSNI(`a.example`)", "a.example"),
            ("HostSNI(`*`)", "/*/"),
            ("HostHeader(`a.example`)", "a.example"),
            ("HostRegexp(`{sub:[a-z]+}.example`)", "/{sub:[a-z]+}.example/"),
            ("HostSNIRegexp(`^.+\\.example$`)", "/^.+\\.example$/"),
            ("Host(`a.example`) && Header(`X`, `\"Host(`)", "a.example"),
            ("Header(\"X\", \"\\\"Host(`b.example`)\\\\\") && Host(`a.example`)", "a.example"),
            ("PathPrefix(`/`)", ""),
            ("Host()", ""),
            ("Host(`ä.example`)", "ä.example"),
        ];
        for (rule, want) in cases {
            assert_eq!(read(rule), Ok(want.to_owned()), "{rule}");
        }
    }

    #[test]
    fn rules_that_cannot_be_read() {
        let deep = format!("{}Host(`a`)", "(".repeat(65));
        let cases = [
            ("", 0, "a matcher"),
            ("Host", 4, "`(`"),
            ("Host(`a.example`", 16, "`,` or `)`"),
            ("Host(`a.example)", 5, "a value"),
            ("Host(a.example)", 5, "a value"),
            ("Host(\"a.example)", 5, "a closed text"),
            ("Host(\"\\x61\")", 5, "a closed text"),
            ("Host(`a`) &&", 12, "a matcher"),
            ("Host(`a`) & Host(`b`)", 10, "`&&`"),
            ("Host(`a`) Host(`b`)", 10, "`&&`"),
            ("(Host(`a`)", 10, "`)`"),
            ("Host(`a`))", 10, "as many"),
            ("&& Host(`a`)", 0, "a matcher"),
            (&*deep, 65, "at most 64"),
        ];
        for (rule, at, wanted) in cases {
            let invalid = read(rule).unwrap_err();
            assert_eq!(invalid.at, at, "{rule}: {invalid:?}");
            assert!(invalid.wanted.starts_with(wanted), "{rule}: {invalid:?}");
        }
    }

    /// A rule, and the hosts it asks for.
    fn rule() -> impl proptest::strategy::Strategy<Value = (String, Vec<String>)> {
        use proptest::prelude::*;
        let leaf = ("[a-z]{1,3}", any::<bool>()).prop_map(|(label, is_host)| {
            let host = format!("{label}.example");
            if is_host {
                (format!("Host(`{host}`)"), vec![host])
            } else {
                (format!("Path(\"/{host}\")"), vec![])
            }
        });
        leaf.prop_recursive(5, 40, 3, |inner| {
            let pair = (inner.clone(), inner.clone(), any::<bool>());
            prop_oneof![
                inner.clone().prop_map(|(rule, _)| (format!("!({rule})"), vec![])),
                inner.prop_map(|(rule, hosts)| (format!(" ( {rule} )"), hosts)),
                pair.prop_map(|((one, mut hosts), (other, more), and)| {
                    hosts.extend(more);
                    (format!("{one} {} {other}", if and { "&&" } else { "||" }), hosts)
                }),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn every_rule_gives_its_hosts((rule, hosts) in rule()) {
            proptest::prop_assert_eq!(read(&rule), Ok(hosts.join(" ")), "{}", rule);
        }

        /// Whatever people write, reading it ends, and where it fails is in it.
        #[test]
        fn no_text_is_too_strange(rule in "(Host\\(|`|\"|\\\\|[!()&|, a.ä*]){0,60}") {
            if let Err(InvalidRule { at, .. }) = hosts(&rule) {
                proptest::prop_assert!(rule.is_char_boundary(at));
            }
        }
    }

    /// Megabytes are read at once, or refused at once; were it quadratic, this would take hours.
    #[test]
    fn the_time_is_linear() {
        let n = 100_000;
        let cases = [
            ("alternatives", vec!["Host(`a.example`)"; n].join(" || "), Ok(n)),
            ("values", format!("Host({})", vec!["\"a\""; n].join(",")), Ok(n)),
            ("negations", format!("{}Host(`a`)", "! ".repeat(n)), Ok(0)),
            ("parentheses", "(".repeat(n), Err(MAX_DEPTH + 1)),
            ("white space", format!("Host(`a`){}", " ".repeat(n)), Ok(1)),
            ("quotes", "Host(\"".repeat(n), Err(12)),
        ];
        for (case, rule, want) in cases {
            let got = hosts(&rule).map(|hosts| hosts.len()).map_err(|invalid| invalid.at);
            assert_eq!(got, want, "{case}");
        }
    }
}
