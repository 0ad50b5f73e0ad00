//! lego's folder, usually `.lego` where it is run.
//!
//! `certificates/NAME.crt` and `.key` are a certificate and its key, with what it is in `.json` and its issuer once more in
//! `.issuer.crt`; `accounts/HOST/ID/` has an account, with its key somewhere in it, as lego 4 and 5 differ in where.

use serde_json::Value;

use super::pem::{bytes, chain, key};
use super::{Client, Findings, Folder, Found, FoundAccount, Material, Server, Unfit};

/// What lego leaves behind.
pub(crate) const LEGO: Client = Client { folders: &["certificates", "accounts"], read };

fn read(folder: &Folder) -> Findings {
    let certificates = folder.below("certificates").filter_map(|path| path.strip_suffix(".crt"));
    let names = certificates.filter(|name| !name.contains('/') && !name.ends_with(".issuer"));
    Findings {
        certificates: names.map(|name| certificate(folder, name)).collect(),
        accounts: folder.below("accounts").filter_map(account).collect(),
    }
}

fn certificate(folder: &Folder, name: &str) -> Found {
    let source = format!("certificates/{name}");
    Found { material: material(folder, &source), source }
}

fn material(folder: &Folder, source: &str) -> Result<Material, Unfit> {
    let of = |ending| format!("{source}.{ending}");
    let (crt, key_file) = (of("crt"), of("key"));
    let mut text = bytes(folder, &crt)?.to_vec();
    if chain(&crt, &text)?.certificates().len() == 1 {
        // Without its bundle, which lego leaves out if it is told to.
        text.extend(folder.get(&of("issuer.crt")).unwrap_or_default());
    }
    Ok(Material {
        chain: chain(&crt, &text)?,
        key: key(&key_file, bytes(folder, &key_file)?)?,
        server: server(folder.text(&of("json"))),
        account: None,
    })
}

/// The CA that its own URL at that CA tells.
fn server(json: &str) -> Option<Server> {
    let resource: Value = serde_json::from_str(json).ok()?;
    Server::of_url(resource["certUrl"].as_str()?)
}

/// The account whose key has this path below `accounts`.
fn account(path: &str) -> Option<FoundAccount> {
    path.strip_suffix(".key")?;
    let mut parts = path.split('/');
    let (server, id) = (parts.next()?, parts.next()?);
    parts.next()?;
    Some(FoundAccount {
        server: Server::at_host(server),
        id: id.into(),
        key_file: format!("accounts/{path}"),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::import::tests::{chained, sec1};

    const KEY: &str =
        "accounts/acme-v02.api.letsencrypt.org/ops@nws.example/keys/ops@nws.example.key";

    /// As lego 4 writes it.
    const JSON: &[u8] = br#"{"domain": "shop.example", "certUrl": "https://acme-v02.api.letsencrypt.org/acme/cert/06a1", "certStableUrl": "https://acme-v02.api.letsencrypt.org/acme/cert/06a1"}"#;

    #[test]
    fn a_certificate_and_its_account_are_found() {
        let (chain, key) = chained("shop.example");
        let key = sec1(&key);
        let (leaf, issuer) = chain.split_at(chain.rfind("-----BEGIN").unwrap());
        for (crt, beside) in [(&*chain, "not looked at"), (leaf, issuer)] {
            let folder = Folder::from_iter([
                ("certificates/shop.example.crt", crt.as_bytes()),
                ("certificates/shop.example.issuer.crt", beside.as_bytes()),
                ("certificates/shop.example.key", key.as_bytes()),
                ("certificates/shop.example.json", JSON),
                ("certificates/none.example.json", JSON),
                (&KEY.replace("keys/ops@nws.example.key", "account.json"), b"{}"),
                (KEY, b""),
            ]);
            let findings = read(&folder);
            let [found] = &findings.certificates[..] else { panic!("{findings:?}") };
            assert_eq!(found.source, "certificates/shop.example");
            let material = found.material.as_ref().unwrap();
            assert_eq!(material.chain.certificates().len(), 2);
            let [account] = &findings.accounts[..] else { panic!("{findings:?}") };
            assert_eq!((&*account.key_file, &*account.id), (KEY, "ops@nws.example"));
            assert_eq!(material.server.as_ref(), Some(&account.server));
        }
    }

    proptest! {
        /// Whatever lies there, each certificate has its line, and nothing panics.
        #[test]
        fn any_bytes_are_read(crt: Vec<u8>, key: Vec<u8>, json in ".*", path in "[a-z/]{0,40}") {
            let folder = Folder::from_iter([
                ("certificates/a.crt", &*crt),
                ("certificates/a.key", &key),
                ("certificates/a.json", json.as_bytes()),
                (&format!("accounts/{path}.key"), &key),
            ]);
            prop_assert_eq!(read(&folder).certificates.len(), 1);
        }
    }
}
