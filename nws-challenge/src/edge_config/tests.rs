use std::fmt::Display;
use std::str::FromStr;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

const THUMBPRINT: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const NEXT: &str = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s";

fn of<T: FromStr<Err: Display>>(text: &str) -> T {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn backends(texts: &[&str]) -> Backends {
    Backends::new(texts.iter().map(|text| of(text)).collect()).unwrap()
}

fn check(others: OtherPaths, way: EdgeWay, expect: Expect) {
    let listen = vec![of(":80"), of("[::]:80")];
    expect.assert_eq(&EdgeConfig { name: EdgeName::default(), listen, others, way }.text());
}

#[test]
fn haproxy_asks_the_replicas() {
    let backends = backends(&["10.0.0.1:8089", "[2001:db8::1]:8089", "Certd.internal:8089"]);
    let way = EdgeWay::Haproxy { backends, preamble: Preamble::Proxy };
    check(
        OtherPaths::ToHttps,
        way,
        expect![[r##"
            # Challenges (HTTP-01) go to nws-certd, to whichever replica has the answer; for HAProxy 2.6 or newer.
            # Where a frontend listens on this port already, put acl, http-request and use_backend into it, before its own use_backend.
            # Written by: nws-certd edge-config haproxy; check the whole with: haproxy -c -f FILE
            frontend http
                mode http
                # Behind a balancer that speaks the PROXY protocol, add `accept-proxy`; without IPv6 in the kernel, drop [::].
                bind :80
                bind [::]:80 v6only
                timeout client 10s
                timeout http-request 5s
                acl acme path_beg /.well-known/acme-challenge/
                http-request redirect scheme https code 301 unless acme
                use_backend nws_certd if acme

            backend nws_certd
                mode http
                # CAs give a validation ten seconds, all tries together; an answer takes milliseconds.
                timeout connect 500ms
                timeout queue 1s
                timeout server 1s
                timeout check 1s
                option httpchk
                http-check send meth GET uri /healthz ver HTTP/1.1 hdr Host nws-certd
                http-check expect status 200
                # A replica that is away, or does not know the token yet, is no reason to fail: the next one is asked.
                retry-on conn-failure empty-response response-timeout 404 503
                retries 8
                option redispatch 1
                # Which edge a validator came in by, whatever the answer is.
                http-after-response set-header X-NWS-Edge "%[hostname]"
                default-server check inter 2s fall 2 rise 1 send-proxy-v2 check-send-proxy
                server nws1 10.0.0.1:8089
                server nws2 [2001:db8::1]:8089
                server nws3 certd.internal:8089
                # While checks have seen none up, as just after a start, each is tried all the same.
                option allbackups
                server nws1-unchecked 10.0.0.1:8089 backup no-check
                server nws2-unchecked [2001:db8::1]:8089 backup no-check
                server nws3-unchecked certd.internal:8089 backup no-check
        "##]],
    );
}

#[test]
fn haproxy_answers_by_itself() {
    let account = Account {
        ca: of("https://ca.example/directory"),
        uri: Some(of("https://ca.example/acct/1")),
        thumbprint: of(THUMBPRINT),
        next: Some(of(NEXT)),
    };
    let unknown = Account { uri: None, next: None, ..account.clone() };
    let way = EdgeWay::HaproxyStateless {
        thumbprints: Thumbprints::ByHost {
            map: of("/etc/haproxy/accounts.map"),
            otherwise: of(THUMBPRINT),
        },
        accounts: vec![account, unknown],
    };
    check(
        OtherPaths::Untouched,
        way,
        expect![[r##"
        # HAProxy answers every well-formed challenge (HTTP-01) of the account by itself, whether nws-certd is there or not; for HAProxy
        # 2.6 or newer. Where a frontend listens on this port already, put acl and rules into it, before its own use_backend.
        # Written by: nws-certd edge-config haproxy-stateless; check the whole with: haproxy -c -f FILE
        #
        # The risk: whoever has the account's key gets certificates for every name that leads here, without coming near nws-certd, and from
        # any CA. A CAA record that names the account ends that for all other CAs and accounts; a key that was stolen is ended with
        # `nws-certd account rollover`, after which this has to be written anew, as after every change of the key.
        #
        # CA https://ca.example/directory
        #   thumbprint 9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI
        #   shop.example. IN CAA 0 issue "CA-DOMAIN; accounturi=https://ca.example/acct/1; validationmethods=http-01"
        #   Its key is being changed, to one with thumbprint cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s, and one answer has one thumbprint: until that is done, challenges
        #   are answered with both keys by nws-certd alone (edge-config haproxy); write this anew after it.
        # CA https://ca.example/directory
        #   thumbprint 9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI
        #   shop.example. IN CAA 0 issue "CA-DOMAIN; accounturi=ACCOUNT (see `nws-certd account show` once there is one); validationmethods=http-01"
        # /etc/haproxy/accounts.map has a line for each host whose account is not the default: the host, a blank, the thumbprint.
        frontend http
            mode http
            # Behind a balancer that speaks the PROXY protocol, add `accept-proxy`; without IPv6 in the kernel, drop [::].
            bind :80
            bind [::]:80 v6only
            timeout client 10s
            timeout http-request 5s
            acl acme path_beg /.well-known/acme-challenge/
            acl acme_token path -m reg '^/\.well-known/acme-challenge/[A-Za-z0-9_-]{22,128}$'
            http-request return status 200 content-type text/plain lf-string "%[path,field(-1,/)].%[req.hdr(host),field(1,:),lower,map(/etc/haproxy/accounts.map,9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI)]" hdr X-NWS-Edge "%[hostname]" hdr Cache-Control no-store if METH_GET acme_token
            http-request return status 404 content-type text/plain string "not a challenge token\n" hdr X-NWS-Edge "%[hostname]" if acme
            # What else comes in here: your rules and your default_backend.
    "##]],
    );
}

#[test]
fn nginx_asks_the_replicas() {
    let way = EdgeWay::Nginx { backends: backends(&["10.0.0.1:8089", "10.0.0.2:8089"]) };
    check(
        OtherPaths::ToHttps,
        way,
        expect![[r##"
        # Challenges (HTTP-01) go to nws-certd, to whichever replica has the answer; inside http { }, for nginx 1.18 or newer.
        # Where servers listen on this port already, put the first location into each of them: it goes before any regular expression.
        # Written by: nws-certd edge-config nginx; check the whole with: nginx -t
        upstream nws_certd {
            server 10.0.0.1:8089 max_fails=2 fail_timeout=4s;
            server 10.0.0.2:8089 max_fails=2 fail_timeout=4s;
            keepalive 4;
        }

        server {
            listen 80;
            listen [::]:80;
            location ^~ /.well-known/acme-challenge/ {
                proxy_pass http://nws_certd;
                proxy_http_version 1.1;
                proxy_set_header Connection "";
                proxy_set_header Host $host;
                # A replica that is away, or does not know the token yet, is no reason to fail: each is asked once.
                proxy_next_upstream error timeout http_404 http_503;
                proxy_next_upstream_tries 2;
                # CAs give a validation ten seconds, all tries together; an answer takes milliseconds.
                proxy_next_upstream_timeout 8s;
                proxy_connect_timeout 500ms;
                proxy_send_timeout 1s;
                proxy_read_timeout 1s;
                proxy_cache off;
                # Which edge a validator came in by, whatever the answer is.
                add_header X-NWS-Edge $hostname always;
            }
            location / {
                return 301 https://$host$request_uri;
            }
        }
    "##]],
    );
}

#[test]
fn haproxy_sends_validators_to_the_central_host() {
    let to = of("http://acme.platform.example:8080/");
    let way = EdgeWay::Redirect { to, by: EdgeProgram::Haproxy };
    check(
        OtherPaths::ToHttps,
        way,
        expect![[r##"
        # Challenges (HTTP-01) are sent to the host that answers them for every edge; for HAProxy 2.6 or newer.
        # Where a frontend listens on this port already, put acl and rules into it, before its own use_backend.
        # The central host must answer by itself: it is none of the edges that send validators there.
        # Let's Encrypt follows to ports 80 and 443 alone, not to 8080.
        # Written by: nws-certd edge-config redirect; check the whole with: haproxy -c -f FILE
        frontend http
            mode http
            # Behind a balancer that speaks the PROXY protocol, add `accept-proxy`; without IPv6 in the kernel, drop [::].
            bind :80
            bind [::]:80 v6only
            timeout client 10s
            timeout http-request 5s
            acl acme path_beg /.well-known/acme-challenge/
            # Which edge a validator came in by.
            http-request set-var(txn.nws_certd) bool(true) if acme
            http-after-response set-header X-NWS-Edge "%[hostname]" if { var(txn.nws_certd) -m bool }
            http-request redirect prefix http://acme.platform.example:8080 code 302 if acme
            http-request redirect scheme https code 301 unless acme
    "##]],
    );
}

#[test]
fn nginx_sends_validators_to_the_central_host() {
    let to = of("https://acme.platform.example");
    let way = EdgeWay::Redirect { to, by: EdgeProgram::Nginx };
    check(
        OtherPaths::Untouched,
        way,
        expect![[r#"
        # Challenges (HTTP-01) are sent to the host that answers them for every edge; inside http { }, for nginx 1.18 or newer.
        # Where servers listen on this port already, put the first location into each of them: it goes before any regular expression.
        # The central host must answer by itself: it is none of the edges that send validators there.
        # Written by: nws-certd edge-config redirect --for nginx; check the whole with: nginx -t
        server {
            listen 80;
            listen [::]:80;
            location ^~ /.well-known/acme-challenge/ {
                # Which edge a validator came in by.
                add_header X-NWS-Edge $hostname always;
                return 302 https://acme.platform.example$request_uri;
            }
            # What else comes in here: your locations.
        }
    "#]],
    );
}

#[test]
fn more_replicas_are_tried_more_often() {
    let cases = [(1, "retries 2\n"), (2, "retries 2\n"), (3, "retries 8\n"), (5, "retries 16\n")];
    for (count, want) in cases {
        let all = (1..=count).map(|at| of(&format!("10.0.0.{at}:80"))).collect();
        let way =
            EdgeWay::Haproxy { backends: Backends::new(all).unwrap(), preamble: Preamble::None };
        let (name, listen) = (EdgeName::default(), vec![of(":80")]);
        let text = EdgeConfig { name, listen, others: OtherPaths::ToHttps, way }.text();
        assert!(text.contains(want), "{count}: {text}");
    }
}

#[test]
fn backends_are_some_and_each_once() {
    let of_all = |texts: &[&str]| Backends::new(texts.iter().map(|text| of(text)).collect());
    let twice = of_all(&["a.example:80", "b.example:80", "A.example:80"]).unwrap_err();
    assert_eq!(twice.to_string(), "backend a.example:80 is named twice");
    assert_eq!(of_all(&[]).unwrap_err(), InvalidBackends::Number { found: 0 });
    let many = (1..=17).map(|port| of(&format!("10.0.0.1:{port}"))).collect();
    assert_eq!(Backends::new(many).unwrap_err().to_string(), "17 backends, expected 1 to 16");
}

#[test]
fn addresses_are_written_one_way() {
    let cases = [
        ("10.0.0.1:8089", Ok("10.0.0.1:8089")),
        ("[2001:DB8:0::1]:1", Ok("[2001:db8::1]:1")),
        ("Nws.Example:65535", Ok("nws.example:65535")),
        ("10.0.0.1", Err(InvalidAddress::NoPort)),
        ("10.0.0.1:0", Err(InvalidAddress::Port)),
        ("10.0.0.1:+80", Err(InvalidAddress::Port)),
        ("10.0.0.1:65536", Err(InvalidAddress::Port)),
        ("10.0.0.1:", Err(InvalidAddress::Port)),
        ("10.0.0.256:80", Err(InvalidAddress::Host)),
        ("2001:db8::1:80", Err(InvalidAddress::Host)),
        ("[fe80::1%eth0]:80", Err(InvalidAddress::Host)),
        ("-a.example:80", Err(InvalidAddress::Host)),
        ("a..example:80", Err(InvalidAddress::Host)),
        (":80", Err(InvalidAddress::Host)),
        ("a b:80", Err(InvalidAddress::Host)),
        ("a\nuse_backend b:80", Err(InvalidAddress::Host)),
        ("0.0.0.0:80", Err(InvalidAddress::Everywhere)),
        ("[::]:80", Err(InvalidAddress::Everywhere)),
    ];
    for (text, want) in cases {
        let got = text.parse::<Backend>().map(|backend| backend.to_string());
        assert_eq!(got, want.map(str::to_owned), "{text:?}");
    }
    let cases = [
        (":80", Ok(":80")),
        ("*:80", Ok(":80")),
        ("0.0.0.0:80", Ok("0.0.0.0:80")),
        ("[::]:80", Ok("[::]:80")),
        ("edge.example:80", Err(InvalidAddress::Named)),
    ];
    for (text, want) in cases {
        let got = text.parse::<Listen>().map(|listen| listen.to_string());
        assert_eq!(got, want.map(str::to_owned), "{text:?}");
    }
}

#[test]
fn a_central_host_is_a_scheme_and_a_host() {
    let cases = [
        ("http://acme.platform.example", Some("http://acme.platform.example")),
        ("https://Acme.platform.example/", Some("https://acme.platform.example")),
        ("http://[2001:db8::1]", Some("http://[2001:db8::1]")),
        ("http://10.0.0.1:8080", Some("http://10.0.0.1:8080")),
        ("acme.platform.example", None),
        ("ftp://acme.platform.example", None),
        ("http://", None),
        ("http://a.example:0", None),
        ("http://a.example/path", None),
        ("http://a.example?b", None),
        ("http://user@a.example", None),
        ("http://a.example code 200", None),
        ("http://%[hostname].example", None),
        ("http://$host", None),
    ];
    for (text, want) in cases {
        let got = text.parse::<CentralHost>().map(|central| central.to_string());
        assert_eq!(got.ok().as_deref(), want, "{text:?}");
    }
}

proptest! {
    /// Whatever any of the parsers takes has no character that means something to HAProxy or nginx.
    #[test]
    fn nothing_breaks_out(text in r#"[a-c0-9:/.\[\]"'#%{};$\\ \n\r\t_-]{1,24}"#) {
        let tries = [
            text.parse::<Backend>().map(|it| it.to_string()).ok(),
            text.parse::<Listen>().map(|it| it.to_string()).ok(),
            format!("http://{text}").parse::<CentralHost>().map(|it| it.to_string()).ok(),
            format!("/{text}").parse::<MapFile>().map(|it| it.to_string()).ok(),
            text.parse::<EdgeName>().map(|it| it.in_haproxy().to_owned()).ok(),
        ];
        for taken in tries.into_iter().flatten() {
            prop_assert!(!taken.contains(|c: char| "\"'#%{};$\\".contains(c) || c.is_whitespace()), "{taken}");
        }
    }

    /// In a comment only a line break could, and a CAA record ends with its quote.
    #[test]
    fn uris_stay_in_their_comment(text in "\\PC{0,8}[\n\r\"; ]\\PC{0,8}") {
        prop_assert!(text.parse::<PlainUri>().is_err());
    }
}
