//! Every private key that was in play, from where it belongs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::places::Places;
use super::{Needle, below, needles};
use crate::files;

/// What is to be looked for, of all keys.
pub(super) fn in_play(places: &Places) -> Result<Vec<Needle>> {
    let folder = places.at("");
    let mut found = Vec::new();
    for file in places.files().iter().filter(|file| places.is_home(file)) {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let whose = format!("what is secret in {}", below(file, &folder).display());
        for der in private_keys(&text) {
            found.extend(needles::of_key(&whose, &der));
        }
        if places.is_secret(file) && !text.starts_with("-----BEGIN") {
            found.extend(needles::of_text(&whose, text.trim()));
        }
    }
    found.extend(sealed(places)?);
    Ok(found)
}

/// The key file's identities, and the account keys that are sealed to them.
fn sealed(places: &Places) -> Result<Vec<Needle>> {
    let (mut found, key_file) = (Vec::new(), places.at("state/key.age"));
    if !key_file.is_file() {
        return Ok(found);
    }
    let text = files::read(&key_file)?;
    for identity in text.lines().filter(|line| line.starts_with("AGE-SECRET-KEY-1")) {
        found.extend(needles::of_text("the identity of the key file", identity));
        let identity: age::x25519::Identity = identity.parse().map_err(anyhow::Error::msg)?;
        let is_account_key = |file: &&Path| {
            file.parent() == key_file.parent()
                && file.extension().is_some_and(|extension| extension == "age")
                && *file != key_file
        };
        for file in places.files().iter().map(|file| &**file).filter(is_account_key) {
            let whose = format!("the account key {}", file.display());
            if let Ok(der) = age::decrypt(&identity, &fs::read(file)?) {
                found.extend(needles::of_key(&whose, &der));
            }
        }
    }
    Ok(found)
}

/// What is in the PEM blocks of private keys of a text, of whatever form.
fn private_keys(text: &str) -> Vec<Vec<u8>> {
    let blocks = text.split("-----BEGIN ").skip(1).filter_map(|rest| {
        let (label, body) = rest.split_once("-----")?;
        let body = body.split("-----END").next()?;
        label.ends_with("PRIVATE KEY").then(|| body.split_whitespace().collect::<String>())
    });
    blocks.filter_map(|body| BASE64_STANDARD.decode(body).ok()).collect()
}
