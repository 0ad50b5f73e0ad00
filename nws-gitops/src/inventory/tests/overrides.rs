//! When certificates are ordered, where nothing is there yet. What changes once one is: `tests/it/options.rs`.

use super::*;

/// What is wanted, with what is said of when: `before` and `hold`; and what is at fault.
fn said(files: Files<'_>) -> Vec<String> {
    let inventory = inventory(files, &Discover::default());
    let wanted = inventory.wanted.iter().map(|Wanted { key, overrides, .. }| {
        let before = overrides.renew_before.iter().map(|before| format!(" before {before}"));
        let holds = overrides.holds.iter().map(|hold| {
            format!(" hold {}:{} {:?}", hold.path, hold.document, hold.reason.as_deref())
        });
        format!("{key}:{}", before.chain(holds).collect::<String>())
    });
    wanted.chain(faults(&inventory)).collect()
}

/// An Ingress with these annotations.
fn annotated(annotations: &str) -> String {
    ingress(&format!("shop, annotations: {{{annotations}}}"), "tls", "a.example")
}

#[test]
fn overrides_are_annotations() {
    let cases = [
        ("none", "", ""),
        ("a duration", "nws-certd/renew-before: 30d", " before 30days"),
        ("a part", "nws-certd/renew-before: '33%'", " before 33%"),
        ("a hold", "nws-certd/hold: an audit", " hold i.yaml:1 Some(\"an audit\")"),
        (
            "on a line of its own",
            "nws-certd/hold: \"an audit\\n\"",
            " hold i.yaml:1 Some(\"an audit\")",
        ),
        ("no reason", "nws-certd/hold: 'true'", " hold i.yaml:1 None"),
        ("in any case", "nws-certd/hold: 'TRUE'", " hold i.yaml:1 None"),
        ("no hold", "nws-certd/hold: 'false'", ""),
        ("none in any case", "nws-certd/hold: 'False'", ""),
        ("null, which states nothing", "nws-certd/hold: null, nws-certd/renew-before: null", ""),
        (
            "both",
            "nws-certd/hold: x, nws-certd/renew-before: 1d",
            " before 1day hold i.yaml:1 Some(\"x\")",
        ),
        ("annotations of others", "example.org/hold: x, example.org/renew-before: x", ""),
    ];
    for (case, annotations, want) in cases {
        let text = annotated(annotations);
        assert_eq!(said(&[("i.yaml", &text)]), [format!("shop/tls:{want}")], "{case}");
    }
}

#[test]
fn an_override_that_cannot_be_read_orders_nothing_and_says_why() {
    let before = "metadata.annotations[\"nws-certd/renew-before\"]: ";
    let hold = "metadata.annotations[\"nws-certd/hold\"]: ";
    let remedy = "is no time before the end; write a duration, for instance \"30d\", or a part of the lifetime, for instance \"33%\"";
    let empty = "is empty; write why it is held, or remove the annotation to have it ordered";
    let template = "is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude";
    let cases = [
        ("renew-before: 30 days or so", format!("{before}\"30 days or so\" {remedy}")),
        ("renew-before: '30'", format!("{before}\"30\" {remedy}")),
        ("renew-before: 100%", format!("{before}\"100%\" {remedy}")),
        ("renew-before: ''", format!("{before}\"\" {remedy}")),
        ("renew-before: 30", format!("{before}is a number, not a string; quote it")),
        ("renew-before: '${BEFORE}'", format!("{before}{template}")),
        ("hold: ''", format!("{hold}{empty}")),
        ("hold: ' '", format!("{hold}{empty}")),
        ("hold: true", format!("{hold}is a boolean, not a string; quote it")),
        ("hold: '{{ .Values.hold }}'", format!("{hold}{template}")),
    ];
    for (annotation, fault) in cases {
        let text = annotated(&format!("nws-certd/{annotation}"));
        assert_eq!(said(&[("i.yaml", &text)]), [format!("i.yaml, document 1, {fault}")]);
    }
}

#[test]
fn who_wants_the_same_secret_need_not_agree() {
    let of = |before: &str, hold: &str| {
        annotated(&format!("nws-certd/renew-before: {before}, nws-certd/hold: {hold}"))
    };
    let (none, held) = (of("30d", "'false'"), of("33%", "an audit"));
    let both = format!("{held}---\n{none}");
    let here = " hold 1.yaml:1 Some(\"an audit\")";
    let cases: [(&str, Files<'_>, &str); 3] = [
        (
            "one hold holds it",
            &[("1.yaml", &held), ("2.yaml", &none)],
            &format!(" before 30days before 33%{here}"),
        ),
        ("in one file too", &[("1.yaml", &both)], &format!(" before 30days before 33%{here}")),
        (
            "all are named",
            &[("1.yaml", &held), ("2.yaml", &held)],
            &format!(" before 33%{here} hold 2.yaml:1 Some(\"an audit\")"),
        ),
    ];
    for (case, files, want) in cases {
        assert_eq!(said(files), [format!("shop/tls:{want}")], "{case}");
    }
}
