//! What holds of whatever other clients have left behind: the body of a fuzz target, which the tests of this crate run too.

use nws_acme::ImportedKey;
use nws_expiry::Chain;

use crate::import::{CERTBOT, Findings, Folder, LEGO, hosts};

/// Reads any bytes as the files of certbot's and of lego's folder. NUL bytes part them: the chain, its key, what is noted
/// beside them, and the name of an account.
///
/// # Panics
///
/// If a certificate has no line, or another than the one in its file; or if a text is no chain a second time.
pub fn import(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (chain, key, note) = (part(), part(), part());
    let account = String::from_utf8_lossy(part()).into_owned();
    check(&(CERTBOT.read)(&certbot(chain, key, note, &account)));
    check(&(LEGO.read)(&lego(chain, key, note, &account)));
    if let Ok(text) = str::from_utf8(key) {
        // Either is fine; what matters is that one is said.
        drop(ImportedKey::from_file_text(text));
    }
}

fn certbot(chain: &[u8], key: &[u8], conf: &[u8], account: &str) -> Folder {
    Folder::from_iter([
        ("live/a/fullchain.pem", chain),
        ("live/a/privkey.pem", key),
        ("renewal/a.conf", conf),
        (&format!("accounts/{account}/private_key.json"), key),
    ])
}

fn lego(chain: &[u8], key: &[u8], json: &[u8], account: &str) -> Folder {
    Folder::from_iter([
        ("certificates/a.crt", chain),
        ("certificates/a.issuer.crt", chain),
        ("certificates/a.key", key),
        ("certificates/a.json", json),
        (&format!("accounts/{account}.key"), key),
    ])
}

fn check(findings: &Findings) {
    assert_eq!(findings.certificates.len(), 1, "{:?}", findings.certificates);
    assert!(findings.accounts.len() <= 1, "{:?}", findings.accounts);
    for found in &findings.certificates {
        if let Ok(material) = &found.material {
            let again = Chain::from_pem(material.chain.to_pem().as_bytes());
            assert_eq!(again.ok().as_ref(), Some(&material.chain));
            let leaf = material.chain.leaf();
            assert!(hosts(leaf).is_err() || leaf.names().is_some());
        }
    }
}

#[cfg(test)]
mod tests;
