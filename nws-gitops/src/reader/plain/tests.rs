use proptest::prelude::*;

use super::*;
use crate::reader::documents::read_yaml;

#[test]
fn what_is_read_without_a_parser() {
    let read = |text| read(text).map(|value| value.to_string());
    let cases = [
        ("a: b\n", Some(r#"{"a":"b"}"#)),
        (
            "---\n# c\na:\n  b: 1\n  c:\n  - x\n  - d: 'e f'\n    g:\n",
            Some(r#"{"a":{"b":1,"c":["x",{"d":"e f","g":null}]}}"#),
        ),
        ("- a\n- b: \"c: d # e\"\n", Some(r#"["a",{"b":"c: d # e"}]"#)),
        ("a: https://b.example/c?d\n", Some(r#"{"a":"https://b.example/c?d"}"#)),
        ("a: on\n", None),
        ("on: a\n", None),
        ("a: b # c\n", None),
        ("a: 1.5\n", None),
        ("a: 64Mi\n", Some(r#"{"a":"64Mi"}"#)),
        ("a: 010\n", None),
        ("a: &b c\n", None),
        ("a: [b]\n", None),
        ("a: |\n  b\n", None),
        ("a: b\n  c\n", None),
        ("a: b\na: c\n", None),
        ("a:\n\tb: c\n", None),
        ("a: \"b\\nc\"\n", None),
        ("a: 'b''c'\n", None),
        ("a: b\n---\nc: d\n", None),
        ("", None),
    ];
    for (text, want) in cases {
        assert_eq!(read(text).as_deref(), want, "{text:?}");
    }
}

/// There are as many as there are certificates. An issuer with a quotation mark in its name is none that sells certificates.
#[test]
fn what_we_seal_takes_no_parser() {
    let text = include_str!("../../../tests/corpus/secret-sealed/certs/shop/shop-tls.yaml");
    let is_issuer = |line: &&str| line.contains("nws-certd/issuer");
    let issuer = text.lines().find(is_issuer).unwrap();
    let usual = "        nws-certd/issuer: \"CN=R11,O=Let's Encrypt,C=US\"";
    let text = text.replace(issuer, usual);
    assert_eq!(read(&text), Some(read_yaml(&text).unwrap()));
}

/// Lines that look like those of manifests, and such as only look alike.
fn line() -> impl Strategy<Value = String> {
    let indent = prop_oneof![8 => (0..5_usize).prop_map(|n| 2 * n), 1 => 0..7_usize];
    let key = prop::sample::select(vec![
        "a",
        "b",
        "kind",
        "tls.crt",
        "nws-certd/x",
        "on",
        "y",
        "a b",
        "\"q\"",
        "?",
        "1",
    ]);
    let value = prop::sample::select(vec![
        "",
        "x",
        "x y",
        "/p",
        "yes",
        "Null",
        "~",
        "1",
        "0",
        "007",
        "1e3",
        "1_0",
        "0x1",
        "1:30",
        "12345678901",
        "\"s\"",
        "\"s\\n\"",
        "'s'",
        "'s''t'",
        "\"",
        "x: y",
        "x:",
        "x #c",
        "x#c",
        "[a]",
        "{a: b}",
        "[]",
        "{}",
        "|",
        ">",
        "&a x",
        "*a",
        "!t x",
        "%x",
        "@x",
        "`x",
        "- x",
        "-",
        "-x",
        "...",
        "\"a\" b",
        "'a': b",
        "x\t",
        "é",
        ".5",
        "nan",
        ".nan",
        "inf",
        "2026-01-01",
        "<<",
        "=",
        "a,b",
        "a]",
        "x ",
        " x",
    ]);
    let whole = prop::sample::select(vec![
        "---",
        "...",
        "# c",
        "",
        "  ",
        "- ",
        "-",
        "--- x",
        "\t",
        "%YAML 1.2",
        "? x",
        ": y",
        "<<: *a",
    ]);
    prop_oneof![
        6 => (indent.clone(), key.clone(), value.clone()).prop_map(|(n, key, value)| format!("{}{key}: {value}", " ".repeat(n))),
        2 => (indent.clone(), key.clone()).prop_map(|(n, key)| format!("{}{key}:", " ".repeat(n))),
        3 => (indent.clone(), value.clone()).prop_map(|(n, value)| format!("{}- {value}", " ".repeat(n))),
        3 => (indent, key, value).prop_map(|(n, key, value)| format!("{}- {key}: {value}", " ".repeat(n))),
        1 => whole.prop_map(str::to_owned),
    ]
}

#[derive(Clone, Debug)]
enum Node {
    Scalar(&'static str),
    /// Written deeper than its key, or just below it.
    List(Vec<Self>, bool),
    Mapping(Vec<Self>),
}

fn node() -> impl Strategy<Value = Node> {
    let words = ["x", "web-1.example", "a b, c", "12", "0", "'q: r'", "\"# s\"", "/t/*", "u:v", ""];
    let scalar = prop::sample::select(words.to_vec()).prop_map(Node::Scalar);
    scalar.prop_recursive(4, 24, 4, |inner| {
        let items = prop::collection::vec(inner, 1..4);
        prop_oneof![
            2 => items.clone().prop_map(Node::Mapping),
            1 => (items, any::<bool>()).prop_map(|(items, deeper)| Node::List(items, deeper)),
        ]
    })
}

impl Node {
    fn lines(&self, indent: usize) -> Vec<String> {
        let margin = " ".repeat(indent);
        match self {
            Self::Scalar(text) => vec![format!("{margin}{text}")],
            Self::List(items, _) => items
                .iter()
                .flat_map(|item| {
                    let mut lines = item.lines(indent + 2);
                    lines[0] = format!("{margin}- {}", lines[0].trim_start());
                    lines
                })
                .collect(),
            Self::Mapping(values) => {
                let fields = values.iter().enumerate();
                fields
                    .flat_map(|(n, value)| value.field(&format!("{margin}k{n}"), indent))
                    .collect()
            }
        }
    }

    fn field(&self, key: &str, indent: usize) -> Vec<String> {
        let below = match self {
            Self::Scalar(text) => return vec![format!("{key}: {text}").trim_end().to_owned()],
            Self::List(_, false) => self.lines(indent),
            Self::List(_, true) | Self::Mapping(_) => self.lines(indent + 2),
        };
        [vec![format!("{key}:")], below].concat()
    }
}

/// An item that is empty or a list in a list.
fn has_odd_item(text: &str) -> bool {
    text.contains("- -") || text.lines().any(|line| line.trim_end().ends_with('-'))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_what_the_parser_reads(lines in prop::collection::vec(line(), 1..9), end in prop::sample::select(vec!["", "\n", "\n\n"])) {
        let text = lines.join("\n") + end;
        if let Some(value) = read(&text) {
            prop_assert_eq!(read_yaml(&text), Ok(value), "{:?}", text);
        }
    }

    #[test]
    fn what_is_written_plainly_is_read_and_what_differs_is_read_alike_or_not_at_all(
        values in prop::collection::vec(node(), 1..4),
        (at, other) in (any::<prop::sample::Index>(), prop::sample::select(b" -:#\"'\nxk0&".to_vec())),
    ) {
        let mut text = Node::Mapping(values).lines(0).join("\n").into_bytes();
        let place = at.index(text.len());
        for altered in [false, true] {
            if altered {
                text[place] = other;
            }
            let text = std::str::from_utf8(&text).unwrap();
            let value = read(text);
            prop_assert!(altered || value.is_some() || has_odd_item(text), "{text}");
            if let Some(value) = value {
                prop_assert_eq!(read_yaml(text), Ok(value), "{}", text);
            }
        }
    }

    #[test]
    fn any_text_is_read_alike_or_not_at_all(text in "[ -~\n]{0,40}") {
        if let Some(value) = read(&text) {
            prop_assert_eq!(read_yaml(&text), Ok(value), "{:?}", text);
        }
    }
}
