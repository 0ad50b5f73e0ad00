//! Whether a delivery comes from who knows the secret.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hyper::HeaderMap;

use super::secret::WebhookSecret;

/// Bare hexadecimal HMAC-SHA256 of the body.
const BARE: [&str; 3] = ["x-forgejo-signature", "x-gitea-signature", "x-gogs-signature"];
/// The same after `sha256=`. The SHA-1 in `x-hub-signature` proves nothing that this one does not.
const HUB: &str = "x-hub-signature-256";
/// The secret in clear.
const TOKEN: &str = "x-gitlab-token";
/// Standard Webhooks: `v1,` and base64 of the HMAC-SHA256 of `webhook-id`, `webhook-timestamp` and body; one of several is enough.
const STANDARD: &str = "webhook-signature";

/// One proof that a delivery offers; all are made with the same secret.
enum Claim<'h> {
    Tag(Option<[u8; 32]>),
    Token(&'h [u8]),
    Standard { id: &'h [u8], timestamp: &'h [u8], signatures: &'h [u8] },
}

/// Everything that a delivery offers as proof; never empty.
pub(super) struct Claims<'h>(Vec<Claim<'h>>);

impl<'h> Claims<'h> {
    /// `None` if there is none, or if one stands twice, as no git host writes it.
    pub(super) fn of(headers: &'h HeaderMap) -> Option<Self> {
        let mut claims = Vec::new();
        for header in BARE {
            claims.extend(only(headers, header)?.map(|text| Claim::Tag(tag(text))));
        }
        claims.extend(
            only(headers, HUB)?.map(|text| Claim::Tag(text.strip_prefix(b"sha256=").and_then(tag))),
        );
        claims.extend(only(headers, TOKEN)?.map(Claim::Token));
        if let Some(signatures) = only(headers, STANDARD)? {
            let (id, timestamp) =
                (only(headers, "webhook-id")??, only(headers, "webhook-timestamp")??);
            claims.push(Claim::Standard { id, timestamp, signatures });
        }
        (!claims.is_empty()).then_some(Self(claims))
    }

    /// Whether every one is right.
    pub(super) fn hold(&self, secret: &WebhookSecret, body: &[u8]) -> bool {
        let tag = secret.tag(body);
        self.0.iter().all(|claim| match claim {
            Claim::Tag(claimed) => claimed.is_some_and(|claimed| same(&claimed, tag.as_ref())),
            Claim::Token(token) => secret.is(token),
            Claim::Standard { id, timestamp, signatures } => secret
                .standard_tag(id, timestamp, body)
                .is_some_and(|tag| any_is(signatures, tag.as_ref())),
        })
    }
}

/// The value of a header; `None` if there are several.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Option<Option<&'h [u8]>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.as_bytes());
    values.next().is_none().then_some(first)
}

/// A secret that is being changed makes two signatures; those of other versions are skipped.
fn any_is(signatures: &[u8], tag: &[u8]) -> bool {
    signatures
        .split(|&byte| byte == b' ')
        .filter_map(|signature| BASE64_STANDARD.decode(signature.strip_prefix(b"v1,")?).ok())
        .any(|claimed| same(&claimed, tag))
}

/// The 32 bytes of a SHA-256 tag in hexadecimal; only in lower case, as git hosts write it, so that no two texts are one tag.
fn tag(text: &[u8]) -> Option<[u8; 32]> {
    if text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut tag = [0; 32];
    hex::decode_to_slice(text, &mut tag).ok()?;
    Some(tag)
}

fn same(claimed: &[u8], tag: &[u8]) -> bool {
    verify_slices_are_equal(claimed, tag).is_ok()
}

#[cfg(test)]
mod tests;
