//! Unfinished code and switched-off checks. Read from tokens, because a syntax tree does not look into macros such as `proptest!`.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::breach::Breach;
use super::functions::line;

const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

const UNFINISHED_REMEDY: &str = "finish it, or return an error that says so";
const IGNORE_REMEDY: &str = "make it pass, or assert what happens today";
const REASON_REMEDY: &str = "write reason = \"..\"";

/// The breaches in the tokens of one file.
pub(super) fn check(file: &str, tokens: TokenStream) -> Vec<Breach> {
    let mut breaches = Vec::new();
    walk(file, tokens, &mut breaches);
    breaches
}

fn walk(file: &str, tokens: TokenStream, breaches: &mut Vec<Breach>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for window in tokens.windows(2) {
        breaches.extend(unfinished(file, window));
    }
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else {
            continue;
        };
        if group.delimiter() == Delimiter::Bracket && is_attribute(&tokens[..index]) {
            switched_off(file, group.stream(), breaches);
        } else {
            walk(file, group.stream(), breaches);
        }
    }
}

fn unfinished(file: &str, window: &[TokenTree]) -> Option<Breach> {
    let [TokenTree::Ident(name), TokenTree::Punct(mark)] = window else {
        return None;
    };
    let found = mark.as_char() == '!' && UNFINISHED.iter().any(|word| name == word);
    found.then(|| {
        Breach::at(file, line(name.span()), format!("{name}! in the code"), UNFINISHED_REMEDY)
    })
}

/// Whether what follows `before` stands after `#` or `#!`.
fn is_attribute(before: &[TokenTree]) -> bool {
    let mark = |token: &TokenTree, char| matches!(token, TokenTree::Punct(punct) if punct.as_char() == char);
    match before {
        [.., hash, bang] if mark(bang, '!') => mark(hash, '#'),
        [.., hash] => mark(hash, '#'),
        [] => false,
    }
}

/// Judges `ignore`, `allow(..)` and `expect(..)`, also as arguments of `cfg_attr(..)`.
fn switched_off(file: &str, attribute: TokenStream, breaches: &mut Vec<Breach>) {
    let tokens: Vec<TokenTree> = attribute.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        let TokenTree::Ident(name) = token else {
            continue;
        };
        let arguments = match tokens.get(index + 1) {
            Some(TokenTree::Group(group)) => Some(group.stream()),
            Some(_) | None => None,
        };
        let at = line(name.span());
        match (name.to_string().as_str(), arguments) {
            ("ignore", _) if starts_item(&tokens, index) => {
                breaches.push(Breach::at(file, at, "an ignored test", IGNORE_REMEDY));
            }
            (lint @ ("allow" | "expect"), Some(lints)) if !has_reason(lints.clone()) => {
                breaches.push(Breach::at(
                    file,
                    at,
                    format!("{lint} without a reason"),
                    REASON_REMEDY,
                ));
            }
            ("cfg_attr", Some(inner)) => switched_off(file, inner, breaches),
            _ => {}
        }
    }
}

/// Whether the token begins an attribute, rather than being a word inside one.
fn starts_item(tokens: &[TokenTree], index: usize) -> bool {
    match index.checked_sub(1).and_then(|before| tokens.get(before)) {
        Some(TokenTree::Punct(punct)) => punct.as_char() == ',',
        Some(_) => false,
        None => true,
    }
}

fn has_reason(lints: TokenStream) -> bool {
    lints.into_iter().any(|token| matches!(token, TokenTree::Ident(name) if name == "reason"))
}

#[cfg(test)]
mod tests {
    use super::super::breach::faults;
    use super::*;

    #[test]
    fn nothing_is_unfinished_or_switched_off() {
        let cases = [
            ("todo", "fn f() {\n    todo!()\n}", vec![(2, "todo! in the code")]),
            (
                "unimplemented with a text",
                "fn f() { unimplemented!(\"x\") }",
                vec![(1, "unimplemented! in the code")],
            ),
            ("dbg inside a macro", "fn f() { vec![dbg!(1)] }", vec![(1, "dbg! in the code")]),
            ("the words elsewhere", "fn todo() { let s = \"todo!()\"; f(s) != dbg }", vec![]),
            ("ignored test", "#[test]\n#[ignore]\nfn f() {}", vec![(2, "an ignored test")]),
            ("ignored with a text", "#[ignore = \"slow\"] fn f() {}", vec![(1, "an ignored test")]),
            (
                "ignored inside a macro",
                "proptest! {\n#[ignore]\nfn f() {} }",
                vec![(2, "an ignored test")],
            ),
            (
                "ignored at times",
                "#[cfg_attr(windows, ignore)] fn f() {}",
                vec![(1, "an ignored test")],
            ),
            ("a feature of that name", "#[cfg(feature = \"ignore\")] fn f() {}", vec![]),
            ("allow", "#[allow(dead_code)] fn f() {}", vec![(1, "allow without a reason")]),
            ("allow for the file", "#![allow(dead_code)]", vec![(1, "allow without a reason")]),
            ("expect", "#[expect(dead_code)] fn f() {}", vec![(1, "expect without a reason")]),
            (
                "allow at times",
                "#[cfg_attr(test, allow(dead_code))] fn f() {}",
                vec![(1, "allow without a reason")],
            ),
            (
                "with a reason",
                "#[expect(dead_code, reason = \"read by debuggers\")] fn f() {}",
                vec![],
            ),
            ("the method expect", "fn f() { x[0].expect(\"y\") }", vec![]),
        ];
        for (case, text, want) in cases {
            assert_eq!(faults(&check("a.rs", text.parse().unwrap())), want, "{case}");
        }
    }
}
