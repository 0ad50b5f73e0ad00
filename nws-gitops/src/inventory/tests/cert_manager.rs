//! What cert-manager's users have: `Certificate`s, and annotations that say the same.

use super::*;
use crate::Opting;

/// What is wanted, with how and from whom, and what is said.
fn said(files: Files<'_>, discover: &Discover) -> Vec<String> {
    let inventory = inventory(files, discover);
    let wanted = inventory.wanted.iter().map(|wanted| {
        let mut line = format!("{}: {}", wanted.key, wanted.names);
        line.extend(wanted.options.key_type.map(|key_type| format!(" {key_type}")));
        line.extend(wanted.overrides.renew_before.iter().map(|before| format!(" before {before}")));
        line.extend(wanted.overrides.keeps_key.then_some(" with its key"));
        let encoding = Some(wanted.form.key_encoding).filter(|one| *one != Default::default());
        line.extend(encoding.map(|encoding| format!(" key as {encoding}")));
        line.extend(wanted.overrides.cas.iter().map(|ca| format!(" from {ca}")));
        line
    });
    wanted.chain(faults(&inventory)).collect()
}

/// A Certificate with these fields besides, a line each.
fn certificate(fields: &str) -> String {
    let fields: String = fields.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {{name: web, namespace: shop}}\nspec:\n  secretName: tls\n{fields}"
    )
}

const ISSUER: &str = "issuerRef: {name: le, kind: ClusterIssuer}";

fn mapped() -> Discover {
    let ca = ("ClusterIssuer/le".parse().unwrap(), "letsencrypt".parse().unwrap());
    Discover { issuers: [ca].into_iter().collect(), ..Discover::default() }
}

fn adopts() -> Discover {
    Discover { cert_manager: CertManager::Adopt, ..Discover::default() }
}

#[test]
fn a_certificate_is_served_by_the_ca_that_stands_for_its_issuer() {
    let of = |issuer: &str| certificate(&format!("dnsNames: [b.example, a.example]\n{issuer}"));
    let left = |issuer: &str| {
        format!(
            "c.yaml, document 1, spec.issuerRef: is left to cert-manager, as no CA stands for its issuer {issuer}; name one in discover.issuers, or set discover.cert_manager = \"adopt\""
        )
    };
    let pca = "is left to cert-manager, as ClusterIssuer/le of awspca.cert-manager.io is no issuer of its own; annotate it with nws-certd/enabled: \"true\" to have it from a configured CA instead";
    let (skips, mapped, adopts) = (Discover::default(), mapped(), adopts());
    let names = "shop/tls: a.example, b.example";
    let opted_in = Discover { mode: Opting::OptedIn, ..mapped.clone() };
    let cases = [
        ("mapped", ISSUER, &mapped, format!("{names} from letsencrypt")),
        ("mapped, where all else opts in", ISSUER, &opted_in, format!("{names} from letsencrypt")),
        ("unmapped", ISSUER, &skips, left("ClusterIssuer/le")),
        ("of another kind", "issuerRef: {name: le}", &mapped, left("Issuer/le")),
        ("unmapped, adopted", ISSUER, &adopts, names.into()),
        (
            "of another group, adopted",
            "issuerRef: {name: le, kind: ClusterIssuer, group: awspca.cert-manager.io}",
            &adopts,
            format!("c.yaml, document 1, spec.issuerRef: {pca}"),
        ),
    ];
    for (case, issuer, discover, want) in cases {
        assert_eq!(said(&[("c.yaml", &of(issuer))], discover), [want], "{case}");
    }
}

#[test]
fn a_certificate_names_its_source() {
    let text = certificate(&format!("commonName: a.example\n{ISSUER}"));
    let list =
        format!("kind: CertificateList\nitems:\n- {}", text.trim_end().replace('\n', "\n  "));
    let cases = [(&text, "spec"), (&list, "items[0].spec")];
    for (text, field) in cases {
        let inventory = inventory(&[("c.yaml", text)], &mapped());
        let sources = inventory.wanted[0].sources.iter().map(ToString::to_string);
        let want = format!("c.yaml, document 1, Certificate shop/web, {field}");
        assert_eq!(sources.collect::<Vec<_>>(), [want]);
    }
}

/// Each field is followed, or it is told why not, or nothing is ordered.
#[test]
fn every_field_of_a_certificate() {
    const NOT: &str = "is not followed: ";
    const NOTE: &str = "; remove it, or take note of it";
    let not = |field: &str, why: &str| format!("c.yaml, document 1, {field}: {NOT}{why}{NOTE}");
    let unserved = |field: &str, what: &str| {
        format!(
            "c.yaml, document 1, {field}: asks for {what}, which nws-certd cannot serve; remove it, or leave it to cert-manager with the annotation nws-certd/enabled: \"false\""
        )
    };
    let key = |found: &str| {
        format!(
            "c.yaml, document 1, spec.privateKey.{found}, for which no certificate is ordered; write RSA with 2048, 3072 or 4096, or ECDSA with 256 or 384"
        )
    };
    let followed = |how: &str| vec![format!("shop/tls: a.example{how} from letsencrypt")];
    let noted = |field: &str, why: &str| vec![followed("").remove(0), not(field, why)];
    let cases = [
        ("commonName: b.example", vec!["shop/tls: a.example, b.example from letsencrypt".into()]),
        ("commonName: a.example", followed("")),
        ("renewBefore: 360h", followed(" before 15days")),
        ("renewBefore: 1h30m0s", followed(" before 1h 30m")),
        ("renewBeforePercentage: 25", followed(" before 25%")),
        ("privateKey: {algorithm: ECDSA}", followed(" ecdsa-p256")),
        ("privateKey: {algorithm: ECDSA, size: 384}", followed(" ecdsa-p384")),
        ("privateKey: {algorithm: RSA}", followed(" rsa-2048")),
        ("privateKey: {size: 4096}", followed(" rsa-4096")),
        ("privateKey: {rotationPolicy: Always, encoding: PKCS8}", followed("")),
        ("privateKey: {}", followed("")),
        ("usages: [digital signature, key encipherment, server auth]", followed("")),
        ("revisionHistoryLimit: 3", followed("")),
        ("isCA: false", followed("")),
        ("ipAddresses: []", followed("")),
        ("duration: 2160h0m0s", followed("")),
        (
            "usages: [client auth]",
            noted("spec.usages", "the CA decides what its certificates are for"),
        ),
        (
            "subject: {organizations: [shop]}",
            noted("spec.subject", "CAs that validate names put nothing else into the subject"),
        ),
        ("privateKey: {encoding: PKCS1}", followed(" key as PKCS1")),
        (
            "privateKey: {encoding: pkcs1}",
            noted("spec.privateKey.encoding", "it is neither PKCS1 nor PKCS8"),
        ),
        ("privateKey: {rotationPolicy: Never}", followed(" with its key")),
        ("whatever: 1", noted("spec.whatever", "it is no setting that is known")),
        ("isCA: true", vec![unserved("spec.isCA", "a CA certificate")]),
        ("ipAddresses: [192.0.2.1]", vec![unserved("spec.ipAddresses", "IP addresses")]),
        ("uris: ['spiffe://shop']", vec![unserved("spec.uris", "URIs")]),
        ("emailAddresses: [a@shop.example]", vec![unserved("spec.emailAddresses", "mail addresses")]),
        ("literalSubject: CN=shop", vec![unserved("spec.literalSubject", "a subject of its own")]),
        (
            "keystores: {jks: {create: true}}",
            vec![unserved("spec.keystores", "keystores in its Secret")],
        ),
        ("privateKey: {algorithm: Ed25519}", vec![key("algorithm: asks for a key Ed25519")]),
        ("privateKey: {size: 8192}", vec![key("size: asks for a key RSA 8192")]),
        (
            "privateKey: {algorithm: ECDSA, size: 521}",
            vec![key("algorithm: asks for a key ECDSA 521")],
        ),
        (
            "renewBefore: 15d",
            vec![
                "c.yaml, document 1, spec.renewBefore: is \"15d\", which is no duration; write for instance \"2160h\"".into(),
            ],
        ),
        (
            "commonName: a shop",
            vec![
                followed("").remove(0),
                "c.yaml, document 1, spec.commonName: host name \"a shop\" has the character ' '; a label is made of a-z, 0-9 and '-'".into(),
            ],
        ),
    ];
    for (fields, want) in cases {
        let text = certificate(&format!("dnsNames: [a.example]\n{ISSUER}\n{fields}"));
        assert_eq!(said(&[("c.yaml", &text)], &mapped()), want, "{fields}");
    }
}

#[test]
fn what_is_wrong_with_a_certificate_of_cert_managers_is_not_ours_to_tell() {
    let broken = certificate(&format!(
        "dnsNames: [BAD..example]\n{ISSUER}\nisCA: true\nprivateKey: {{algorithm: x}}"
    ));
    let (template, nameless) = (
        certificate(&format!("dnsNames: ['{{{{ .host }}}}']\n{ISSUER}")),
        certificate(&format!("dnsNames: [a.example]\n{ISSUER}")).replace("name: web", "x: y"),
    );
    for text in [&broken, &template, &nameless] {
        let told = said(&[("c.yaml", text)], &Discover::default());
        assert!(told.len() == 1 && told[0].contains("is left to cert-manager"), "{told:?}");
        let told = said(&[("c.yaml", text)], &mapped());
        assert!(!told.is_empty(), "{text}");
        assert!(told.iter().all(|line| !line.contains("cert-manager, as")), "{told:?}");
    }
}

#[test]
fn kinds_of_that_name_in_other_groups_are_none() {
    let text =
        certificate("dnsNames: [a.example]").replace("cert-manager.io/v1", "networking.gke.io/v1");
    assert_eq!(said(&[("c.yaml", &text)], &adopts()), [""; 0]);
}

/// An annotation says what the field of a Certificate says.
#[test]
fn annotations_of_an_ingress_that_is_served() {
    let of = |annotations: &str| {
        let annotations =
            format!("shop, annotations: {{cert-manager.io/cluster-issuer: le, {annotations}}}");
        ingress(&annotations, "tls", "a.example")
    };
    let followed = |how: &str| vec![format!("shop/tls: a.example{how} from letsencrypt")];
    let field = |name: &str| {
        format!("i.yaml, document 1, metadata.annotations[\"cert-manager.io/{name}\"]: ")
    };
    let cases = [
        ("x: y", followed("")),
        (
            "cert-manager.io/common-name: b.example",
            vec!["shop/tls: a.example, b.example from letsencrypt".into()],
        ),
        (
            "cert-manager.io/alt-names: 'c.example, b.example'",
            vec!["shop/tls: a.example, b.example, c.example from letsencrypt".into()],
        ),
        ("cert-manager.io/renew-before: 360h", followed(" before 15days")),
        ("cert-manager.io/renew-before-percentage: '25'", followed(" before 25%")),
        ("cert-manager.io/private-key-algorithm: ECDSA", followed(" ecdsa-p256")),
        ("cert-manager.io/private-key-size: '4096'", followed(" rsa-4096")),
        (
            "cert-manager.io/private-key-algorithm: RSA, nws-certd/key-type: ecdsa-p384",
            followed(" ecdsa-p384"),
        ),
        (
            "cert-manager.io/renew-before: 360h, nws-certd/renew-before: 10%",
            followed(" before 10%"),
        ),
        ("cert-manager.io/usages: 'digital signature,server auth'", followed("")),
        ("acme.cert-manager.io/http01-edit-in-place: 'true'", followed("")),
        (
            "cert-manager.io/subject-organizations: shop",
            vec![
                followed("").remove(0),
                field("subject-organizations")
                    + "is not followed: CAs that validate names put nothing else into the subject; remove it, or take note of it",
            ],
        ),
        (
            "cert-manager.io/ip-sans: 192.0.2.1",
            vec![
                field("ip-sans")
                    + "asks for IP addresses, which nws-certd cannot serve; remove it, or leave it to cert-manager with the annotation nws-certd/enabled: \"false\"",
            ],
        ),
        (
            "cert-manager.io/private-key-size: big",
            vec![
                field("private-key-size")
                    + "asks for a key RSA \"big\", for which no certificate is ordered; write RSA with 2048, 3072 or 4096, or ECDSA with 256 or 384",
            ],
        ),
    ];
    for (annotations, want) in cases {
        assert_eq!(said(&[("i.yaml", &of(annotations))], &mapped()), want, "{annotations}");
    }
}

#[test]
fn which_issuer_annotations_name() {
    let of = |annotations: &str| {
        ingress(&format!("shop, annotations: {{{annotations}}}"), "tls", "a.example")
    };
    let own = ("Issuer/own".parse().unwrap(), "mine".parse().unwrap());
    let discover = Discover {
        issuers: mapped()
            .issuers
            .cas()
            .map(|(issuer, ca)| (issuer.clone(), ca.clone()))
            .chain([own])
            .collect(),
        ..Discover::default()
    };
    let cases = [
        ("cert-manager.io/cluster-issuer: le", "shop/tls: a.example from letsencrypt"),
        ("certmanager.k8s.io/cluster-issuer: le", "shop/tls: a.example from letsencrypt"),
        ("cert-manager.io/issuer: own", "shop/tls: a.example from mine"),
        (
            "cert-manager.io/issuer: le, cert-manager.io/issuer-kind: ClusterIssuer",
            "shop/tls: a.example from letsencrypt",
        ),
        (
            "cert-manager.io/issuer: le",
            "i.yaml, document 1, metadata.annotations: is left to cert-manager because of",
        ),
        (
            "kubernetes.io/tls-acme: 'true'",
            "i.yaml, document 1, metadata.annotations: is left to cert-manager because of",
        ),
        (
            "cert-manager.io/issuer: own, cert-manager.io/issuer-group: awspca.cert-manager.io",
            "i.yaml, document 1, metadata.annotations: is left to cert-manager, as Issuer/own of awspca.cert-manager.io is no issuer of its own",
        ),
    ];
    for (annotations, want) in cases {
        let told = said(&[("i.yaml", &of(annotations))], &discover);
        assert!(told.len() == 1 && told[0].starts_with(want), "{annotations}: {told:?}");
    }
}

#[test]
fn a_certificate_and_an_ingress_for_one_secret_agree_or_are_told() {
    let of = |names: &str| certificate(&format!("dnsNames: [{names}]\n{ISSUER}"));
    let ingress = ingress("shop", "tls", "a.example");
    let cases = [
        (of("a.example"), vec!["shop/tls: a.example from letsencrypt".to_owned()]),
        (of("a.example, b.example"), vec![
            "shop/tls: a.example, b.example from letsencrypt".to_owned(),
            "i/i.yaml, document 1, spec.tls[0].secretName: wants secret shop/tls, which c/c.yaml wants with other hosts; give one of them another secretName".to_owned(),
        ]),
    ];
    for (certificate, want) in cases {
        assert_eq!(said(&[("c/c.yaml", &certificate), ("i/i.yaml", &ingress)], &mapped()), want);
    }
}

mod strange;
