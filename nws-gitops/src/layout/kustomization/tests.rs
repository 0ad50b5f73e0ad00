use proptest::prelude::*;

use super::*;

fn edit_all(text: &str, entries: &[&str]) -> Result<Option<String>, NotEditable> {
    let mut listing = Listing::of(text);
    entries.iter().try_for_each(|entry| listing.add(entry))?;
    Ok(listing.edited())
}

fn edit(text: &str) -> Result<Option<String>, NotEditable> {
    edit_all(text, &["shop-tls.yaml"])
}

#[test]
fn an_entry_is_added_where_the_list_is() {
    let cases = [
        ("a list", "resources:\n  - a.yaml\n", "resources:\n  - a.yaml\n  - shop-tls.yaml\n"),
        (
            "not indented, with fields around it",
            "kind: Kustomization\nresources:\n- a.yaml\n- b.yaml # the other\n\n# labels\nlabels: []\n",
            "kind: Kustomization\nresources:\n- a.yaml\n- b.yaml # the other\n- shop-tls.yaml\n\n# labels\nlabels: []\n",
        ),
        (
            "comments in it",
            "resources: # all\n  # first\n  - a.yaml\n\n  # second\n  - b.yaml\n  # no more\n",
            "resources: # all\n  # first\n  - a.yaml\n\n  # second\n  - b.yaml\n  - shop-tls.yaml\n  # no more\n",
        ),
        (
            "an item over two lines",
            "resources:\n- \"a\\\n  b.yaml\"\nx: 1\n",
            "resources:\n- \"a\\\n  b.yaml\"\n- shop-tls.yaml\nx: 1\n",
        ),
        (
            "lines of Windows",
            "resources:\r\n- a.yaml\r\nx: 1\r\n",
            "resources:\r\n- a.yaml\r\n- shop-tls.yaml\r\nx: 1\r\n",
        ),
        ("no line end", "resources:\n- a.yaml", "resources:\n- a.yaml\n- shop-tls.yaml"),
        ("in brackets", "resources: [a.yaml, b]\n", "resources: [a.yaml, b, shop-tls.yaml]\n"),
        ("empty brackets", "resources: [] # none\n", "resources: [shop-tls.yaml] # none\n"),
        (
            "brackets over lines",
            "resources: [\n  a.yaml,\n]\nx: 1\n",
            "resources: [\n  a.yaml, shop-tls.yaml\n]\nx: 1\n",
        ),
        ("an empty field", "resources:\nx: 1\n", "resources:\n  - shop-tls.yaml\nx: 1\n"),
        ("no field", "x: 1\n", "x: 1\nresources:\n  - shop-tls.yaml\n"),
        ("no field, no line end", "x: 1", "x: 1\nresources:\n  - shop-tls.yaml"),
        ("nothing", "", "resources:\n  - shop-tls.yaml\n"),
        ("a comment", "# soon\n", "# soon\nresources:\n  - shop-tls.yaml\n"),
        ("a document", "---\nresources:\n- a\n", "---\nresources:\n- a\n- shop-tls.yaml\n"),
    ];
    for (case, text, want) in cases {
        assert_eq!(edit(text).unwrap().as_deref(), Some(want), "{case}");
        assert_eq!(edit(want), Ok(None), "{case}: once is enough");
    }
}

#[test]
fn what_is_listed_already_is_left_alone() {
    for text in ["resources: [./shop-tls.yaml]\n", "resources:\n- 'shop-tls.yaml'\n"] {
        assert_eq!(edit(text), Ok(None), "{text}");
    }
}

#[test]
fn what_cannot_be_edited_safely_is_not() {
    let cases = [
        ("no YAML", "resources: [\n"),
        ("a template", "resources:\n{{ range .All }}\n- a\n{{ end }}\n"),
        ("two documents", "resources: [a]\n---\nresources: [b]\n"),
        ("braces around it all", "{resources: [a.yaml]}\n"),
        ("JSON", "{\n  \"resources\": [\"a.yaml\"]\n}\n"),
        ("a quoted field", "\"resources\":\n- a.yaml\n"),
        ("an anchor", "resources: &all\n- a.yaml\nx: *all\n"),
        ("a comment in brackets", "resources: [\n  a.yaml # ]\n]\n"),
        ("a bracket in quotes", "resources: [\"a].yaml\"]\n"),
        ("no list", "resources: a.yaml\n"),
        ("its end marked", "x: 1\n...\n"),
        ("a byte order mark", "\u{feff}resources:\n- a.yaml\n"),
        ("in a text", "patch: |\n  resources:\nx: 1\nresources: |\n  - a\n"),
    ];
    for (case, text) in cases {
        assert_eq!(edit(text), Err(NotEditable), "{case}");
    }
}

#[test]
fn an_entry_that_yaml_would_take_apart_is_quoted() {
    let edited = edit_all("resources: []\n", &["my app: new/a.yaml"]).unwrap().unwrap();
    assert_eq!(edited, "resources: [\"my app: new/a.yaml\"]\n");
}

/// A line that may stand in a kustomization, or break it.
fn line() -> impl Strategy<Value = String> {
    const LINES: &[&str] = &[
        "resources:",
        "resources: [a.yaml]",
        "resources: &r",
        "- a.yaml",
        "  - b.yaml",
        "  - |",
        "      text",
        "# comment",
        "  # comment",
        "",
        "namespace: shop",
        "labels:",
        "  - pairs: {a: b}",
        "patch: |-",
        "x: *r",
        "---",
        "...",
    ];
    prop::sample::select(LINES).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in the file: it is left alone, or it has all its bytes, in their order, with the entry in one place.
    #[test]
    fn an_edit_keeps_every_byte(
        lines in prop::collection::vec(line(), 0..8),
        end in prop::sample::select(&["\n", "\r\n"][..]),
        last in any::<bool>(),
    ) {
        let text = lines.join(end) + if last { end } else { "" };
        if let Ok(Some(edited)) = edit(&text) {
            let same = text.bytes().zip(edited.bytes()).take_while(|(a, b)| a == b).count();
            let added = edited.len() - text.len();
            let at = (0..=same).rev().find(|at| text.as_bytes()[*at..] == edited.as_bytes()[at + added..]);
            prop_assert!(at.is_some(), "{text:?} {edited:?}");
            prop_assert_eq!(edit(&edited), Ok(None));
            // Many at a time are as one after the other.
            let both = edit_all(&text, &["shop-tls.yaml", "my app.yaml"]);
            prop_assert_eq!(&both, &edit_all(&edited, &["my app.yaml"]));
            prop_assert!(both.is_ok_and(|both| both.is_some()));
        }
    }

    /// No text makes it panic.
    #[test]
    fn any_text_is_edited_or_refused(text in "(resources:|\\PC|[ \\[\\]\n#-]){0,30}") {
        let _ = edit(&text);
    }
}
