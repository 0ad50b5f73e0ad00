//! Whether a SOPS file is as we write it, as far as that can be told without its data key.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::block::{Block, LastModified};
use super::ciphertext::Ciphertext;
use super::document::{Data, Facts};
use super::node::{Node, Scalar};
use super::{AgeRecipients, SopsKind};
use crate::Delivered;
use crate::reader::read_document;

/// Whether a file is one of ours, to the byte, but for what only the holders of its recipients' identities can tell: what its
/// values say, and whether the MAC is right. The version of SOPS may be another.
pub(crate) fn is_as_written(text: &[u8], held: &Delivered) -> bool {
    let Ok(text) = str::from_utf8(text) else { return false };
    let anew = read_document(text).and_then(|document| anew(&document, held));
    anew.is_some_and(|anew| anew == text)
}

/// The file as we would write it around what is encrypted in it.
fn anew(document: &Value, held: &Delivered) -> Option<String> {
    let kind = match document["kind"].as_str()? {
        "Secret" => SopsKind::Secret,
        "SopsSecret" => SopsKind::SopsSecret,
        _ => return None,
    };
    Some(format!("{}{}", clear_part(document, held, kind)?, block(&document["sops"], kind)?))
}

fn clear_part(document: &Value, held: &Delivered, kind: SopsKind) -> Option<Node<Scalar>> {
    let (key, chain) = (held.key(), held.chain.as_ref()?);
    let facts = Facts {
        key: &key,
        chain,
        names: chain.leaf().names()?,
        provenance: &held.provenance,
        template: &held.form.template,
    };
    let any = || Zeroizing::new("any".to_owned());
    let plain = facts.document(kind, Data { certificates: any(), key: any() });
    let scalar = |path: &[&str], text: &Zeroizing<String>| {
        if !kind.encrypts(path) || text.is_empty() {
            return Ok(Scalar::Clear(text.to_string()));
        }
        encrypted_at(document, path).map(Scalar::Encrypted).ok_or(())
    };
    plain.try_map(scalar).ok()
}

/// What stands at a place. The one list on the way, that of the templates, has one item.
fn encrypted_at(document: &Value, path: &[&str]) -> Option<Ciphertext> {
    let mut value = document;
    for name in path {
        value = value.get(name)?;
        value = value.get(0).unwrap_or(value);
    }
    value.as_str()?.parse().ok()
}

fn block(sops: &Value, kind: SopsKind) -> Option<Block> {
    let age = sops["age"].as_array()?.iter().map(|entry| {
        let (recipient, file) = (entry["recipient"].as_str()?, entry["enc"].as_str()?);
        is_age_file(file).then(|| (recipient.to_owned(), file.to_owned()))
    });
    let age = age.collect::<Option<Vec<_>>>()?;
    let recipients = AgeRecipients::new(age.iter().map(|(recipient, _)| recipient)).ok()?;
    let is_sorted = recipients.iter().eq(age.iter().map(|(recipient, _)| recipient));
    let last_modified = OffsetDateTime::parse(sops["lastmodified"].as_str()?, &Rfc3339).ok()?;
    let mac = sops["mac"].as_str()?.parse().ok()?;
    let version = sops["version"].as_str()?;
    (is_sorted && is_version(version)).then(|| Block {
        age,
        last_modified: LastModified(last_modified),
        mac,
        kind,
        version: version.to_owned(),
    })
}

fn is_age_file(text: &str) -> bool {
    let body = text
        .strip_prefix("-----BEGIN AGE ENCRYPTED FILE-----\n")
        .and_then(|rest| rest.strip_suffix("\n-----END AGE ENCRYPTED FILE-----\n"));
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=\n".contains(&byte);
    body.is_some_and(|body| body.bytes().all(is_base64))
}

fn is_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.split('.').count() == 3 && text.split('.').all(is_number)
}
