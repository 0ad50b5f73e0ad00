//! Private keys that stand in clear in a Secret.

use gix::bstr::ByteSlice;
use serde_json::Value;

use super::secret::datum;

/// The field that holds one, as in `data["tls.key"]`; the first by name. Nothing of the key is kept.
pub(super) fn field(object: &Value) -> Option<String> {
    ["data", "stringData"].into_iter().find_map(|of| {
        let mut names = object[of].as_object()?.keys();
        let holds = |name: &&String| datum(object, name).is_some_and(|bytes| is_in(&bytes));
        names.find(holds).map(|name| format!("{of}[{name:?}]"))
    })
}

/// Whether there is a private key in the PEM text (RFC 7468 §10, and the older forms of OpenSSL and OpenSSH) that no password
/// keeps.
fn is_in(bytes: &[u8]) -> bool {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let mut blocks = bytes.find_iter(BEGIN).map(|at| &bytes[at + BEGIN.len()..]);
    blocks.any(|block| {
        let Some((label, body)) = block.split_once_str("-----") else { return false };
        label.ends_with(b"PRIVATE KEY")
            && !label.starts_with(b"ENCRYPTED")
            && !body.trim_start().starts_with(b"Proc-Type: 4,ENCRYPTED")
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_a_key_in_clear() {
        let cases = [
            ("PKCS#8", "-----BEGIN PRIVATE KEY-----\nMII", true),
            ("SEC 1", "-----BEGIN EC PRIVATE KEY-----\nMII", true),
            ("PKCS#1", "-----BEGIN RSA PRIVATE KEY-----\nMII", true),
            ("OpenSSH", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3B", true),
            (
                "behind a certificate",
                "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMII",
                true,
            ),
            ("with a password", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII", false),
            (
                "with a password, the old way",
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
                false,
            ),
            ("a certificate", "-----BEGIN CERTIFICATE-----\nMII", false),
            ("a public key", "-----BEGIN PUBLIC KEY-----\nMII", false),
            ("a cut line", "-----BEGIN PRIVATE KEY", false),
            ("words", "the PRIVATE KEY----- is elsewhere", false),
            ("nothing", "", false),
        ];
        for (case, text, want) in cases {
            let encoded = json!({"data": {"ca.crt": "AA==", "tls.key": STANDARD.encode(text)}});
            let found = field(&encoded);
            assert_eq!(found.as_deref(), want.then_some("data[\"tls.key\"]"), "{case}");
            let written = json!({"stringData": {"k": text}});
            assert_eq!(field(&written).as_deref(), want.then_some("stringData[\"k\"]"), "{case}");
            assert_eq!(field(&json!({"data": {"tls.key": text}})), None, "{case}, not encoded");
        }
        assert_eq!(field(&json!({"spec": {"encryptedData": {"tls.key": "AgB"}}})), None);
    }
}
