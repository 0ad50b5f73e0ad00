//! What a fuzzer begins with: what people and programs write.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::Target;
use crate::{files, workspace};

/// The folder of a target's seeds. What holds keys is made anew in `made`, since no key belongs into a repository.
pub(super) fn of(target: Target, made: &Path) -> Result<PathBuf> {
    let tests = workspace::root().join("nws-gitops/tests");
    match target {
        Target::Manifests => Ok(tests.join("corpus")),
        Target::Rule => Ok(tests.join("rules")),
        Target::Import => folders_of_clients(made),
        Target::Challenge => requests(made),
    }
}

/// What validators, edges and proxies send.
fn requests(made: &Path) -> Result<PathBuf> {
    const PATH: &str = "/.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
    let get = format!("GET {PATH} HTTP/1.1\r\nHost: a.example\r\n\r\n");
    let seeds = [
        ("validator", get.clone()),
        ("pipelined", format!("HEAD /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n{get}")),
        ("body", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n".into()),
        ("proxy-v1", format!("PROXY TCP4 192.0.2.1 198.51.100.2 56324 80\r\n{get}")),
        ("proxy-v2", format!("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0cabcdefghijkl{get}")),
    ];
    for (name, seed) in seeds {
        files::write(&made.join(name), seed)?;
    }
    Ok(made.to_owned())
}

/// Chain, key, what is noted beside them and an account's name, parted as the body takes them.
fn folders_of_clients(made: &Path) -> Result<PathBuf> {
    const CERTBOT: [&str; 2] = [
        "[renewalparams]\naccount = 9f0e\nserver = https://ca.example/directory\n",
        "ca.example/directory/9f0e",
    ];
    const LEGO: [&str; 2] = [
        r#"{"domain": "a.example", "certUrl": "https://ca.example/cert/06a1"}"#,
        "ca.example/ops/keys/ops",
    ];
    for (client, [note, account]) in [("certbot", CERTBOT), ("lego", LEGO)] {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["a.example".to_owned(), "b.example".to_owned()])?;
        let parts = [&*cert.pem(), &*signing_key.serialize_pem(), note, account];
        files::write(&made.join(client), parts.join("\0"))?;
    }
    Ok(made.to_owned())
}
