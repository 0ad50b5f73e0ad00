//! The token, and how git comes by it.

use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::str::FromStr;

use super::HttpsError;
use crate::files;
use crate::git::shell_quoted;

/// Reads the token once, as git is about to.
pub(super) fn check_token(file: &Path) -> Result<(), HttpsError> {
    let bytes = files::read(files::open_secret(file)?, file, UnfitToken::MOST + 2)?;
    let token = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    fit(token).map_err(|why| HttpsError::Token { file: file.into(), why })
}

fn fit(token: &[u8]) -> Result<(), UnfitToken> {
    if token.is_empty() {
        Err(UnfitToken::Empty)
    } else if token.len() as u64 > UnfitToken::MOST {
        Err(UnfitToken::Long)
    } else if token.iter().all(u8::is_ascii_graphic) {
        Ok(())
    } else {
        Err(UnfitToken::Characters)
    }
}

/// A credential helper (gitcredentials(7)) that reads the file when git asks, and keeps nothing.
///
/// `read` and `printf` are the shell's own, so the token becomes nobody's argument. A last line without an end is read all the same.
pub(super) fn helper(file: &Path) -> Vec<u8> {
    let mut helper = br#"!f() { [ "$1" = get ] || return 0; IFS= read -r token <"#.to_vec();
    helper.extend(shell_quoted(file.as_os_str().as_bytes()));
    helper.extend(br#"; [ -n "$token" ] && printf 'password=%s\n' "$token"; }; f"#);
    helper
}

/// Why the content of a file is no token.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnfitToken {
    /// Nothing in it.
    #[error("it is empty; write the token alone into it")]
    Empty,
    /// More than a header can hold.
    #[error("it has more than {} bytes; write the token alone into it", Self::MOST)]
    Long,
    /// Something that stands in no token.
    #[error("it has white space, a second line or other characters; write the token alone into it")]
    Characters,
}

impl UnfitToken {
    /// The longest token, in bytes; those of git hosts have some hundred, a JWT may have thousands.
    pub const MOST: u64 = 8 << 10;
}

/// The user name of HTTP basic authentication (RFC 7617 section 2).
///
/// Git hosts take any beside a token, but where it belongs to a user; GitHub asks for the default.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UserName(Box<str>);

impl UserName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for UserName {
    fn default() -> Self {
        Self("x-access-token".into())
    }
}

impl FromStr for UserName {
    type Err = InvalidUserName;

    fn from_str(text: &str) -> Result<Self, InvalidUserName> {
        let can_stand = |c: char| c != ':' && !c.is_control() && !c.is_whitespace();
        if text.is_empty() || !text.chars().all(can_stand) {
            return Err(InvalidUserName);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no user name; it is not repeated, as a token may stand behind a colon.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "is no user name: it is empty, or has a colon or white space in it; the token goes into a file"
)]
pub struct InvalidUserName;
