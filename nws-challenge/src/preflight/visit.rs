use std::fmt;
use std::net::{IpAddr, SocketAddr};

use url::{Host, Url};

use super::{Answer, Ask, Failure, Fault, Next, Rules, Scheme, special};
use crate::key_authorization::KeyAuthorization;

/// A body of so many bytes is too long (va/http.go: `maxResponseSize`); a key authorization has 87 (RFC 8555 §8.1).
pub const LONGEST_BODY: usize = 128;
/// Redirects that are followed (va/http.go: `maxRedirect`, beside which its code lets an eleventh pass).
const MOST_REDIRECTS: usize = 10;
/// The longest path of one, in bytes once it is decoded (va/http.go: `maxPathSize`, of `URL.Path`).
const LONGEST_PATH: usize = 2000;
/// The most that is told of a `Location`.
const TOLD: usize = 100;

/// One address of a name, from the first request to the verdict.
pub struct Visit {
    rules: Rules,
    /// As it stands in the table of answers.
    expected: KeyAuthorization,
    /// The address of the name; that of a redirect's host is chosen anew.
    address: IpAddr,
    /// What was asked for, the last being asked for now.
    path: Vec<Url>,
}

impl Visit {
    /// Asks `address` of `name` for the token of `expected`.
    pub fn begin(rules: Rules, name: &str, address: IpAddr, expected: &KeyAuthorization) -> Next {
        let token = expected.token();
        let text = format!("http://{name}:{}/.well-known/acme-challenge/{token}", rules.http_port);
        match Url::parse(&text) {
            Ok(url) => Self { rules, expected: expected.clone(), address, path: vec![url] }.ask(),
            Err(_) => Next::Done(Err(Fault::Location { location: name.into() })),
        }
    }

    /// Takes in what came back.
    pub fn answered(mut self, answer: Answer) -> Next {
        match answer {
            Answer::Failed(failure) => Next::Done(Err(Fault::Failed { failure, hop: self.hop() })),
            Answer::Response { status: 301 | 302 | 307 | 308, location, .. } => {
                match self.follow(location) {
                    Ok(()) => self.find(),
                    Err(fault) => Next::Done(Err(fault)),
                }
            }
            Answer::Response { status, location: Some(_), .. } if (300..400).contains(&status) => {
                Next::Done(Err(Fault::Redirect { status }))
            }
            Answer::Response { status: 200, body, .. } => Next::Done(self.judge(&body)),
            Answer::Response { status, .. } => {
                Next::Done(Err(Fault::Status { status, hop: self.hop() }))
            }
        }
    }

    /// Takes in the addresses of a redirect's host, of which one is asked: IPv6 where there is any, and nothing else after it
    /// (va/http.go: no fallback after a redirect).
    pub fn found(mut self, addresses: &[IpAddr]) -> Next {
        let first = addresses.iter().find(|one| one.is_ipv6()).or_else(|| addresses.first());
        match first {
            Some(&address) => {
                self.address = address;
                self.ask()
            }
            None => Next::Done(Err(Fault::NoAddress { host: self.host() })),
        }
    }

    fn ask(self) -> Next {
        let hop = self.hop();
        match special::purpose(self.address) {
            Some(purpose) if !self.rules.private_addresses => {
                Next::Done(Err(Fault::Special { address: self.address, purpose, hop }))
            }
            Some(_) | None => match self.request() {
                Some(ask) => Next::Ask(ask, self),
                None => Next::Done(Err(Fault::NoAddress { host: self.host() })),
            },
        }
    }

    fn request(&self) -> Option<Ask> {
        let url = self.path.last()?;
        let scheme = if url.scheme() == "https" { Scheme::Https } else { Scheme::Http };
        let host = url.host_str()?;
        let path_and_query = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Some(Ask {
            address: SocketAddr::new(self.address, self.port(url)),
            scheme,
            authority: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
            server_name: host.trim_matches(['[', ']']).to_owned(),
            path_and_query,
        })
    }

    /// Without one of its own the scheme's, which the configured one stands for.
    fn port(&self, url: &Url) -> u16 {
        let of_scheme =
            if url.scheme() == "https" { self.rules.https_port } else { self.rules.http_port };
        url.port().unwrap_or(of_scheme)
    }

    /// The addresses of where it is redirected to now; a host that is an address has that one.
    fn find(self) -> Next {
        match self.path.last().and_then(Url::host) {
            Some(Host::Ipv4(address)) => self.found(&[address.into()]),
            Some(Host::Ipv6(address)) => self.found(&[address.into()]),
            Some(Host::Domain(_)) | None => Next::Find(self.host(), self),
        }
    }

    fn follow(&mut self, location: Option<String>) -> Result<(), Fault> {
        let location = location.unwrap_or_default();
        let told = self.told(&location);
        let from = self.path.last().filter(|_| !location.is_empty());
        let to = from.and_then(|from| from.join(&location).ok());
        let to = to.ok_or_else(|| Fault::Location { location: told.clone() })?;
        self.check(&to, told)?;
        if self.path.contains(&to) {
            return Err(Fault::Circle);
        }
        if self.path.len() > MOST_REDIRECTS {
            return Err(Fault::TooManyRedirects);
        }
        self.path.push(to);
        Ok(())
    }

    fn check(&self, to: &Url, location: String) -> Result<(), Fault> {
        if !["http", "https"].contains(&to.scheme()) {
            return Err(Fault::Scheme { location });
        }
        let port = self.port(to);
        if ![self.rules.http_port, self.rules.https_port].contains(&port) {
            return Err(Fault::Port { port });
        }
        if let Some(host) = to.host_str().filter(|host| host.ends_with(".well-known")) {
            return Err(Fault::MissingSlash { host: host.into() });
        }
        let bytes = decoded_len(to.path());
        if bytes > LONGEST_PATH {
            return Err(Fault::Path { bytes });
        }
        match to.host() {
            Some(Host::Domain(host)) if !self.rules.private_addresses && !is_public(host) => {
                Err(Fault::Host { host: host.into() })
            }
            Some(_) => Ok(()),
            None => Err(Fault::Location { location }),
        }
    }

    fn judge(&self, body: &[u8]) -> Result<(), Fault> {
        let hop = self.hop();
        if body.len() >= LONGEST_BODY {
            return Err(Fault::LongBody { hop });
        }
        // va/http.go: `unicode.IsSpace` on the right, which is Unicode's White_Space in Go as in Rust.
        let body = std::str::from_utf8(body).unwrap_or_default().trim_end();
        if body == self.expected.as_str() {
            return Ok(());
        }
        match body.parse::<KeyAuthorization>() {
            Ok(other) if other.token() == self.expected.token() => Err(Fault::OtherAccount { hop }),
            Ok(_) | Err(_) => Err(Fault::WrongBody { hop }),
        }
    }

    fn host(&self) -> String {
        self.path.last().and_then(Url::host_str).unwrap_or_default().to_owned()
    }

    /// Where a redirect led, without what is asked for there.
    fn hop(&self) -> Option<String> {
        let url = self.path.get(1..)?.last()?;
        let host = url.host_str()?;
        let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
        Some(format!("{}://{host}{port}", url.scheme()))
    }

    fn told(&self, location: &str) -> String {
        let told = location.replace(self.expected.token().as_str(), "TOKEN");
        told.chars().take(TOLD).collect()
    }
}

/// How many bytes a path has without its escapes, which are of three each.
fn decoded_len(path: &str) -> usize {
    path.len().saturating_sub(2 * path.matches('%').count())
}

/// Whether a host ends in a top-level domain of the internet.
fn is_public(host: &str) -> bool {
    let suffix = psl::suffix(host.trim_end_matches('.').as_bytes());
    suffix.is_some_and(|suffix| suffix.is_known())
}

/// Without what is asked for, which is for the CA to know.
impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit").field("address", &self.address).finish_non_exhaustive()
    }
}

impl From<Failure> for Answer {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

#[cfg(test)]
mod tests;
