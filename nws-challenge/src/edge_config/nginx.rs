//! nginx that asks the replicas, or sends validators to a host that does.

use super::address::Backends;
use super::haproxy::odd_port;
use super::{CentralHost, EdgeConfig, Listen, OtherPaths};

pub(super) fn proxying(edge: &EdgeConfig, backends: &Backends) -> String {
    let (name, tries) = (edge.name.in_nginx(), backends.count());
    let server = |backend| format!("    server {backend} max_fails=2 fail_timeout=4s;\n");
    let servers: String = backends.iter().map(server).collect();
    let location = format!(
        r#"        proxy_pass http://nws_certd;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        # A replica that is away, or does not know the token yet, is no reason to fail: each is asked once.
        proxy_next_upstream error timeout http_404 http_503;
        proxy_next_upstream_tries {tries};
        # CAs give a validation ten seconds, all tries together; an answer takes milliseconds.
        proxy_next_upstream_timeout 8s;
        proxy_connect_timeout 500ms;
        proxy_send_timeout 1s;
        proxy_read_timeout 1s;
        proxy_cache off;
        # Which edge a validator came in by, whatever the answer is.
        add_header X-NWS-Edge {name} always;
"#
    );
    let server = server_block(edge, &location);
    format!(
        "# Challenges (HTTP-01) go to nws-certd, to whichever replica has the answer; inside http {{ }}, for nginx 1.18 or newer.
# Where servers listen on this port already, put the first location into each of them: it goes before any regular expression.
# Written by: nws-certd edge-config nginx; check the whole with: nginx -t
upstream nws_certd {{
{servers}    keepalive 4;
}}

{server}"
    )
}

pub(super) fn redirecting(edge: &EdgeConfig, to: &CentralHost) -> String {
    let (name, odd) = (edge.name.in_nginx(), odd_port(to));
    let location = format!(
        "        # Which edge a validator came in by.
        add_header X-NWS-Edge {name} always;
        return 302 {to}$request_uri;
"
    );
    let server = server_block(edge, &location);
    format!(
        "# Challenges (HTTP-01) are sent to the host that answers them for every edge; inside http {{ }}, for nginx 1.18 or newer.
# Where servers listen on this port already, put the first location into each of them: it goes before any regular expression.
# The central host must answer by itself: it is none of the edges that send validators there.
{odd}# Written by: nws-certd edge-config redirect --for nginx; check the whole with: nginx -t
{server}"
    )
}

fn server_block(edge: &EdgeConfig, location: &str) -> String {
    let listens: String = edge.listen.iter().map(listen).collect();
    let others = match edge.others {
        OtherPaths::Untouched => "    # What else comes in here: your locations.\n",
        OtherPaths::ToHttps => {
            "    location / {\n        return 301 https://$host$request_uri;\n    }\n"
        }
    };
    format!(
        "server {{
{listens}    location ^~ /.well-known/acme-challenge/ {{
{location}    }}
{others}}}
"
    )
}

fn listen(listen: &Listen) -> String {
    match listen.address {
        None => format!("    listen {};\n", listen.port),
        Some(_) => format!("    listen {listen};\n"),
    }
}
