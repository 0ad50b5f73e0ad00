//! The HTTP proxy between us and the CAs, if there is one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::BoxError;

/// Where an HTTP proxy is, as `HTTPS_PROXY` names it: `http://[user:password@]host:port`.
///
/// What the scheme says is how the proxy itself is spoken to; TLS runs through it to the CA, so it sees no more than the CA's host
/// name. Credentials are percent-encoded, and shown nowhere.
#[derive(Clone)]
pub struct ProxyUrl(Intercept);

impl ProxyUrl {
    pub(crate) fn uri(&self) -> &Uri {
        self.0.uri()
    }

    pub(crate) fn authorization(&self) -> Option<&HeaderValue> {
        self.0.basic_auth()
    }
}

impl FromStr for ProxyUrl {
    type Err = InvalidProxyUrl;

    fn from_str(text: &str) -> Result<Self, InvalidProxyUrl> {
        let url: Uri = text.parse().map_err(|_| InvalidProxyUrl::Malformed)?;
        match url.scheme_str() {
            None | Some("http") => {}
            Some(scheme) => return Err(InvalidProxyUrl::Scheme { found: scheme.into() }),
        }
        if url.port_u16().is_none() {
            return Err(InvalidProxyUrl::NoPort);
        }
        if url.query().is_some() || !matches!(url.path(), "" | "/") {
            return Err(InvalidProxyUrl::Malformed);
        }
        let everything = Matcher::builder().https(text).build();
        let way = everything.intercept(&Uri::from_static("https://ca.example/"));
        way.filter(|way| way.uri().host().is_some_and(|host| !host.is_empty()))
            .map(Self)
            .ok_or(InvalidProxyUrl::Malformed)
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("http://")?;
        self.uri().authority().map_or(Ok(()), |authority| f.write_str(authority.as_str()))
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text names no proxy. It is not repeated, because a password may stand in it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidProxyUrl {
    /// No URL, or one with a path.
    #[error("no URL of a proxy; write http://proxy.example:3128")]
    Malformed,
    /// A proxy that is spoken to otherwise.
    #[error(
        "a proxy that is spoken to by {found} cannot be used; name one of http, as http://proxy.example:3128"
    )]
    Scheme {
        /// The scheme.
        found: String,
    },
    /// Clients differ in what they take for the default.
    #[error("the proxy has no port that can be used; write one, as in http://proxy.example:3128")]
    NoPort,
}

/// A proxy, and the hosts that are reached without it.
#[derive(Clone)]
pub struct Proxy {
    url: ProxyUrl,
    way: Arc<Matcher>,
}

impl Proxy {
    /// `direct` lists hosts as `NO_PROXY` does, with commas between: a domain, which stands for itself and all below it, with or
    /// without a leading dot; an address; a network as `10.0.0.0/8`; or `*` for everything.
    pub fn new(url: ProxyUrl, direct: &str) -> Self {
        let way = Arc::new(Matcher::builder().https(url.to_string()).no(direct).build());
        Self { url, way }
    }

    /// Where it is.
    pub fn url(&self) -> &ProxyUrl {
        &self.url
    }

    /// Whether a URL is asked through it.
    pub(crate) fn is_for(&self, url: &Uri) -> bool {
        self.way.intercept(url).is_some()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Proxy").field(&self.url).field(&self.way).finish()
    }
}

/// No connection came about, and a proxy is on the way.
#[derive(Debug, thiserror::Error)]
#[error("no way through the proxy {proxy}")]
pub(crate) struct NoWay {
    pub(crate) proxy: ProxyUrl,
    pub(crate) source: BoxError,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_http_with_a_port() {
        let scheme = |found: &str| Err(InvalidProxyUrl::Scheme { found: found.into() });
        let cases = [
            ("http://proxy.example:3128", Ok("http://proxy.example:3128")),
            ("http://proxy.example:3128/", Ok("http://proxy.example:3128")),
            ("proxy.example:3128", Ok("http://proxy.example:3128")),
            ("http://192.0.2.1:80", Ok("http://192.0.2.1:80")),
            ("http://[2001:db8::1]:3128", Ok("http://[2001:db8::1]:3128")),
            ("http://me:pass%40word@proxy.example:3128", Ok("http://proxy.example:3128")),
            ("me:secret@proxy.example:3128", Ok("http://proxy.example:3128")),
            ("http://proxy.example", Err(InvalidProxyUrl::NoPort)),
            ("http://proxy.example:99999", Err(InvalidProxyUrl::NoPort)),
            ("http://:3128", Err(InvalidProxyUrl::Malformed)),
            ("http://proxy.example:3128/way", Err(InvalidProxyUrl::Malformed)),
            ("http://proxy.example:3128?way", Err(InvalidProxyUrl::Malformed)),
            ("a proxy", Err(InvalidProxyUrl::Malformed)),
            ("", Err(InvalidProxyUrl::Malformed)),
            ("https://proxy.example:3128", scheme("https")),
            ("socks5://proxy.example:1080", scheme("socks5")),
        ];
        for (text, want) in cases {
            let got = text.parse::<ProxyUrl>().map(|url| url.to_string());
            assert_eq!(got, want.map(String::from), "{text}");
        }
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let url: ProxyUrl = "http://me:pass%40word@proxy.example:3128".parse().unwrap();
        assert_eq!(url.authorization().unwrap(), "Basic bWU6cGFzc0B3b3Jk"); // me:pass@word
        let proxy = Proxy::new(url.clone(), "ca.example");
        let shown = format!("{url} {url:?} {proxy:?}");
        assert!(!shown.contains("word") && !shown.contains("bWU6"), "{shown}");
        assert!("http://proxy.example:3128".parse::<ProxyUrl>().unwrap().authorization().is_none());
    }

    #[test]
    fn hosts_are_left_out_as_no_proxy_says() {
        let cases = [
            ("nothing", "", "ca.example", true),
            ("the host", "ca.example", "ca.example", false),
            ("the host in another case", "CA.example", "ca.EXAMPLE", false),
            ("another host", "ca.example", "other.example", true),
            ("one below it", "ca.example", "acme.ca.example", false),
            ("one that ends alike", "ca.example", "myca.example", true),
            ("a suffix", ".example", "ca.example", false),
            ("the suffix itself", ".ca.example", "ca.example", false),
            ("one of several", "a.example, ca.example", "ca.example", false),
            ("everything", "*", "ca.example", false),
            ("an address", "192.0.2.1", "192.0.2.1", false),
            ("another address", "192.0.2.1", "192.0.2.10", true),
            ("an IPv6 address", "2001:db8::1", "[2001:db8::1]", false),
            ("a network", "192.0.2.0/24", "192.0.2.10", false),
        ];
        for (case, direct, host, want) in cases {
            let proxy = Proxy::new("http://proxy.example:3128".parse().unwrap(), direct);
            let url = format!("https://{host}:14000/directory").parse().unwrap();
            assert_eq!(proxy.is_for(&url), want, "{case}");
        }
    }
}
