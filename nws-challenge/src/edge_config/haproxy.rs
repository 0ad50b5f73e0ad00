//! HAProxy that asks the replicas, or sends validators to a host that does.

use super::address::Backends;
use super::{CentralHost, EdgeConfig, Listen, OtherPaths, Preamble};

/// Tries in a row for one request beyond the first.
///
/// HAProxy does not ask the same replica twice in a row, so two of them are walked in order. Of three or more it takes any other at each
/// try while requests come at once: with three replicas, one of which had the token, and sixteen requests at a time, 33 of 600 missed it
/// with two retries, 36 with four, 5 with six, and one with eight (HAProxy 2.6.12, one run each).
fn retries(backends: &Backends) -> usize {
    match backends.count() {
        0..=2 => 2,
        count => 4 * (count - 1),
    }
}

pub(super) fn proxying(edge: &EdgeConfig, backends: &Backends, preamble: Preamble) -> String {
    let (frontend, name) = (frontend(edge), edge.name.in_haproxy());
    let retries = retries(backends);
    let (servers, unchecked) =
        (servers(backends, ("", "")), servers(backends, ("-unchecked", " backup no-check")));
    let proxy = match preamble {
        Preamble::None => "",
        Preamble::Proxy => " send-proxy-v2 check-send-proxy",
    };
    let others = others(edge);
    format!(
        r#"# Challenges (HTTP-01) go to nws-certd, to whichever replica has the answer; for HAProxy 2.6 or newer.
# Where a frontend listens on this port already, put acl, http-request and use_backend into it, before its own use_backend.
# Written by: nws-certd edge-config haproxy; check the whole with: haproxy -c -f FILE
{frontend}{others}    use_backend nws_certd if acme

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
    retries {retries}
    option redispatch 1
    # Which edge a validator came in by, whatever the answer is.
    http-after-response set-header X-NWS-Edge "{name}"
    default-server check inter 2s fall 2 rise 1{proxy}
{servers}    # While checks have seen none up, as just after a start, each is tried all the same.
    option allbackups
{unchecked}"#
    )
}

pub(super) fn redirecting(edge: &EdgeConfig, to: &CentralHost) -> String {
    let (frontend, name) = (frontend(edge), edge.name.in_haproxy());
    let (others, odd) = (others(edge), odd_port(to));
    format!(
        r#"# Challenges (HTTP-01) are sent to the host that answers them for every edge; for HAProxy 2.6 or newer.
# Where a frontend listens on this port already, put acl and rules into it, before its own use_backend.
# The central host must answer by itself: it is none of the edges that send validators there.
{odd}# Written by: nws-certd edge-config redirect; check the whole with: haproxy -c -f FILE
{frontend}    # Which edge a validator came in by.
    http-request set-var(txn.nws_certd) bool(true) if acme
    http-after-response set-header X-NWS-Edge "{name}" if {{ var(txn.nws_certd) -m bool }}
    http-request redirect prefix {to} code 302 if acme
{others}"#
    )
}

/// Begins a frontend, up to the rule that tells challenges from all else.
pub(super) fn frontend(edge: &EdgeConfig) -> String {
    let binds: String = edge.listen.iter().map(bind).collect();
    format!(
        "frontend http
    mode http
    # Behind a balancer that speaks the PROXY protocol, add `accept-proxy`; without IPv6 in the kernel, drop [::].
{binds}    timeout client 10s
    timeout http-request 5s
    acl acme path_beg /.well-known/acme-challenge/
"
    )
}

/// What becomes of all else on the port.
pub(super) fn others(edge: &EdgeConfig) -> &'static str {
    match edge.others {
        OtherPaths::Untouched => {
            "    # What else comes in here: your rules and your default_backend.\n"
        }
        OtherPaths::ToHttps => "    http-request redirect scheme https code 301 unless acme\n",
    }
}

/// A redirect that the largest CA does not follow is told to whoever reads it.
pub(super) fn odd_port(to: &CentralHost) -> String {
    let odd = |port| format!("# Let's Encrypt follows to ports 80 and 443 alone, not to {port}.\n");
    to.odd_port().map_or_else(String::new, odd)
}

fn bind(listen: &Listen) -> String {
    // Else all of IPv6 may be all of IPv4 too, as the kernel is set, and taken when the next one is bound.
    let alone = listen.address.is_some_and(|it| it.is_ipv6() && it.is_unspecified());
    format!("    bind {listen}{}\n", if alone { " v6only" } else { "" })
}

fn servers(backends: &Backends, (kind, options): (&str, &str)) -> String {
    let server = |(at, backend)| format!("    server nws{at}{kind} {backend}{options}\n");
    (1..).zip(backends.iter()).map(server).collect()
}
