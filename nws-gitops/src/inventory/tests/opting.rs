//! Which objects are served at all.

use super::*;
use crate::Opting;

fn said(files: Files<'_>, discover: &Discover) -> Vec<String> {
    let inventory = inventory(files, discover);
    [wanted(&inventory), faults(&inventory)].concat()
}

/// An Ingress with this annotation and this host.
fn annotated(annotation: &str, host: &str) -> String {
    ingress(&format!("shop, annotations: {{{annotation}}}"), "tls", host)
}

const YES: &str = "nws-certd/enabled: 'true'";
const NO: &str = "nws-certd/enabled: 'false'";
const WANTED: &str = "shop/tls: a.example";

#[test]
fn what_is_served_by_what_it_says_and_what_is_configured() {
    let opted_in = Discover { mode: Opting::OptedIn, ..Discover::default() };
    let adopts = Discover { cert_manager: CertManager::Adopt, ..Discover::default() };
    let all = Discover::default();
    let issuer = "cert-manager.io/issuer: le";
    let cases: [(&str, &str, &Discover, &[&str]); 9] = [
        ("says nothing", "x: y", &all, &[WANTED]),
        ("says nothing, and would have to", "x: y", &opted_in, &[]),
        ("opts in", YES, &opted_in, &[WANTED]),
        ("in any case", "nws-certd/enabled: 'True'", &opted_in, &[WANTED]),
        ("opts out", NO, &all, &[]),
        ("opts out, as cert-manager's", &format!("{NO}, {issuer}"), &adopts, &[]),
        ("opts in, though cert-manager's", &format!("{YES}, {issuer}"), &all, &[WANTED]),
        ("cert-manager's, and would have to", issuer, &opted_in, &[]),
        ("opts in, though cert-manager's", &format!("{YES}, {issuer}"), &opted_in, &[WANTED]),
    ];
    for (case, annotation, discover, want) in cases {
        let text = annotated(annotation, "a.example");
        assert_eq!(said(&[("i.yaml", &text)], discover), want, "{case}");
    }
}

#[test]
fn what_cannot_be_read_orders_nothing_and_says_why() {
    let field = "i.yaml, document 1, metadata.annotations[\"nws-certd/enabled\"]: ";
    let neither = "is neither \"true\" nor \"false\"; write one of them, or remove the annotation";
    let cases = [
        ("yes please", format!("{field}\"yes please\" {neither}")),
        ("''", format!("{field}\"\" {neither}")),
        ("true", format!("{field}is a boolean, not a string; quote it")),
    ];
    for (value, want) in cases {
        let text = annotated(&format!("nws-certd/enabled: {value}"), "a.example");
        assert_eq!(said(&[("i.yaml", &text)], &Discover::default()), [want], "{value}");
    }
}

fn route(annotation: &str, hosts: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r, namespace: shop, annotations: {{{annotation}}}}}\nspec: {{parentRefs: [{{name: web}}], hostnames: [{hosts}]}}\n"
    )
}

#[test]
fn a_route_that_opts_out_brings_no_hosts() {
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: web, namespace: shop}\nspec:\n  listeners: [{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: tls}]}}]\n";
    let other = route("x: y", "b.example").replace("name: r", "name: s");
    let field = "r.yaml, document 1, metadata.annotations[\"nws-certd/enabled\"]: ";
    let neither = "is neither \"true\" nor \"false\"; write one of them, or remove the annotation";
    let without = "shop/tls: b.example";
    let unsure = |said: String| vec![without.to_owned(), format!("{field}{said}")];
    let cases = [
        ("x: y", "a.example", vec!["shop/tls: a.example, b.example".to_owned()]),
        (YES, "a.example", vec!["shop/tls: a.example, b.example".to_owned()]),
        (NO, "a.example", vec![without.to_owned()]),
        (NO, "BAD..example", vec![without.to_owned()]),
        (NO, "'{{ host }}'", vec![without.to_owned()]),
        ("nws-certd/enabled: nah", "a.example", unsure(format!("\"nah\" {neither}"))),
        (
            "nws-certd/enabled: false",
            "a.example",
            unsure("is a boolean, not a string; quote it".into()),
        ),
    ];
    for (annotation, hosts, want) in cases {
        let text = route(annotation, hosts);
        let files = [("g.yaml", gateway), ("r.yaml", &*text), ("s.yaml", &*other)];
        assert_eq!(said(&files, &Discover::default()), want, "{annotation}, {hosts}");
    }
}

/// An object that is not ours may be as wrong as its owner likes.
#[test]
fn what_is_wrong_is_told_only_of_what_is_served() {
    let opted_in = Discover { mode: Opting::OptedIn, ..Discover::default() };
    let broken = |annotation: &str| annotated(annotation, "BAD..example");
    let unreadable = |annotation: &str| format!("{}: :\n - x", broken(annotation));
    let template = |annotation: &str| annotated(annotation, "'{{ .Values.host }}'");
    for (case, text) in [
        ("a host", &broken as &dyn Fn(&str) -> String),
        ("all of it", &unreadable),
        ("a template", &template),
    ] {
        let told = |annotation: &str, discover: &Discover| {
            said(&[("i.yaml", &text(annotation))], discover).len()
        };
        assert_eq!(told("x: y", &Discover::default()), 1, "{case}");
        assert_eq!(told("x: y", &opted_in), 0, "{case}, not opted in");
        assert_eq!(told(YES, &opted_in), 1, "{case}, opted in");
    }
    for text in [broken(NO), template(NO)] {
        assert_eq!(said(&[("i.yaml", &text)], &Discover::default()), [""; 0], "opted out");
    }
}
