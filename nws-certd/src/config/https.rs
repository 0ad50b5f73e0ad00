//! How a repository is reached over https.

use std::path::PathBuf;

use nws_gitops::{HttpsOptions, HttpsProxy, UserName};

use super::read::Reader;

/// The `https` table of a repository; `None` where the URL is broken, `Some(None)` where it is none of https.
pub(super) fn https(
    from: &mut Reader,
    table: &str,
    is_https: Option<bool>,
) -> Option<Option<HttpsOptions>> {
    let key = |name: &str| format!("{table}.{name}");
    let token_file: Option<Option<PathBuf>> = from.optional(&key("token_file"));
    let user: Option<Option<UserName>> = from.optional_text(&key("user"));
    let ca_file: Option<Option<PathBuf>> = from.optional(&key("ca_file"));
    let proxy: Option<Option<HttpsProxy>> = from.optional_text(&key("proxy"));
    let (token_file, user, ca_file, proxy) = (token_file?, user?, ca_file?, proxy?);
    let is_said = token_file.is_some() || user.is_some() || ca_file.is_some() || proxy.is_some();
    match is_https? {
        true if user.is_some() && token_file.is_none() => {
            from.fault(
                &key("token_file"),
                "is missing; write the file of the token that goes with user",
            );
            None
        }
        true => {
            Some(Some(HttpsOptions { token_file, user: user.unwrap_or_default(), ca_file, proxy }))
        }
        false if is_said => {
            from.fault(table, "is for a git.url of https only; remove it, or change git.url");
            None
        }
        false => Some(None),
    }
}
