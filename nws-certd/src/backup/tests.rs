use std::os::unix::fs::PermissionsExt as _;

use nws_acme::AccountKey;
use time::macros::datetime;

use super::*;
use crate::account::{AccountName, open_or_make};
use crate::state_dir::{StateDir, StateDirError};
use crate::store::{SqliteStore, Step, Store as _, newest_schema};
use crate::vault::Vault;

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const CA: &str = "https://ca.example/d";

/// A state directory in which a daemon has run, and room for what is made of it.
struct World {
    dir: tempfile::TempDir,
    places: Places,
    key: AccountKey,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let places = places(&dir.path().join("state"));
        fs::create_dir(places.state.dir()).unwrap();
        let vault = Vault::open(&places.key_file).unwrap();
        let key = key_of(&places, &vault);
        let world = Self { dir, places, key };
        world.remember("https://ca.example/a/1").await;
        world
    }

    /// Writes something into the database that it is known by.
    async fn remember(&self, url: &str) {
        let store = SqliteStore::open(&self.places.state.database()).await.unwrap();
        let (directory, url) = (CA.into(), Some(url.into()));
        let thumbprint = self.key.thumbprint().to_string();
        store.write(Step::Account { directory, url, thumbprint }).await.unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    async fn backed_up(&self) -> PathBuf {
        let file = self.file("backup.tar");
        backup(&self.places, &file, NOON).await.unwrap();
        file
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

fn key_of(places: &Places, vault: &Vault) -> AccountKey {
    open_or_make(&places.state.account_key(&AccountName::default()), vault).unwrap()
}

fn places(dir: &Path) -> Places {
    Places { state: StatePaths::of(dir), key_file: dir.join("key.age") }
}

/// What a daemon finds there: the account's URL and thumbprint.
async fn found(places: &Places) -> (String, String) {
    let vault = Vault::open(&places.key_file).unwrap();
    let key = key_of(places, &vault);
    let store = SqliteStore::open(&places.state.database()).await.unwrap();
    (store.load().await.unwrap().accounts[0].url.clone(), key.thumbprint().to_string())
}

#[tokio::test]
async fn what_was_backed_up_is_there_again_and_nobody_elses() {
    let world = World::new().await;
    let held = StateDir::hold(world.places.state.dir()).unwrap();
    let file = world.backed_up().await;
    drop(held);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(world.names(), ["backup.tar", "state"], "nothing is left beside it");
    world.remember("https://ca.example/a/2").await;

    let other = places(&world.file("other"));
    let contents = restore(&file, &other).unwrap();
    assert_eq!((contents.made_at, contents.schema), (NOON, newest_schema()));
    let want = ("https://ca.example/a/1".to_owned(), world.key.thumbprint().to_string());
    assert_eq!(found(&other).await, want, "as of the backup");
    for name in ["state.db", "account.age", "key.age"] {
        let mode = fs::metadata(other.state.dir().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_key_file_of_another_place_goes_back_to_its_own() {
    let world = World::new().await;
    let file = world.backed_up().await;
    let mut other = places(&world.file("other"));
    other.key_file = world.file("elsewhere.age");
    restore(&file, &other).unwrap();
    assert!(!other.state.dir().join("key.age").exists());
    assert_eq!(found(&other).await.1, world.key.thumbprint().to_string());

    let third = Places { key_file: other.key_file, ..places(&world.file("third")) };
    restore(&file, &third).unwrap();
    fs::write(&third.key_file, "another").unwrap();
    let said = restore(&file, &Places { state: StatePaths::of(&world.file("fourth")), ..third });
    assert!(matches!(said, Err(RestoreError::OtherKeyFile { .. })), "{said:?}");
}

#[tokio::test]
async fn a_backup_writes_over_nothing_and_needs_a_state() {
    let world = World::new().await;
    let file = world.backed_up().await;
    let said = backup(&world.places, &file, NOON).await.unwrap_err().to_string();
    assert_eq!(
        said,
        format!("{} exists, and no backup is written over; name another file", file.display())
    );
    let nowhere = places(&world.file("nowhere"));
    let said = backup(&nowhere, &world.file("b"), NOON).await.unwrap_err();
    assert!(matches!(said, BackupError::NoState { .. }), "{said}");
    let keyless = Places { key_file: world.file("absent.age"), ..world.places.clone() };
    let said = backup(&keyless, &world.file("b"), NOON).await.unwrap_err().to_string();
    let want = format!("cannot copy {} into the backup", world.file("absent.age").display());
    assert!(said.starts_with(&want), "{said}");
    assert_eq!(world.names(), ["backup.tar", "state"], "and nothing is left of it");
}

#[tokio::test]
async fn a_directory_that_is_used_or_not_empty_is_left_alone() {
    let world = World::new().await;
    let file = world.backed_up().await;
    let held = StateDir::hold(world.places.state.dir()).unwrap();
    let said = restore(&file, &world.places).unwrap_err();
    assert!(matches!(said, RestoreError::StateDir(StateDirError::Held { .. })), "{said}");
    drop(held);
    let said = restore(&file, &world.places).unwrap_err();
    assert!(matches!(said, RestoreError::StateDir(StateDirError::NotEmpty { .. })), "{said}");
    assert_eq!(found(&world.places).await.1, world.key.thumbprint().to_string());
}

#[tokio::test]
async fn a_restore_that_was_interrupted_is_done_again_or_said() {
    let world = World::new().await;
    let file = world.backed_up().await;
    let other = places(&world.file("other"));
    fs::create_dir_all(other.state.restoring()).unwrap();
    fs::write(other.state.restoring().join("state.db"), "half").unwrap();
    let said = StateDir::hold(other.state.dir()).unwrap_err();
    assert!(matches!(said, StateDirError::HalfRestored { .. }), "no daemon starts: {said}");
    restore(&file, &other).unwrap();
    StateDir::hold(other.state.dir()).unwrap();
}

#[tokio::test]
async fn what_is_no_whole_backup_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let whole = fs::read(world.backed_up().await).unwrap();
    let at = |text: &[u8]| whole.windows(text.len()).position(|window| window == text).unwrap();
    let changed = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    let newer = |member: &str, value: &str| {
        let text = format!("\"{member}\": {value}");
        let mut bytes = whole.clone();
        // In place of the space before it, so that nothing moves.
        bytes[at(text.as_bytes()) + text.len() - value.len() - 1] = b'9';
        bytes
    };
    let cases = [
        ("empty", Vec::new(), "is damaged"),
        ("something else", b"hello".repeat(1000), "is damaged"),
        ("cut off", whole[..whole.len() / 2].to_vec(), "is not as it was"),
        ("a list alone", whole[..at(b"account.age\0")].to_vec(), "is missing"),
        ("a key that was changed", changed(at(b"AGE-SECRET-KEY") + 20), "key.age is not as it was"),
        ("a name that was changed", changed(at(b"account.age\0") + 7), "is damaged"),
        ("a newer layout", newer("format", "1"), "was made by a newer nws-certd"),
        ("a newer state", newer("schema", &newest_schema().to_string()), "by a newer nws-certd"),
    ];
    for (case, bytes, want) in cases {
        let (file, other) = (world.file("bad.tar"), places(&world.file("other")));
        fs::write(&file, bytes).unwrap();
        let said = restore(&file, &other).unwrap_err().to_string();
        assert!(said.contains(want), "{case}: {said}");
        let left = fs::read_dir(other.state.dir()).unwrap().count();
        assert_eq!(left, 1, "{case}: only the lock is left");
    }
}
