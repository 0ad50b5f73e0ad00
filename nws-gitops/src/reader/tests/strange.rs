use super::*;

proptest::proptest! {
    /// Whatever people commit, reading it ends, and ends without a panic.
    #[test]
    fn no_text_is_too_strange(text in "(---\n|kind: Ingress\n|kind: Gateway\n|kind: IngressRoute\n|kind: List\nitems:|spec:|tls: |- |\\{\\{|[ \\[\\]{}:,&*!|>'\"%\n\ta-c]){0,60}") {
        parse(text.as_bytes(), Format::Yaml);
        parse(text.as_bytes(), Format::Json);
        parse(text.as_bytes(), Format::Fleet);
        parse(text.as_bytes(), Format::Kustomization);
    }
}

proptest::proptest! {
    /// What is passed over without a parse would have been nothing, however its kind is written.
    #[test]
    fn the_cheap_look_misses_nothing(
        key in "kind: |\"kind\": |'kind' : |\\? kind\n: |kind:\r\n  |kind: # of what\n  |kind:\t|kind: !!str |kind: &k |<<: &m \\{kind: ",
        kind in "Ingress|Gateway|XListenerSet|HTTPRoute|IngressRouteTCP|Secret|SealedSecret|\"Secret\"|'Ingress'|\"S\\\\x65cret\"|>-\n  Secret|\\*s",
        after in "\n|\\}\n|\n# end\n",
    ) {
        let text = format!("x: &s Secret\nmetadata: {{name: a}}\nspec: {{hostnames: [a.example]}}\n{key}{kind}{after}");
        if let (Ok(value), false) = (read_yaml(&text), documents::concerns_us(text.as_bytes())) {
            let mut parsed = Parsed::default();
            parsed.take(&value, "");
            proptest::prop_assert!(parsed.named.is_empty() && parsed.secrets.is_empty(), "{}: {:?}", text, parsed);
        }
    }
}

/// What is wrong everywhere is told as often as somebody may read it, and of as many hosts as there are.
#[test]
fn faults_are_few_however_much_is_wrong() {
    let hosts: Vec<_> = (0..2_000).map(|n| format!("h{n}.example")).collect();
    let object = |spec: Value| serde_json::json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"}, "spec": spec});
    let blocks: Vec<_> = (0..5_000).map(|_| serde_json::json!({})).collect();
    let whole: Vec<_> = [serde_json::json!({"hosts": hosts, "secretName": "a"})]
        .into_iter()
        .chain(blocks)
        .collect();
    let objects: Vec<_> = (0..1_500).map(|_| object(serde_json::json!({"tls": [{}]}))).collect();
    let broken = "kind: Ingress\n: :\n---\n".repeat(1_500);
    let routes = broken.replace("Ingress", "HTTPRoute");
    let cases = [
        (
            "one object",
            parse(object(serde_json::json!({"tls": whole})).to_string().as_bytes(), Format::Json),
            101,
        ),
        (
            "many objects",
            parse(
                serde_json::json!({"kind": "List", "items": objects}).to_string().as_bytes(),
                Format::Json,
            ),
            1001,
        ),
        ("many documents", yaml(&broken), 1001),
        ("many routes", yaml(&routes), 1001),
    ];
    for (case, parsed, count) in cases {
        let faults: Vec<_> = parsed.faults.iter().chain(&parsed.lost_routes).collect();
        assert_eq!(faults.len(), count, "{case}");
        assert_eq!(faults[count - 1].reason, FaultReason::More, "{case}");
        assert!(faults.iter().map(|fault| fault.hosts.len()).sum::<usize>() <= 1000, "{case}");
    }
}

/// Anything in any field that is looked at.
fn anything() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    const FIELDS: &str = "spec|tls|listeners|certificateRefs|hosts|hostname|hostnames|secretName|name|parentRefs|mode|protocol|routes|match|\
        domains|main|sans|metadata|namespace|annotations|allowedRoutes|namespaces|selector|matchLabels|items|kind";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "a.example|Host\\(`a`\\)|HTTPS|Ingress|IngressList|Gateway|HTTPRoute|\\PC{0,8}"
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((FIELDS, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest::proptest! {
    /// Nor is any shape, in any kind of object.
    #[test]
    fn no_shape_is_too_strange(kind in "Ingress|Gateway|ListenerSet|XListenerSet|HTTPRoute|IngressRoute|IngressRouteTCP|List", spec in anything()) {
        for group in ["networking.k8s.io/v1", "gateway.networking.k8s.io/v1", "traefik.io/v1alpha1"] {
            let metadata = serde_json::json!({"name": "a", "namespace": "b"});
            let object = serde_json::json!({
                "apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec, "items": [spec],
            });
            parse(object.to_string().as_bytes(), Format::Json);
        }
    }
}
