use std::error::Error as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

const TEXT: &str = "a secret of the git host";

#[test]
fn one_line_end_is_no_part_of_the_secret() {
    for (case, held) in [("none", ""), ("unix", "\n"), ("dos", "\r\n")] {
        let read = read(&format!("{TEXT}{held}"), 0o600).unwrap();
        assert!(read.is(TEXT.as_bytes()), "{case}");
    }
}

#[test]
fn what_is_no_secret_says_why() {
    let cases = [
        ("empty", "", UnfitSecret::TooShort { len: 0 }),
        ("only a line end", "\n", UnfitSecret::TooShort { len: 0 }),
        ("a byte short", "123456789012345\n", UnfitSecret::TooShort { len: 15 }),
        ("two lines", "a secret of the git host\nand more", UnfitSecret::Lines),
        ("two line ends", "a secret of the git host\n\n", UnfitSecret::Lines),
        ("a cut signing token", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", UnfitSecret::SigningToken),
    ];
    for (case, text, want) in cases {
        match read(text, 0o600) {
            Err(WebhookSecretError::Unfit { source, .. }) => assert_eq!(source, want, "{case}"),
            other => panic!("{case}: {other:?}"),
        }
    }
    assert!(read("1234567890123456", 0o600).is_ok(), "just long enough");
}

#[test]
fn a_file_that_is_open_to_others_is_refused() {
    for mode in [0o640, 0o604, 0o620, 0o777] {
        match read(TEXT, mode) {
            Err(WebhookSecretError::Exposed { mode: found, .. }) => assert_eq!(found, mode),
            other => panic!("{mode:04o}: {other:?}"),
        }
    }
    assert!(read(TEXT, 0o400).is_ok());
}

#[test]
fn errors_name_the_file_and_never_the_secret() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("absent");
    let said = WebhookSecret::read(&missing).unwrap_err();
    assert_eq!(
        said.to_string(),
        format!(
            "cannot read the webhook secret {}; it must exist and be readable by the user nws-certd runs as",
            missing.display()
        )
    );
    let said = read("whsec_short and wrong", 0o600).unwrap_err();
    let all = format!("{said} {said:?} {}", said.source().unwrap());
    assert!(!all.contains("short and wrong"), "{all}");
}

#[test]
fn debug_is_blank() {
    let secret = WebhookSecret::new(TEXT.as_bytes()).unwrap();
    assert_eq!(format!("{secret:?}"), "WebhookSecret { .. }");
}

#[test]
fn only_the_whole_secret_is_the_token() {
    let secret = WebhookSecret::new(TEXT.as_bytes()).unwrap();
    let wrong =
        ["", "a", &TEXT[1..], &TEXT[..TEXT.len() - 1], &format!("{TEXT} "), &TEXT.to_uppercase()];
    assert!(secret.is(TEXT.as_bytes()));
    for token in wrong {
        assert!(!secret.is(token.as_bytes()), "{token:?}");
    }
}

fn read(text: &str, mode: u32) -> Result<WebhookSecret, WebhookSecretError> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    WebhookSecret::read(&file)
}
