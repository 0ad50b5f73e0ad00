//! What a CA's validator does with one address of a name, and what it accepts: HTTP-01 (RFC 8555 §8.3) as Boulder has it.
//!
//! No I/O: a [`Visit`] says what to ask next and takes what came back, as any HTTP client brings it. Boulder is what Let's Encrypt
//! runs, and the strictest of the validators whose rules are public; its sources are named as `va/http.go` and so on. One thing is
//! done otherwise: a validator picks one address, and each of its vantage points may pick another, so that here every address of a
//! name gets a visit and a verdict of its own. [`weigh`] says what each of them means for the name.

mod fault;
pub mod special;
mod visit;
mod weigh;

use std::net::SocketAddr;

pub use self::fault::{Failure, Fault};
pub use self::visit::{LONGEST_BODY, Visit};
pub use self::weigh::{Ipv6, Weight, weigh};

/// What is different where nobody has the standard ports and public addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rules {
    /// Stands for port 80.
    pub http_port: u16,
    /// Stands for port 443, in redirects.
    pub https_port: u16,
    /// Whether names may lead to private, loopback and other special addresses, and redirects to any host.
    pub private_addresses: bool,
}

/// How a request is made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// In clear.
    Http,
    /// Over TLS, with whatever certificate (va/http.go: `InsecureSkipVerify`).
    Https,
}

/// A request to make: GET, HTTP/1.1, on a connection of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ask {
    /// Where, whatever DNS says by now: this address was checked.
    pub address: SocketAddr,
    /// How.
    pub scheme: Scheme,
    /// The `Host` header: with the port where that is not the scheme's own.
    pub authority: String,
    /// The name for TLS.
    pub server_name: String,
    /// The request target.
    pub path_and_query: String,
}

/// What is next.
#[derive(Debug)]
pub enum Next {
    /// A request; what comes back is for [`Visit::answered`].
    Ask(Ask, Visit),
    /// The addresses of a host; they are for [`Visit::found`].
    Find(String, Visit),
    /// The visit is over.
    Done(Result<(), Fault>),
}

/// What came back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// An HTTP response.
    Response {
        /// Its status.
        status: u16,
        /// Its `Location` header.
        location: Option<String>,
        /// Its body, of which no more than [`LONGEST_BODY`] bytes need to be read.
        body: Vec<u8>,
    },
    /// None.
    Failed(Failure),
}
