use std::net::IpAddr;

/// Why there was no HTTP response.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Failure {
    /// There is no way there from here.
    #[error("cannot be reached from here; check this host's network, IPv6 above all")]
    Unroutable,
    /// Nothing listens there.
    #[error("refuses the connection; check that the edge runs and listens there")]
    Refused,
    /// Nothing was heard from there.
    #[error(
        "does not take the connection in time; check that the edge runs, and the firewalls on the way"
    )]
    ConnectTimeout,
    /// It takes connections and says nothing.
    #[error(
        "takes the connection and does not answer within 10 s; check the edge and what is behind it"
    )]
    Silent,
    /// No TLS, after a redirect to https.
    #[error("does not speak TLS as a CA does ({why}); do not redirect the challenge path to https")]
    Tls {
        /// How the handshake ended.
        why: String,
    },
    /// HTTP/2 in clear.
    #[error("speaks HTTP/2 in clear on port 80; have the edge speak HTTP/1.1 there")]
    Http2,
    /// Something else.
    #[error("does not speak HTTP/1.1 ({why}); check what listens there")]
    NotHttp {
        /// What is wrong.
        why: String,
    },
    /// The connection ended in the middle.
    #[error("breaks the connection off ({why}); check the edge and what is behind it")]
    Cut {
        /// How.
        why: String,
    },
}

/// Why a CA would not validate the name by this address: what is wrong, and what helps.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Fault {
    /// CAs connect to no such address.
    #[error("is a {purpose} address, which no CA connects to; point the name, or the redirect, at the public address of an edge{}", because_of(hop.as_deref()))]
    Special {
        /// The address.
        address: IpAddr,
        /// What it is for.
        purpose: &'static str,
        /// The redirect that leads there.
        hop: Option<String>,
    },
    /// No response.
    #[error("{failure}{}", because_of(hop.as_deref()))]
    Failed {
        /// Why.
        failure: Failure,
        /// The redirect that led there.
        hop: Option<String>,
    },
    /// Another status than 200.
    #[error("answers {status} where only 200 will do; lead /.well-known/acme-challenge/ to nws-certd, before any other rule{}", because_of(hop.as_deref()))]
    Status {
        /// The status.
        status: u16,
        /// The redirect that led there.
        hop: Option<String>,
    },
    /// A redirect that is not followed.
    #[error(
        "redirects with {status}, and only 301, 302, 307 and 308 are followed; use one of them"
    )]
    Redirect {
        /// The status.
        status: u16,
    },
    /// A redirect to nowhere.
    #[error("redirects to {location:?}, which is no URL; correct the redirect")]
    Location {
        /// What is said of where.
        location: String,
    },
    /// A redirect to another scheme.
    #[error(
        "redirects to {location:?}, and only http and https are followed; correct the redirect"
    )]
    Scheme {
        /// Where.
        location: String,
    },
    /// A redirect to another port.
    #[error("redirects to port {port}, and only 80 and 443 are followed; redirect to one of them")]
    Port {
        /// The port.
        port: u16,
    },
    /// A redirect to a host that is none on the internet.
    #[error(
        "redirects to {host:?}, whose last label is no top-level domain; redirect to a public host name"
    )]
    Host {
        /// The host.
        host: String,
    },
    /// A redirect to a host that swallows the beginning of the path.
    #[error(
        "redirects to {host:?}, where a \"/\" is missing between host and path; end the redirect's target with one"
    )]
    MissingSlash {
        /// The host.
        host: String,
    },
    /// A redirect to a path that is too long.
    #[error("redirects to a path of {bytes} bytes, and at most 2000 are followed; shorten it")]
    Path {
        /// Its length.
        bytes: usize,
    },
    /// A redirect to where it came from.
    #[error("redirects in a circle; exempt /.well-known/acme-challenge/ from the redirect")]
    Circle,
    /// A redirect too many.
    #[error("redirects more than ten times; redirect to where the answer is")]
    TooManyRedirects,
    /// A redirect to a host without addresses.
    #[error("redirects to {host}, of which no address is known; check its DNS")]
    NoAddress {
        /// The host.
        host: String,
    },
    /// A body that is too long.
    #[error("answers with 128 bytes or more, where a key authorization has 87; lead /.well-known/acme-challenge/ to nws-certd, before any other rule{}", because_of(hop.as_deref()))]
    LongBody {
        /// The redirect that led there.
        hop: Option<String>,
    },
    /// The answer that another account would give.
    #[error("answers for another ACME account; give the edge, or the nws-certd behind it, the thumbprint of this one{}", because_of(hop.as_deref()))]
    OtherAccount {
        /// The redirect that led there.
        hop: Option<String>,
    },
    /// Another body.
    #[error("answers 200 with something else than the key authorization; lead /.well-known/acme-challenge/ to nws-certd, before any other rule{}", because_of(hop.as_deref()))]
    WrongBody {
        /// The redirect that led there.
        hop: Option<String>,
    },
}

impl Fault {
    /// Where it is written that a CA refuses then.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Special { .. } => {
                "Boulder va/dns.go (getAddrs), va/http.go (extractRequestTarget): no reserved address (RFC 6890)"
            }
            Self::Failed { failure, .. } => failure.rule(),
            Self::Status { .. } => "Boulder va/http.go: the status has to be 200",
            Self::Redirect { .. } => {
                "CA/Browser Forum Baseline Requirements 3.2.2.4.19: redirects by 301, 302, 307, 308"
            }
            Self::Location { .. } => "RFC 9110 section 10.2.2: Location is a URI reference",
            Self::Scheme { .. } => "Boulder va/http.go: redirects to http and https",
            Self::Port { .. } => "Boulder va/http.go: redirects to ports 80 and 443",
            Self::Host { .. } => "Boulder va/http.go: redirects to names with an IANA TLD",
            Self::MissingSlash { .. } => {
                "Boulder va/http.go: extractRequestTarget, \"missing '/' in redirect target\""
            }
            Self::Path { .. } => "Boulder va/http.go: maxPathSize",
            Self::Circle => "Boulder va/http.go: redirect loop",
            Self::TooManyRedirects => "Boulder va/http.go: maxRedirect",
            Self::NoAddress { .. } => "RFC 8555 section 8.3: the host is looked up in DNS",
            Self::LongBody { .. } => "Boulder va/http.go: maxResponseSize",
            Self::OtherAccount { .. } | Self::WrongBody { .. } => {
                "RFC 8555 section 8.3: the body is the key authorization"
            }
        }
    }

    /// Whether it may be so from here alone: hairpin NAT, split DNS, a firewall around this host.
    pub fn is_of_the_way(&self) -> bool {
        use Failure::{ConnectTimeout, Unroutable};
        matches!(self, Self::Failed { failure: ConnectTimeout | Unroutable, hop: None })
    }

    /// Whether the name has a special address, which Boulder leaves out beside others (va/dns.go: `getAddrs`).
    pub(super) fn is_special(&self) -> bool {
        matches!(self, Self::Special { hop: None, .. })
    }

    /// Whether there is no way to the first address from here.
    pub(super) fn is_unroutable(&self) -> bool {
        matches!(self, Self::Failed { failure: Failure::Unroutable, hop: None })
    }

    /// Whether no connection came about at the first address, so that Boulder tries IPv4 after IPv6 (va/http.go: `fallbackErr`).
    pub(super) fn is_of_dialling(&self) -> bool {
        use Failure::{ConnectTimeout, Refused, Unroutable};
        matches!(self, Self::Failed { failure: ConnectTimeout | Unroutable | Refused, hop: None })
    }
}

impl Failure {
    fn rule(&self) -> &'static str {
        match self {
            Self::Unroutable | Self::Refused | Self::ConnectTimeout => {
                "RFC 8555 section 8.3: the server is reached on port 80; Boulder va/va.go: singleDialTimeout, 10 s"
            }
            Self::Silent => "Boulder va/http.go: the whole validation has a deadline",
            Self::Tls { .. } => "Boulder va/http.go: TLS 1.2 or newer, with any certificate",
            Self::Http2 => "Boulder va/va.go: \"Server is speaking HTTP/2 over HTTP\"",
            Self::NotHttp { .. } | Self::Cut { .. } => "RFC 8555 section 8.3: an HTTP response",
        }
    }
}

fn because_of(hop: Option<&str>) -> String {
    hop.map_or_else(String::new, |hop| format!(" (after a redirect to {hop})"))
}
