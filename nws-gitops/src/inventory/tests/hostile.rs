//! Files that are made to be slow or large: each is read at once, or refused with a reason, and the rest of the repository goes
//! on.
//!
//! Time and memory are linear in a file's size. Were they not, these would take hours, or more memory than there is.

use super::*;

/// Large enough that what is not linear would not end within anybody's patience.
const SIZE: usize = 100_000;

const INGRESS: &str =
    "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x, namespace: x}\n";
const ROUTE: &str =
    "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: x, namespace: x}\n";
const SECRET: &str = "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: x, namespace: x, labels: {nws-certd/managed: \"true\"}}\n";

/// A case, its file, what is in it, and what is said of it; nothing where it is read, or says nothing itself.
type Case = (&'static str, &'static str, Vec<u8>, &'static str);

fn filled(before: &str, one: &str, size: usize) -> Vec<u8> {
    (before.to_owned() + &one.repeat(size / one.len())).into_bytes()
}

fn numbered(before: &str, size: usize, one: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = before.to_owned();
    for n in 0.. {
        if text.len() >= size {
            break;
        }
        text += &one(n);
    }
    text.into_bytes()
}

fn bomb(link: &str) -> Vec<u8> {
    numbered(&format!("{INGRESS}a0: &a0 {{k: v}}\n"), 2_000, |n| {
        link.replace('N', &(n + 1).to_string()).replace('M', &n.to_string())
    })
}

fn rule(rule: &str) -> Vec<u8> {
    format!("{ROUTE}spec:\n  routes: [{{match: '{rule}'}}]\n  tls: {{secretName: x}}\n")
        .into_bytes()
}

fn secret(data: &str) -> Vec<u8> {
    format!("{SECRET}stringData:\n  tls.crt: \"{data}\"\n").into_bytes()
}

fn yaml(size: usize) -> Vec<Case> {
    const SYNTAX: &str = ", document 1: cannot be read (";
    const NOT_UTF_8: &str = ": is not UTF-8";
    let bytes = |text: String| text.into_bytes();
    let aliased = format!("{INGRESS}a: &a [{}]\nb: *a\n---\n", "x,".repeat(10_000));
    vec![
        (
            "an alias bomb",
            "x.yaml",
            bomb("aN: &aN [*aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM]\n"),
            SYNTAX,
        ),
        (
            "a merge-key bomb",
            "x.yaml",
            bomb("aN: &aN {<<: [*aM, *aM, *aM, *aM, *aM], kN: {<<: *aM}}\n"),
            SYNTAX,
        ),
        (
            "small alias bombs",
            "x.yaml",
            [&bomb("aN: &aN [*aM, *aM]\n")[..], b"---\n"].concat().repeat(10),
            SYNTAX,
        ),
        (
            "aliases of what is large",
            "x.yaml",
            aliased.repeat(size / aliased.len() + 1).into_bytes(),
            "",
        ),
        ("many anchors", "x.yaml", numbered(INGRESS, size, |n| format!("k{n}: &a{n} v\n")), ""),
        ("a long anchor", "x.yaml", bytes(format!("{INGRESS}k: &{} v\n", "a".repeat(size))), ""),
        ("many aliases", "x.yaml", filled(&format!("{INGRESS}a: &a b\nc: ["), "*a,", size), SYNTAX),
        ("deep lists", "x.yaml", filled(&format!("{INGRESS}k: "), "[", size), SYNTAX),
        ("deep mappings", "x.yaml", filled(&format!("{INGRESS}k: "), "{a: ", size), SYNTAX),
        (
            "deep indentation",
            "x.yaml",
            numbered(INGRESS, size, |n| format!("{}k:\n", " ".repeat(n))),
            SYNTAX,
        ),
        ("deep dashes", "x.yaml", filled(&format!("{INGRESS}k:\n "), "- ", size), SYNTAX),
        ("many keys", "x.yaml", numbered(INGRESS, size, |n| format!("k{n}: v\n")), ""),
        (
            "one key twice",
            "x.yaml",
            numbered(INGRESS, size, |n| format!("k{}: v\n", n / 2)),
            SYNTAX,
        ),
        (
            "many explicit keys",
            "x.yaml",
            numbered(INGRESS, size, |n| format!("? [k{n}]\n: v\n")),
            SYNTAX,
        ),
        ("many documents", "x.yaml", filled("", "---\na: Ingress\n", size), ""),
        ("many empty documents", "x.yaml", filled(INGRESS, "---\n", size), ""),
        ("many broken documents", "x.yaml", filled("", "---\nkind: Ingress\n: :\n", size), SYNTAX),
        ("many kinds", "x.yaml", filled("", "kind: ", size), ""),
        ("one scalar", "x.yaml", bytes(format!("{INGRESS}k: {}\n", "v".repeat(size))), ""),
        (
            "one quoted scalar",
            "x.yaml",
            bytes(format!("{INGRESS}k: \"{}\"\n", "\\x41".repeat(size / 4))),
            "",
        ),
        ("one folded scalar", "x.yaml", filled(&format!("{INGRESS}k: >\n"), "  v\n", size), ""),
        ("a scalar over many lines", "x.yaml", filled(&format!("{INGRESS}k: "), "v\n ", size), ""),
        ("an open quote", "x.yaml", filled(&format!("{INGRESS}k: '"), "v\n ", size), SYNTAX),
        ("many comments", "x.yaml", filled(INGRESS, "# c\n", size), ""),
        ("many tags", "x.yaml", filled(&format!("{INGRESS}k: ["), "!t v,", size), SYNTAX),
        (
            "many directives",
            "x.yaml",
            [filled("", "%TAG !a! b\n", size), bytes(format!("---\n{INGRESS}"))].concat(),
            "",
        ),
        ("white space", "x.yaml", filled("kind", " ", size), ""),
        ("not UTF-8", "x.yaml", [INGRESS.as_bytes(), b"k: \xff\n"].concat(), NOT_UTF_8),
        (
            "UTF-16",
            "x.yaml",
            format!("\u{feff}{INGRESS}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
            NOT_UTF_8,
        ),
        ("NUL", "x.yaml", bytes(format!("{INGRESS}k: \0\n")), SYNTAX),
        ("only carriage returns", "x.yaml", bytes(INGRESS.replace('\n', "\r")), ""),
        (
            "documents between carriage returns",
            "x.yaml",
            bytes(format!("{INGRESS}---\n{INGRESS}").replace('\n', "\r")),
            SYNTAX,
        ),
        (
            "a million keys",
            "x.yaml",
            numbered(INGRESS, 6_000_000, |n| format!("{n:x}: 1\n")),
            SYNTAX,
        ),
        (
            "byte order marks",
            "x.yaml",
            filled(&format!("\u{feff}{INGRESS}k: "), "\u{feff}", size),
            SYNTAX,
        ),
        ("deep JSON", "x.json", filled("{\"kind\": \"Ingress\", \"k\": ", "[", size), SYNTAX),
        (
            "many keys in JSON",
            "x.json",
            bytes(format!(
                "{{\"kind\": \"Ingress\"{}}}",
                (0..size / 12).map(|n| format!(",\"k{n}\":1")).collect::<String>()
            )),
            "",
        ),
    ]
}

fn objects(size: usize) -> Vec<Case> {
    let bytes = |text: String| text.into_bytes();
    const CARRIES: &str = ": carries nws-certd's label but no certificate that can be read";
    const FOREIGN: &str = "kind: Secret\nmetadata: {name: x, namespace: x}\n---\n";
    let host = "Host(`a.example`)";
    vec![
        ("alternatives", "x.yaml", rule(&vec![host; size / 21].join(" || ")), ""),
        (
            "parentheses",
            "x.yaml",
            rule(&"(".repeat(size)),
            ", document 1, spec.routes[0].match: is no rule at character 66",
        ),
        (
            "patterns",
            "x.yaml",
            rule(&vec!["HostRegexp(`a`)"; size / 20].join(" || ")),
            ", document 1: has more faults",
        ),
        (
            "many rules",
            "x.yaml",
            bytes(format!(
                "{ROUTE}spec:\n  routes: [{}]\n  tls: {{secretName: x}}\n",
                "{match: Host(`a.example`)},".repeat(size / 27)
            )),
            "",
        ),
        (
            "many blocks",
            "x.yaml",
            bytes(format!(
                "{INGRESS}spec:\n  rules: [{}]\n  tls: [{}]\n",
                (0..1000).map(|n| format!("{{host: h{n}.example}},")).collect::<String>(),
                "{},".repeat(size / 3)
            )),
            ", document 1: has more faults",
        ),
        (
            "many small blocks",
            "x.json",
            bytes(format!(
                "{{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\",\"metadata\":{{\"name\":\"x\",\"namespace\":\"x\"}},\"spec\":{{\"rules\":[{}{{}}],\"tls\":[{}{{}}]}}}}",
                (0..1000).map(|n| format!("{{\"host\": \"h{n}.example\"}},")).collect::<String>(),
                "{},".repeat(size / 3)
            )),
            ", document 1: has more faults",
        ),
        (
            "many hosts",
            "x.yaml",
            bytes(format!(
                "{INGRESS}spec:\n  tls: [{{secretName: x, hosts: [{}]}}]\n",
                (0..size / 14).map(|n| format!("h{n}.example,")).collect::<String>()
            )),
            "",
        ),
        (
            "many Ingresses",
            "x.yaml",
            filled(
                "",
                &format!("{INGRESS}spec: {{tls: [{{secretName: x, hosts: [a.example]}}]}}\n---\n"),
                size,
            ),
            "",
        ),
        ("many Secrets", "x.yaml", filled("", FOREIGN, size * 4), ""),
        ("many of our Secrets", "x.yaml", filled("", &format!("{SECRET}---\n"), size), CARRIES),
        (
            "Secrets of ours behind others",
            "x.yaml",
            [filled("", FOREIGN, size), filled("", &format!("{SECRET}---\n"), size)].concat(),
            CARRIES,
        ),
        (
            "base64",
            "x.yaml",
            bytes(format!("{SECRET}data:\n  tls.crt: {}\n", "QUFB".repeat(size / 4))),
            CARRIES,
        ),
        (
            "many PEM beginnings",
            "x.yaml",
            secret(&"-----BEGIN CERTIFICATE-----\\n".repeat(size / 29)),
            CARRIES,
        ),
        (
            "many PEM blocks",
            "x.yaml",
            secret(
                &"-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n"
                    .repeat(size / 62),
            ),
            CARRIES,
        ),
        (
            "many certificates",
            "x.yaml",
            secret(&certificate().repeat(size / 600).replace('\n', "\\n")),
            CARRIES,
        ),
        (
            "lists in lists",
            "x.yaml",
            filled("kind: List\nitems: ", "[{kind: List, items: ", size),
            "",
        ),
        ("a hostile fleet.yaml", "fleet.yaml", filled("namespace: ", "[", size), ""),
        (
            "a fleet.yaml of aliases",
            "fleet.yaml",
            bomb("aN: &aN [*aM, *aM, *aM, *aM, *aM, *aM, *aM, *aM]\n"),
            "",
        ),
        (
            "a hostile kustomization",
            "kustomization.yaml",
            filled("resources: ", "[", size),
            ": cannot be read",
        ),
        (
            "many resources",
            "kustomization.yaml",
            filled("namePrefix: x\nresources:\n- x.yaml\n", "- a\n", size),
            "",
        ),
        (
            "itself as resource",
            "kustomization.yaml",
            filled("namePrefix: x\nresources:\n- .\n", "- .\n", size),
            "",
        ),
        ("a SopsSecret of many", "x.yaml", sops_secret("x", size), ""),
        (
            "a SopsSecret of many with a long namespace",
            "x.yaml",
            sops_secret(&"x".repeat(size), size),
            "",
        ),
        ("many patches", "kustomization.yaml", filled("patches:\n", "- {}\n", size), ""),
        ("long words", "kustomization.yaml", filled(": [", "a/", size), ": cannot be read"),
        ("a long path", "kustomization.yaml", filled("resources:\n- a", "/a", size), ""),
        ("a .fleetignore", ".fleetignore", filled("", "*\n", size), ""),
    ]
}

/// What stands in it once must not be there for each Secret that becomes of it.
fn sops_secret(namespace: &str, size: usize) -> Vec<u8> {
    let head = format!(
        "kind: SopsSecret\nmetadata:\n  name: x\n  namespace: {namespace}\n  annotations:\n    nws-certd/template: x\n"
    );
    let annotated = numbered(&head, head.len() + size, |n| format!("    k{n}: v\n"));
    let annotated = String::from_utf8(annotated).unwrap() + "spec:\n  secretTemplates:\n";
    numbered(&annotated, annotated.len() + size, |n| format!("  - name: s{n}\n"))
}

fn certificate() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::new(["a.example".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap()
        .pem()
}

#[test]
fn what_is_hostile_is_read_or_refused_and_the_rest_goes_on() {
    let neighbour = ingress("shop", "shop-tls", "shop.example");
    for (case, file, bytes, said) in yaml(SIZE).into_iter().chain(objects(SIZE)) {
        let path = format!("hostile/{file}");
        let files = [("good/ingress.yaml", neighbour.as_bytes()), (&path, &bytes[..])];
        let inventory = inventory_of_bytes(files.into_iter(), &Discover::default());
        let first = faults(&inventory).first().cloned().unwrap_or_default();
        let is_told = first.starts_with(&path) && first.contains(said);
        assert!(if said.is_empty() { first.is_empty() } else { is_told }, "{case}: {first}");
        let wanted = wanted(&inventory);
        assert!(wanted.contains(&"shop/shop-tls: shop.example".to_owned()), "{case}: {wanted:?}");
    }
}
