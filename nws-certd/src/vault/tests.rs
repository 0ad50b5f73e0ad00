use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::captured_log::Log;
use crate::state_dir::write_private;

#[test]
fn what_is_sealed_opens_after_a_restart_and_only_with_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let sealed = Vault::open(&dir.path().join("a")).unwrap().seal(b"secret").unwrap();
    assert_eq!(
        *Vault::open(&dir.path().join("a")).unwrap().open_sealed(&sealed).unwrap(),
        b"secret"
    );
    let other = Vault::open(&dir.path().join("b")).unwrap();
    assert_eq!(other.open_sealed(&sealed), Err(SealError::Open));
}

#[test]
fn whoever_makes_the_file_is_told_once_what_losing_it_means() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    let said = [(); 2].map(|()| {
        let log = Log::open();
        Vault::open(&file).unwrap();
        log.close()
    });
    assert!(said[0].contains("WARN") && said[0].contains("state backup FILE"), "{said:?}");
    assert_eq!(said[1], "");
    assert!(!said[0].contains("AGE-SECRET-KEY"), "{said:?}");
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    Vault::open(&file).unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let said = Vault::open(&file).unwrap_err().to_string();
    assert_eq!(
        said,
        format!(
            "the key file {0} is readable by others (mode 0640); run: chmod 600 {0}",
            file.display()
        )
    );
}

#[test]
fn a_file_without_an_identity_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    write_private(&file, b"# nothing here\n").unwrap();
    assert!(matches!(Vault::open(&file), Err(VaultError::NoIdentity { .. })));
    assert!(matches!(Vault::begin_rotation(&file), Err(VaultError::NoIdentity { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), b"# nothing here\n");
}

#[test]
fn a_file_in_the_middle_of_its_rotation_opens_both_seals_to_the_newest_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    let old = Vault::open(&file).unwrap();
    let before = old.seal(b"before").unwrap();
    let begun = Vault::begin_rotation(&file).unwrap();
    let log = Log::open();
    let vault = Vault::open(&file).unwrap();
    let said = log.close();
    assert!(said.contains("WARN") && said.contains("state rotate-key"), "{said}");
    assert!(!said.contains("AGE-SECRET-KEY"), "{said}");
    let after = vault.seal(b"after").unwrap();
    assert_eq!(*vault.open_sealed(&before).unwrap(), b"before");
    assert_eq!(old.open_sealed(&after), Err(SealError::Open));
    assert_eq!(vault.reseal(&after), Ok(None), "it is already");

    begun.end_rotation(&file).unwrap();
    let vault = Vault::open(&file).unwrap();
    assert_eq!(*vault.open_sealed(&after).unwrap(), b"after");
    assert_eq!(vault.open_sealed(&before), Err(SealError::Open));
}

#[test]
fn a_line_that_is_no_identity_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    Vault::open(&file).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    for line in ["AGE-SECRET-KEY-1CUTOFF", "age1public"] {
        std::fs::write(&file, format!("{text}{line}\n")).unwrap();
        assert!(matches!(Vault::open(&file), Err(VaultError::NoIdentity { .. })), "{line}");
    }
}

#[test]
fn debug_shows_no_identity() {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::open(&dir.path().join("key")).unwrap();
    assert_eq!(format!("{vault:?}"), "Vault { .. }");
}
