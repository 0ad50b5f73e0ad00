//! HAProxy that answers from the thumbprint alone, whether nws-certd is there or not.

use std::fmt::{self, Write as _};
use std::str::FromStr;

use super::haproxy::{frontend, others};
use super::{EdgeConfig, InvalidName, PlainUri};
use crate::key_authorization::Thumbprint;

/// With which thumbprint a host's challenges are answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Thumbprints {
    /// Always this one.
    One(Thumbprint),
    /// That beside the host in a file on the edge, else this one.
    ByHost {
        /// The file.
        map: MapFile,
        /// For hosts that are not in it.
        otherwise: Thumbprint,
    },
}

/// A file on the edge: a line for each host, with the thumbprint of the account that orders for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MapFile(Box<str>);

impl FromStr for MapFile {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_of_a_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
        let fits = text.len() <= 255 && text.starts_with('/') && text.bytes().all(is_of_a_path);
        if fits { Ok(Self(text.into())) } else { Err(InvalidName::Map) }
    }
}

impl fmt::Display for MapFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account at a CA, as far as an edge or a CAA record has to know it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Account {
    /// The CA's directory.
    pub ca: PlainUri,
    /// Where the account is, once known.
    pub uri: Option<PlainUri>,
    /// The thumbprint of its key.
    pub thumbprint: Thumbprint,
    /// The thumbprint of the key that it is to get, while that is being changed.
    pub next: Option<Thumbprint>,
}

pub(super) fn stateless(
    edge: &EdgeConfig,
    thumbprints: &Thumbprints,
    accounts: &[Account],
) -> String {
    let (frontend, others, name) = (frontend(edge), others(edge), edge.name.in_haproxy());
    let accounts: String = accounts.iter().map(about).collect();
    let (body, map) = match thumbprints {
        Thumbprints::One(thumbprint) => (thumbprint.to_string(), String::new()),
        Thumbprints::ByHost { map, otherwise } => (
            format!("%[req.hdr(host),field(1,:),lower,map({map},{otherwise})]"),
            format!(
                "# {map} has a line for each host whose account is not the default: the host, a blank, the thumbprint.\n"
            ),
        ),
    };
    format!(
        r#"# HAProxy answers every well-formed challenge (HTTP-01) of the account by itself, whether nws-certd is there or not; for HAProxy
# 2.6 or newer. Where a frontend listens on this port already, put acl and rules into it, before its own use_backend.
# Written by: nws-certd edge-config haproxy-stateless; check the whole with: haproxy -c -f FILE
#
# The risk: whoever has the account's key gets certificates for every name that leads here, without coming near nws-certd, and from
# any CA. A CAA record that names the account ends that for all other CAs and accounts; a key that was stolen is ended with
# `nws-certd account rollover`, after which this has to be written anew, as after every change of the key.
#
{accounts}{map}{frontend}    acl acme_token path -m reg '^/\.well-known/acme-challenge/[A-Za-z0-9_-]{{22,128}}$'
    http-request return status 200 content-type text/plain lf-string "%[path,field(-1,/)].{body}" hdr X-NWS-Edge "{name}" hdr Cache-Control no-store if METH_GET acme_token
    http-request return status 404 content-type text/plain string "not a challenge token\n" hdr X-NWS-Edge "{name}" if acme
{others}"#
    )
}

/// What there is to know of an account, in comments.
fn about(account: &Account) -> String {
    let Account { ca, uri, thumbprint, next } = account;
    let mut text = format!("# CA {ca}\n#   thumbprint {thumbprint}\n");
    let uri = match uri {
        Some(uri) => uri.to_string(),
        None => "ACCOUNT (see `nws-certd account show` once there is one)".into(),
    };
    // Writing into a text cannot fail.
    let _ = writeln!(
        text,
        "#   shop.example. IN CAA 0 issue \"CA-DOMAIN; accounturi={uri}; validationmethods=http-01\""
    );
    if let Some(next) = next {
        let _ = writeln!(
            text,
            "#   Its key is being changed, to one with thumbprint {next}, and one answer has one thumbprint: until that is done, challenges\n#   are answered with both keys by nws-certd alone (edge-config haproxy); write this anew after it."
        );
    }
    text
}
