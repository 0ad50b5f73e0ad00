//! Labels and annotations that objects ask for in their Secrets.

use super::*;

const A: &str = "shop/tls: a.example";

/// Each want with its template, and what is said.
fn said(files: Files<'_>) -> Vec<String> {
    let issuers = [("le".parse().unwrap(), "le".parse().unwrap())].into_iter().collect();
    let inventory = inventory(files, &Discover { issuers, ..Discover::default() });
    let wanted = inventory.wanted.iter().map(|wanted| {
        let mut line = format!("{}: {}", wanted.key, wanted.names);
        let (labels, annotations) =
            (wanted.form.template.labels(), wanted.form.template.annotations());
        line.extend(labels.map(|(name, value)| format!(" label {name}={value:?}")));
        line.extend(annotations.map(|(name, value)| format!(" annotation {name}={value:?}")));
        line
    });
    wanted.chain(faults(&inventory)).collect()
}

fn certificate(template: &str) -> String {
    format!(
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: a, namespace: shop}}\nspec:\n  dnsNames: [a.example]\n  secretName: tls\n  issuerRef: {{name: le}}\n  secretTemplate: {template}\n"
    )
}

fn annotated(template: &str) -> String {
    ingress(
        &format!(
            "shop, annotations: {{cert-manager.io/issuer: le, cert-manager.io/secret-template: '{template}'}}"
        ),
        "tls",
        "a.example",
    )
}

fn declared(template: &str) -> String {
    format!(
        "apiVersion: nws-certd/v1\nkind: Certificates\ncertificates: [{{namespace: shop, secretName: tls, hosts: [a.example], secretTemplate: {template}}}]\n"
    )
}

#[test]
fn wherever_it_stands_it_says_the_same() {
    let template =
        r#"{"labels": {"team": "shop", "empty": ""}, "annotations": {"example.org/x": "a: b"}}"#;
    let places = [
        ("c.yaml", certificate(template)),
        ("i.yaml", annotated(template)),
        ("nws-certd.yaml", declared(template)),
    ];
    for (path, text) in places {
        let want =
            format!("{A} label empty=\"\" label team=\"shop\" annotation example.org/x=\"a: b\"");
        assert_eq!(said(&[(path, &text)]), [want], "{path}");
    }
}

#[test]
fn what_cannot_be_set_is_told_and_keeps_nothing_else_out() {
    let at = "c.yaml, document 1, spec.secretTemplate";
    let reserved = "by which nws-certd or another program knows its Secrets; remove it";
    let cases = [
        ("{}", vec![]),
        ("null", vec![]),
        ("{labels: null, annotations: {}}", vec![]),
        ("[a]", vec![": is a list, not a mapping; correct it".to_owned()]),
        ("{labels: []}", vec![".labels: is a list, not a mapping; correct it".into()]),
        (
            "{finalizers: [x]}",
            vec![".finalizers: is no field that is known; write one of labels, annotations".into()],
        ),
        ("{labels: {on: true}}", vec![".labels[\"on\"]: is a boolean, not a string; quote it".into()]),
        (
            "{labels: {team: a b}}",
            vec![".labels[\"team\"]: \"a b\" is no value of a label; write up to 63 of a-z, A-Z, 0-9 and inner '-', '_' and '.'".into()],
        ),
        (
            "{labels: {nws-certd/managed: 'false'}}",
            vec![format!(".labels[\"nws-certd/managed\"]: sets nws-certd/managed, {reserved}")],
        ),
        (
            "{annotations: {cert-manager.io/common-name: a}}",
            vec![format!(".annotations[\"cert-manager.io/common-name\"]: sets cert-manager.io/common-name, {reserved}")],
        ),
        (
            "{annotations: {note: \"${team}\"}}",
            vec![".annotations[\"note\"]: is a template, which is not guessed at; commit the rendered manifest, or leave the file out with discover.exclude".into()],
        ),
    ];
    for (template, told) in cases {
        let want = [A.to_owned()].into_iter().chain(told.iter().map(|told| format!("{at}{told}")));
        assert_eq!(said(&[("c.yaml", &certificate(template))]), Vec::from_iter(want), "{template}");
    }
    let beside = certificate("{labels: {team: shop, 'a b': c}}");
    assert_eq!(said(&[("c.yaml", &beside)])[0], format!("{A} label team=\"shop\""));
    let broken = annotated("{labels: ");
    let told = "i.yaml, document 1, metadata.annotations[\"cert-manager.io/secret-template\"]: is a string, not a mapping; correct it";
    assert_eq!(said(&[("i.yaml", &broken)]), [A, told]);
}

#[test]
fn of_several_objects_all_count_and_the_first_by_place_has_its_way() {
    let files = [
        ("a.yaml", &*certificate("{labels: {team: shop}, annotations: {team: x}}")),
        ("b.yaml", &*certificate("{labels: {team: blog, tier: web}}")),
        ("c.yaml", &*ingress("shop", "tls", "a.example")),
    ];
    assert_eq!(
        said(&files),
        [
            format!("{A} label team=\"shop\" label tier=\"web\" annotation team=\"x\""),
            "b.yaml, document 1, spec.secretTemplate.labels[\"team\"]: asks for \"team: blog\" in secret shop/tls, for which a.yaml, document 1, asks for \"team: shop\", which it gets; write the same in both, or give one of them another secretName".to_owned(),
        ]
    );
}

#[test]
fn a_secret_takes_only_so_much() {
    let most = "x".repeat(crate::SecretTemplate::MAX_BYTES - 4);
    let files = [
        ("a.yaml", &*certificate(&format!("{{annotations: {{note: {most}}}}}"))),
        ("b.yaml", &*certificate("{annotations: {more: ''}}")),
    ];
    let told = "b.yaml, document 1, spec.secretTemplate.annotations[\"more\"]: is more than the 16384 bytes that a Secret takes of labels and annotations; leave some out";
    assert_eq!(said(&files), [format!("{A} annotation note=\"{most}\""), told.to_owned()]);
}

/// A Secret of ours with a template, as it is written.
fn delivered(template: &crate::SecretTemplate) -> String {
    let pair = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    let der = params.self_signed(&pair).unwrap().der().as_ref().into();
    let chain = Chain::from_der(vec![der]).unwrap();
    let key = nws_expiry::PrivateKey::from_pkcs8_der(pair.serialized_der()).unwrap();
    let names = DnsNames::new(["a.example".parse().unwrap()]).unwrap();
    let at = chain.leaf().not_before();
    let issued = nws_expiry::Issued::check(chain, key, &names, at).unwrap();
    let want = WantKey { target: Target::default(), secret: "shop/tls".parse().unwrap() };
    let form = SecretForm { template: template.clone(), ..SecretForm::default() };
    crate::manifest(&want, &issued, &Provenance::default(), &form).as_str().to_owned()
}

/// It may be changed on its way, so it is left as it is; what others ask for beside it counts.
#[test]
fn where_nobody_can_tell_what_is_there_stays() {
    let template = crate::SecretTemplate::default().with_label("team", "old").unwrap();
    let secret = delivered(&template);
    let changed = certificate("{labels: {team: new}}");
    let build = (
        "kustomization.yaml",
        "resources: [c.yaml]\npatches: [{target: {kind: Certificate}, patch: x}]",
    );
    let files = [("c.yaml", &*changed), ("certs/shop/tls.yaml", &*secret), build];
    assert_eq!(said(&files)[0], format!("{A} label team=\"old\""));
    let edited = secret.replace("\"team\": \"old\"", "\"team\": \"mine\"");
    let of_somebody = [("c.yaml", &*changed), ("certs/shop/tls.yaml", &*edited), build];
    assert_eq!(said(&of_somebody)[0], A, "what somebody put there is his");
    let beside = certificate("{labels: {tier: web}}");
    let files = [&files[..], &[("d.yaml", &*beside)]].concat();
    assert_eq!(said(&files)[0], format!("{A} label team=\"old\" label tier=\"web\""));
    assert_eq!(said(&files[..2]), [format!("{A} label team=\"new\"")]);
}
