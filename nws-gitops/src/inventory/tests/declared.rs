//! A file of our own, `nws-certd.yaml`.

use super::*;
use crate::Opting;

/// What is wanted, with how, when and from whom, and what is said.
fn said(files: Files<'_>) -> Vec<String> {
    let cas = ["letsencrypt".parse().unwrap()].into_iter().collect();
    let discover = Discover { cas, mode: Opting::OptedIn, ..Discover::default() };
    let inventory = inventory(files, &discover);
    let wanted = inventory.wanted.iter().map(|wanted| {
        let mut line = format!("{}: {}", wanted.key, wanted.names);
        line.extend(wanted.options.key_type.map(|key_type| format!(" {key_type}")));
        line.extend(wanted.options.profile.iter().map(|profile| format!(" {profile}")));
        line.extend(wanted.overrides.renew_before.iter().map(|before| format!(" before {before}")));
        line.extend(wanted.overrides.holds.iter().map(|hold| format!(" hold {:?}", hold.reason)));
        line.extend(wanted.overrides.cas.iter().map(|ca| format!(" from {ca}")));
        line
    });
    wanted.chain(faults(&inventory)).collect()
}

/// A file with these entries, a line each.
fn declared(entries: &[&str]) -> String {
    let entries: String = entries.iter().map(|entry| format!("- {{{entry}}}\n")).collect();
    format!("apiVersion: nws-certd/v1\nkind: Certificates\ncertificates:\n{entries}")
}

const SHOP: &str = "namespace: shop, secretName: tls, hosts: [b.example, a.example]";

#[test]
fn what_an_entry_says() {
    let names = "shop/tls: a.example, b.example";
    let cases = [
        ("", names.to_owned()),
        (", keyType: rsa-2048", format!("{names} rsa-2048")),
        (", profile: tlsserver", format!("{names} tlsserver")),
        (", renewBefore: 30d", format!("{names} before 30days")),
        (", hold: an audit", format!("{names} hold Some(\"an audit\")")),
        (", ca: letsencrypt", format!("{names} from letsencrypt")),
        (", keyType: null, ca: null", names.to_owned()),
    ];
    for (more, want) in cases {
        let text = declared(&[&format!("{SHOP}{more}")]);
        assert_eq!(said(&[("nws-certd.yaml", &text)]), [want], "{more}");
    }
}

#[test]
fn each_entry_is_a_source_of_its_own() {
    let blog = "namespace: blog, secretName: tls, hosts: [c.example]";
    let text = declared(&[SHOP]) + "---\n" + &declared(&[SHOP, blog]);
    let inventory = inventory(&[("apps/nws-certd.yml", &text)], &Discover::default());
    assert_eq!(faults(&inventory), [""; 0]);
    let sources = inventory.wanted.iter().flat_map(|wanted| &wanted.sources);
    assert_eq!(
        sources.map(ToString::to_string).collect::<Vec<_>>(),
        [
            "apps/nws-certd.yml, document 2, Certificates blog/tls, certificates[1]",
            "apps/nws-certd.yml, document 1, Certificates shop/tls, certificates[0]",
            "apps/nws-certd.yml, document 2, Certificates shop/tls, certificates[0]",
        ]
    );
}

#[test]
fn what_is_wrong_with_an_entry_says_where_and_stops_no_other() {
    let known = "write one of namespace, secretName, hosts, keyType, profile, renewBefore, hold, ca, secretTemplate";
    let cases = [
        ("namespace: x, secretName: s, hosts: [z.example], keytype: rsa-2048", format!("keytype: is no field that is known; {known}")),
        ("namespace: x, secretName: s, hosts: [z.example], keyType: rsa", "keyType: unknown key type \"rsa\"; write one of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096".into()),
        ("namespace: x, secretName: s, hosts: [z.example], ca: zerossl", "ca: names the CA zerossl, which the operator has not named; write one of his, or nothing".into()),
        ("namespace: x, secretName: s, hosts: [z.example], ca: L E", "ca: \"L E\" is no name for a CA; write up to 63 of a-z, 0-9 and inner '-', for instance \"letsencrypt\"".into()),
        ("namespace: x, secretName: s", "hosts: is missing or empty; add it".into()),
        ("namespace: x, hosts: [z.example]", "secretName: is missing or empty; add it".into()),
        ("secretName: s, hosts: [z.example]", "namespace: is missing or empty; add it".into()),
        ("namespace: x, secretName: 1, hosts: [z.example]", "secretName: is a number, not a string; quote it".into()),
        ("namespace: x, secretName: S, hosts: [z.example]", "secretName: \"S\" is no secret name; a name has up to 253 of a-z, 0-9, inner '-' and '.'".into()),
        ("namespace: x, secretName: s, hosts: ['*.z.example']", "hosts[0]: *.z.example is a wildcard, which cannot be validated over HTTP-01; list the hosts one by one".into()),
    ];
    for (entry, want) in cases {
        let text = declared(&[entry, SHOP]);
        let want = format!("nws-certd.yaml, document 1, certificates[0].{want}");
        assert_eq!(
            said(&[("nws-certd.yaml", &text)]),
            ["shop/tls: a.example, b.example", &want],
            "{entry}"
        );
    }
}

#[test]
fn a_file_that_is_none_of_ours_says_so() {
    let whole = declared(&[SHOP]);
    let cases = [
        (
            whole.replace("/v1", "/v2"),
            vec!["apiVersion: is not \"nws-certd/v1\"; write that, or give the file another name"],
        ),
        (
            whole.replace("Certificates", "Certificate"),
            vec!["kind: is not \"Certificates\"; write that, or give the file another name"],
        ),
        (
            whole.replace("certificates:", "certs:"),
            vec!["certs: is no field that is known; write one of apiVersion, kind, certificates"],
        ),
        (
            whole.replace("- {", "  x: {"),
            vec!["certificates: is a mapping, not a list; correct it"],
        ),
        (
            "[]".into(),
            vec![
                "apiVersion: is not \"nws-certd/v1\"; write that, or give the file another name",
                "kind: is not \"Certificates\"; write that, or give the file another name",
            ],
        ),
    ];
    for (text, want) in cases {
        let want: Vec<_> =
            want.iter().map(|want| format!("nws-certd.yaml, document 1, {want}")).collect();
        assert_eq!(said(&[("nws-certd.yaml", &text)]), want, "{text}");
    }
    let template = whole.replace("a.example", "{{ .host }}");
    let [told] = &said(&[("nws-certd.yaml", &template)])[..] else { panic!("{template}") };
    assert!(told.contains("is a template"), "{told}");
    assert_eq!(said(&[("other.yaml", &whole)]), [""; 0], "only under its name");
}

/// It is worth what an Ingress in its place is worth.
#[test]
fn a_file_of_ours_takes_nothing_from_anybody() {
    let (shop, ingress) = (
        declared(&[SHOP]),
        ingress("shop, annotations: {nws-certd/enabled: 'true'}", "tls", "c.example"),
    );
    let forced = "namespace: own\n";
    let cases: [(&str, Files<'_>, &[&str]); 4] = [
        (
            "the namespace of its place",
            &[("own/nws-certd.yaml", &shop), ("own/fleet.yaml", forced)],
            &[
                "own/nws-certd.yaml, document 1, certificates[0].namespace: is another namespace than \"own\", into which everything is put that lies there; write that, or move the entry",
            ],
        ),
        (
            "its own namespace",
            &[("own/nws-certd.yaml", &shop.replace("shop", "own")), ("own/fleet.yaml", forced)],
            &["own/tls: a.example, b.example"],
        ),
        (
            "not stated, as everything is put there",
            &[
                ("own/nws-certd.yaml", &shop.replace("namespace: shop,", "")),
                ("own/fleet.yaml", forced),
            ],
            &["own/tls: a.example, b.example"],
        ),
        (
            "a Secret of somebody else",
            &[("a/i.yaml", &ingress), ("b/nws-certd.yaml", &shop)],
            &[
                "shop/tls: c.example",
                "b/nws-certd.yaml, document 1, certificates[0].secretName: wants secret shop/tls, which a/i.yaml wants with other hosts; give one of them another secretName",
            ],
        ),
    ];
    for (case, files, want) in cases {
        assert_eq!(said(files), want, "{case}");
    }
}
