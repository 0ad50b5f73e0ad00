//! Private keys that stand in clear in a Secret.

use serde_json::Value;

use super::secret::datum;
use crate::clear_key::keys;

/// The field that holds one, as in `data["tls.key"]`; the first by name. Nothing of the key is kept.
pub(super) fn field(object: &Value) -> Option<String> {
    ["data", "stringData"].into_iter().find_map(|of| {
        let mut names = object[of].as_object()?.keys();
        let holds =
            |name: &&String| datum(object, name).is_some_and(|bytes| keys(&bytes).next().is_some());
        names.find(holds).map(|name| format!("{of}[{name:?}]"))
    })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    #[test]
    fn it_is_found_where_kubernetes_decodes_it_and_nowhere_else() {
        let ed25519 =
            [&b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"[..], &[7; 32]];
        let pem = b"-----BEGIN PRIVATE KEY-----\nMII".to_vec();
        for key in [pem, ed25519.concat()] {
            let encoded = STANDARD.encode(&key);
            let found = field(&json!({"data": {"ca.crt": "AA==", "tls.key": encoded}}));
            assert_eq!(found.as_deref(), Some("data[\"tls.key\"]"));
            let text = String::from_utf8_lossy(&key).into_owned();
            assert_eq!(field(&json!({"data": {"tls.key": text}})), None, "not encoded");
            assert_eq!(field(&json!({"spec": {"encryptedData": {"tls.key": encoded}}})), None);
        }
        let written = json!({"stringData": {"k": "-----BEGIN PRIVATE KEY-----\nMII"}});
        assert_eq!(field(&written).as_deref(), Some("stringData[\"k\"]"));
    }
}
