use super::*;
use crate::vault::SealError;

fn opened(dir: &tempfile::TempDir) -> AccountKeys {
    let vault = Vault::open(&dir.path().join("key.age")).unwrap();
    AccountKeys::open(&StatePaths::of(dir.path()), AccountName::default(), &vault).unwrap()
}

fn thumbprints(keys: &AccountKeys) -> (String, Option<String>) {
    let Keys { current, next } = keys.keys();
    (current.thumbprint().to_string(), next.map(|key| key.thumbprint().to_string()))
}

#[test]
fn the_key_is_the_same_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(thumbprints(&opened(&dir)), thumbprints(&opened(&dir)));
}

#[test]
fn it_is_not_replaced_when_the_key_file_is_another() {
    let dir = tempfile::tempdir().unwrap();
    opened(&dir);
    let other = Vault::open(&dir.path().join("b")).unwrap();
    let said = open_or_make(&dir.path().join("account.age"), &other);
    assert!(matches!(said, Err(AccountKeyError::Sealed { source: SealError::Open, .. })));
}

#[test]
fn a_change_is_known_after_a_restart_until_it_is_over() {
    let dir = tempfile::tempdir().unwrap();
    let keys = opened(&dir);
    let (old, none) = thumbprints(&keys);
    assert_eq!(none, None);
    keys.begin_change().unwrap();
    let begun = thumbprints(&keys);
    assert_eq!(begun.0, old);
    keys.begin_change().unwrap();
    assert_eq!((thumbprints(&keys), thumbprints(&opened(&dir))), (begun.clone(), begun.clone()));

    keys.finish_change().unwrap();
    let after = (begun.1.unwrap(), None);
    assert_eq!((thumbprints(&keys), thumbprints(&opened(&dir))), (after.clone(), after.clone()));
    keys.finish_change().unwrap();
    assert_eq!(thumbprints(&keys), after, "there is nothing to finish");
}
