//! certbot's configuration folder, usually `/etc/letsencrypt`.
//!
//! `live/NAME/` has the newest certificate and key of each lineage, as links into `archive/`; `renewal/NAME.conf` says from
//! which CA and account; `accounts/HOST/PATH/ID/private_key.json` is an account's key as a JWK.

use std::collections::BTreeSet;

use super::pem::pair;
use super::{Client, Findings, Folder, Found, FoundAccount, Material, Server};

/// What certbot leaves behind.
pub(crate) const CERTBOT: Client = Client { folders: &["live", "renewal", "accounts"], read };

fn read(folder: &Folder) -> Findings {
    let lineages = lineages(folder).into_iter();
    Findings {
        certificates: lineages.map(|name| lineage(folder, name)).collect(),
        accounts: folder.below("accounts").filter_map(account).collect(),
    }
}

/// The names of all lineages, also of those that something is missing of.
fn lineages(folder: &Folder) -> BTreeSet<&str> {
    let live = folder.below("live").filter_map(|path| Some(path.split_once('/')?.0));
    let renewal = folder.below("renewal").filter_map(|path| path.strip_suffix(".conf"));
    live.chain(renewal).collect()
}

fn lineage(folder: &Folder, name: &str) -> Found {
    let source = format!("live/{name}");
    let of = |file| format!("{source}/{file}");
    let conf = folder.text(&format!("renewal/{name}.conf"));
    let pair = pair(folder, &of("fullchain.pem"), &of("privkey.pem"));
    let material = pair.map(|(chain, key)| Material {
        chain,
        key,
        server: setting(conf, "server").map(|url| Server::Directory(url.into())),
        account: setting(conf, "account").map(str::to_owned),
    });
    Found { source, material }
}

/// The value of a key in a file of ConfigObj's kind; the keys of interest stand in one section only.
fn setting<'a>(conf: &'a str, key: &str) -> Option<&'a str> {
    let value = |line: &'a str| {
        let (found, value) = line.split_once('=')?;
        (found.trim() == key).then(|| value.trim().trim_matches(['"', '\'']))
    };
    conf.lines().find_map(value).filter(|value| !value.is_empty())
}

/// The account whose key has this path below `accounts`. The way there is the directory's URL.
fn account(path: &str) -> Option<FoundAccount> {
    let (server, id) = path.strip_suffix("/private_key.json")?.rsplit_once('/')?;
    Some(FoundAccount {
        server: Server::Directory(format!("https://{server}")),
        id: id.into(),
        key_file: format!("accounts/{path}"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::failure::Causes;
    use crate::import::tests::{certificate, sec1};

    /// As certbot 5.8 writes it.
    const CONF: &str = "# renew_before_expiry = 30 days
version = 5.8.0
archive_dir = /etc/letsencrypt/archive/shop.example
cert = /etc/letsencrypt/live/shop.example/cert.pem
privkey = /etc/letsencrypt/live/shop.example/privkey.pem
chain = /etc/letsencrypt/live/shop.example/chain.pem
fullchain = /etc/letsencrypt/live/shop.example/fullchain.pem

# Options used in the renewal process
[renewalparams]
account = 9f0e7d1c5bb0a4f4c2d1e6f0a7b8c9d0
authenticator = standalone
server = https://acme-v02.api.letsencrypt.org/directory
key_type = ecdsa
";

    const ACCOUNT: &str = "accounts/acme-v02.api.letsencrypt.org/directory/9f0e7d1c5bb0a4f4c2d1e6f0a7b8c9d0/private_key.json";

    #[test]
    fn a_lineage_and_its_account_are_found() {
        let (chain, key) = certificate(&["shop.example", "www.shop.example"]);
        let folder = Folder::from_iter([
            ("live/README", &b"This directory contains your keys"[..]),
            ("live/shop.example/fullchain.pem", chain.as_bytes()),
            ("live/shop.example/privkey.pem", key.as_bytes()),
            ("renewal/shop.example.conf", CONF.as_bytes()),
            (ACCOUNT, b"{}"),
            (&ACCOUNT.replace("private_key", "regr"), b"{}"),
        ]);
        let findings = read(&folder);
        let [found] = &findings.certificates[..] else { panic!("{findings:?}") };
        let material = found.material.as_ref().unwrap();
        let names = material.chain.leaf().names().unwrap().to_string();
        assert_eq!(
            (&*found.source, &*names),
            ("live/shop.example", "shop.example, www.shop.example")
        );
        assert_eq!(material.chain.leaf().public_key(), material.key.public_key());
        let [account] = &findings.accounts[..] else { panic!("{findings:?}") };
        assert_eq!(account.key_file, ACCOUNT);
        assert_eq!(material.server.as_ref(), Some(&account.server));
        assert_eq!(material.account.as_ref(), Some(&account.id));
        assert!(account.server.is("https://acme-v02.api.letsencrypt.org/directory"));
    }

    #[test]
    fn what_is_missing_of_a_lineage_is_said_and_the_others_are_found() {
        let (chain, key) = certificate(&["shop.example"]);
        let sec1 = sec1(&key);
        let folder = Folder::from_iter([
            ("live/good/fullchain.pem", chain.as_bytes()),
            ("live/good/privkey.pem", sec1.as_bytes()),
            ("live/keyless/fullchain.pem", chain.as_bytes()),
            ("live/mixed/fullchain.pem", key.as_bytes()),
            ("live/mixed/privkey.pem", key.as_bytes()),
            ("live/text/fullchain.pem", chain.as_bytes()),
            ("live/text/privkey.pem", b"\xff\xfe"),
            ("renewal/gone.conf", CONF.as_bytes()),
        ]);
        let said = read(&folder).certificates.into_iter().map(|found| {
            let said =
                found.material.map_or_else(|unfit| Causes(&unfit).to_string(), |_| "fine".into());
            format!("{}: {said}", found.source)
        });
        assert_eq!(
            said.collect::<Vec<_>>(),
            [
                "live/gone: live/gone/fullchain.pem: there is no such file",
                "live/good: fine",
                "live/keyless: live/keyless/privkey.pem: there is no such file",
                "live/mixed: live/mixed/fullchain.pem holds no certificate chain: the chain has a PEM block \"PRIVATE KEY\"; only CERTIFICATE is accepted (RFC 8555 section 11.4)",
                "live/text: live/text/privkey.pem holds no key that can be used: there is no PEM block \"PRIVATE KEY\", \"EC PRIVATE KEY\" or \"RSA PRIVATE KEY\"",
            ]
        );
    }

    proptest! {
        /// Whatever lies there, each lineage has its line, and nothing panics.
        #[test]
        fn any_bytes_are_read(chain: Vec<u8>, key: Vec<u8>, conf in ".*", path in "[a-z:/]{0,40}") {
            let folder = Folder::from_iter([
                ("live/a/fullchain.pem", &*chain),
                ("live/a/privkey.pem", &key),
                ("renewal/b.conf", conf.as_bytes()),
                (&format!("accounts/{path}/private_key.json"), &key),
            ]);
            prop_assert_eq!(read(&folder).certificates.len(), 2);
        }
    }
}
