use proptest::prelude::*;

use super::*;

const TOKEN: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
const THUMBPRINT: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const OTHER: &str = "AAAA46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqT";
const EDGE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(5, 9, 1, 1));
const CENTRAL: IpAddr = IpAddr::V6(std::net::Ipv6Addr::new(0x2a01, 0x4f8, 0, 0, 0, 0, 0, 1));
const INTERNET: Rules = Rules { http_port: 80, https_port: 443, private_addresses: false };
const HERE: Rules = Rules { http_port: 5002, https_port: 5001, private_addresses: true };

fn expected() -> KeyAuthorization {
    format!("{TOKEN}.{THUMBPRINT}").parse().unwrap()
}

fn says(status: u16, location: Option<&str>, body: &str) -> Answer {
    Answer::Response { status, location: location.map(Into::into), body: body.into() }
}

fn ok(body: &str) -> Answer {
    says(200, None, body)
}

fn redirect(location: &str) -> Answer {
    says(302, Some(location), "")
}

/// What is asked of shop.com, and the verdict, where these answers come one after the other.
fn visit(rules: Rules, answers: impl IntoIterator<Item = Answer>) -> (Vec<String>, String) {
    let (mut answers, mut asked) = (answers.into_iter(), Vec::new());
    let mut next = Visit::begin(rules, "shop.com", EDGE, &expected());
    loop {
        next = match next {
            Next::Find(host, visit) if host.starts_with("private") => {
                visit.found(&["10.0.0.1".parse().unwrap()])
            }
            Next::Find(host, visit) if host.starts_with("nowhere") => visit.found(&[]),
            Next::Find(_, visit) => visit.found(&[EDGE, CENTRAL]),
            Next::Ask(ask, visit) => {
                let Ask { address, authority, path_and_query, scheme, .. } = ask;
                asked.push(format!("{scheme:?} {address} {authority} {path_and_query}"));
                visit.answered(answers.next().unwrap_or_else(|| ok(expected().as_str())))
            }
            Next::Done(Ok(())) => return (asked, "ok".into()),
            Next::Done(Err(fault)) => return (asked, format!("{fault} [{}]", fault.rule())),
        };
    }
}

#[test]
fn it_begins_at_port_80_of_the_address_with_the_name_as_host() {
    let (asked, verdict) = visit(INTERNET, []);
    let path = format!("/.well-known/acme-challenge/{TOKEN}");
    assert_eq!(asked, [format!("Http 5.9.1.1:80 shop.com {path}")]);
    assert_eq!(verdict, "ok");
    let (asked, _) = visit(HERE, []);
    assert_eq!(asked, [format!("Http 5.9.1.1:5002 shop.com:5002 {path}")]);
}

/// Each with what is in the verdict, its source among that (facts of `va/http.go`, `va/dns.go` and `va/va.go` of Boulder, and of RFC 8555).
#[test]
fn the_rules_of_boulder() {
    let answer = format!("{TOKEN}.{THUMBPRINT}");
    let other = format!("{TOKEN}.{OTHER}");
    let long = format!("http://a.com/{}", "x".repeat(2000));
    let escaped = |times| redirect(&format!("http://a.com/{}", "%41".repeat(times)));
    let cases: &[(&str, Answer, &str, &str)] = &[
        ("exact", ok(&answer), "ok", ""),
        ("spaces after it", ok(&format!("{answer}\r\n \t")), "ok", ""),
        (
            "any white space after it",
            ok(&format!("{answer}\u{b}\u{c}\u{85}\u{a0}\u{2003}\u{3000}")),
            "ok",
            "",
        ),
        (
            "what is no white space",
            ok(&format!("{answer}\u{200b}")),
            "something else",
            "section 8.3",
        ),
        ("a space before it", ok(&format!(" {answer}")), "something else", "section 8.3"),
        ("a byte order mark", ok(&format!("\u{feff}{answer}")), "something else", "section 8.3"),
        ("a page", ok("<html>hello</html>"), "something else", "section 8.3"),
        ("nothing", ok(""), "something else", "section 8.3"),
        ("another account's", ok(&other), "another ACME account", "section 8.3"),
        ("127 bytes", ok(&format!("{answer:<127}")), "ok", ""),
        ("128 bytes", ok(&format!("{answer:<128}")), "128 bytes or more", "maxResponseSize"),
        ("not found", says(404, None, ""), "answers 404", "has to be 200"),
        ("no content", says(204, None, ""), "answers 204", "has to be 200"),
        ("accepted, with the body", says(202, None, &answer), "answers 202", "has to be 200"),
        ("unavailable", says(503, None, ""), "answers 503", "has to be 200"),
        ("303", says(303, Some("http://a.com/"), ""), "with 303", "3.2.2.4.19"),
        ("300", says(300, Some("http://a.com/"), ""), "with 300", "3.2.2.4.19"),
        ("no location", says(302, None, ""), "no URL", "10.2.2"),
        ("ftp", redirect("ftp://a.com/"), "only http and https", "http and https"),
        ("another port", redirect("http://a.com:8080/"), "port 8080", "ports 80 and 443"),
        ("a host inside", redirect("http://vault.internal/"), "top-level", "IANA TLD"),
        ("a single label", redirect("http://localhost/"), "top-level", "IANA TLD"),
        ("a loopback address", redirect("http://127.0.0.1/"), "a loopback address", "reserved"),
        ("the metadata service", redirect("http://169.254.169.254/"), "link-local", "reserved"),
        ("IPv4 in IPv6", redirect("http://[::ffff:10.0.0.1]/"), "a private", "reserved"),
        ("a number as address", redirect("http://2130706433/"), "a loopback", "reserved"),
        ("a name that leads inside", redirect("http://private.com/"), "a private", "reserved"),
        ("a name without address", redirect("http://nowhere.com/"), "no address", "section 8.3"),
        (
            "no slash before the path",
            redirect(&format!("http://Central.example.well-known/acme-challenge/{TOKEN}")),
            "\"central.example.well-known\", where a \"/\" is missing",
            "missing '/' in redirect target",
        ),
        (
            "no slash, to a name without dots",
            redirect(&format!("https://central.well-known/acme-challenge/{TOKEN}")),
            "\"central.well-known\", where a \"/\" is missing",
            "extractRequestTarget",
        ),
        ("a long path", redirect(&long), "of 2001 bytes", "maxPathSize"),
        ("a path that is long with its escapes", escaped(1999), "ok", ""),
        ("a path that is long without them", escaped(2000), "of 2001 bytes", "maxPathSize"),
        ("itself", redirect(""), "no URL", "10.2.2"),
        ("a circle", redirect(&format!("/.well-known/acme-challenge/{TOKEN}")), "circle", "loop"),
        ("HTTP/2", Failure::Http2.into(), "HTTP/2", "va/va.go: \"Server is speaking"),
        ("refused", Failure::Refused.into(), "refuses", "va/va.go: singleDialTimeout"),
        ("silent", Failure::Silent.into(), "within 10 s", "deadline"),
    ];
    for (case, answer, verdict, source) in cases {
        let (_, said) = visit(INTERNET, [answer.clone()]);
        assert!(said.contains(verdict) && said.contains(source), "{case}: {said}");
    }
}

#[test]
fn redirects_are_followed_by_four_statuses_to_two_ports() {
    let path = format!("/.well-known/acme-challenge/{TOKEN}");
    let cases = [
        (301, "https://a.com/x", format!("Https [{CENTRAL}]:443 a.com /x")),
        (302, "http://a.com:443/x", format!("Http [{CENTRAL}]:443 a.com:443 /x")),
        (307, "https://a.com:80/x", format!("Https [{CENTRAL}]:80 a.com:80 /x")),
        (308, "http://acme.a.com/x?y=1#z", format!("Http [{CENTRAL}]:80 acme.a.com /x?y=1")),
        (301, "/x", format!("Http [{CENTRAL}]:80 shop.com /x")),
        (302, "//a.com/x", format!("Http [{CENTRAL}]:80 a.com /x")),
        (302, "http://5.9.1.2/x", "Http 5.9.1.2:80 5.9.1.2 /x".into()),
        (302, "http://[2a01:4f8::2]/x", "Http [2a01:4f8::2]:80 [2a01:4f8::2] /x".into()),
    ];
    for (status, location, want) in cases {
        let (asked, verdict) = visit(INTERNET, [says(status, Some(location), "")]);
        assert_eq!(asked, [format!("Http 5.9.1.1:80 shop.com {path}"), want], "{location}");
        assert_eq!(verdict, "ok", "{location}");
    }
}

#[test]
fn the_configured_ports_stand_for_the_standard_ones() {
    for (location, want) in [
        ("http://central/x", "Http [2a01:4f8::1]:5002 central /x"),
        ("http://central:5002/x", "Http [2a01:4f8::1]:5002 central:5002 /x"),
        ("https://central/x", "Https [2a01:4f8::1]:5001 central /x"),
        ("http://127.0.0.9:5002/x", "Http 127.0.0.9:5002 127.0.0.9:5002 /x"),
    ] {
        let (asked, verdict) = visit(HERE, [redirect(location)]);
        assert_eq!((asked[1].as_str(), verdict.as_str()), (want, "ok"));
    }
    let (_, said) = visit(HERE, [redirect("http://central:80/x")]);
    assert_eq!(said, "ok", "80 is the standard one, whatever stands for it");
}

#[test]
fn ten_redirects_are_followed_and_no_more() {
    let hops = |count| (0..count).map(|hop| redirect(&format!("http://a.com/{hop}")));
    let (asked, verdict) = visit(INTERNET, hops(10));
    assert_eq!((asked.len(), verdict.as_str()), (11, "ok"));
    let (asked, verdict) = visit(INTERNET, hops(11));
    assert_eq!(asked.len(), 11);
    assert!(verdict.contains("more than ten") && verdict.contains("maxRedirect"), "{verdict}");
}

#[test]
fn what_is_wrong_after_a_redirect_says_where() {
    let (_, said) = visit(INTERNET, [redirect("https://a.com/x"), says(404, None, "")]);
    assert!(said.contains("(after a redirect to https://a.com)"), "{said}");
}

#[test]
fn special_addresses_of_the_name_are_not_asked() {
    for address in ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "64:ff9b::7f00:1"] {
        let next = Visit::begin(INTERNET, "shop.com", address.parse().unwrap(), &expected());
        assert!(matches!(next, Next::Done(Err(Fault::Special { hop: None, .. }))), "{address}");
        let next = Visit::begin(HERE, "shop.com", address.parse().unwrap(), &expected());
        assert!(matches!(next, Next::Ask(..)), "{address}");
    }
}

#[test]
fn nothing_of_the_answer_is_told() {
    let Next::Ask(_, visit) = Visit::begin(INTERNET, "shop.com", EDGE, &expected()) else {
        panic!("it is not asked");
    };
    assert!(!format!("{visit:?}").contains(&TOKEN[..8]));
    let (_, said) = visit_and_tell(&format!("gopher://a.com/{TOKEN}"));
    assert!(!said.contains(TOKEN) && said.contains("/TOKEN"), "{said}");
}

fn visit_and_tell(location: &str) -> (Vec<String>, String) {
    visit(INTERNET, [redirect(location)])
}

fn any_answer() -> impl Strategy<Value = Answer> {
    let location = prop_oneof![
        "(http|https)://[a-z.]{1,12}(:(80|443|8080))?/[a-z]{0,3}",
        "https?://(127|10|8|169\\.254)\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}/[a-z]?",
        "/[a-z]{0,3}",
        ".{0,20}",
    ];
    (any::<bool>(), 200_u16..400, location).prop_map(|(redirects, status, location)| {
        says(if redirects { 302 } else { status }, Some(&location), "x")
    })
}

proptest! {
    /// Nobody who answers for a tenant's name gets anything asked inside, on another port, or for ever.
    #[test]
    fn a_visit_is_bounded_and_stays_outside(answers in prop::collection::vec(any_answer(), 0..30), inside in any::<bool>()) {
        let mut answers = answers.into_iter();
        let mut next = Visit::begin(INTERNET, "shop.com", EDGE, &expected());
        let mut asked = 0;
        loop {
            next = match next {
                Next::Done(_) => break,
                Next::Find(_, visit) if inside => visit.found(&["192.168.1.1".parse().unwrap()]),
                Next::Find(_, visit) => visit.found(&[EDGE]),
                Next::Ask(ask, visit) => {
                    asked += 1;
                    prop_assert!(asked <= 11);
                    prop_assert_eq!(special::purpose(ask.address.ip()), None);
                    prop_assert!([80, 443].contains(&ask.address.port()));
                    visit.answered(answers.next().unwrap_or(Answer::Failed(Failure::Silent)))
                }
            };
        }
    }
}
