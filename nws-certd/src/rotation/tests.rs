//! A state directory with something sealed in every place that there is, and the power cut at every write of a rotation.

use std::os::unix::fs::PermissionsExt as _;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use time::macros::datetime;

use super::*;
use crate::backup::{BackupError, backup, restore};
use crate::store::{SqliteStore, copy_database};

const FILES: [&str; 3] = ["account.age", "account.next.age", "account.2026-01-02-030405.age"];
const ROWS: &str =
    "SELECT sealed_key FROM certificate UNION ALL SELECT previous_key FROM certificate
    UNION ALL SELECT sealed_key FROM acme_order ORDER BY 1";
/// One certificate with the one before it, and an order for it.
const SECRETS: [&str; 3] = ["the newest", "the one before", "of the order"];

struct World {
    dir: tempfile::TempDir,
    places: Places,
    /// What was in rows of the database that were deleted.
    gone: Sealed,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        fs::create_dir(&state).unwrap();
        let places = Places { key_file: state.join("key.age"), state: StatePaths::of(&state) };
        let vault = Vault::open(&places.key_file).unwrap();
        let world = Self { dir, places, gone: vault.seal(b"gone").unwrap() };
        for name in FILES {
            fs::write(state.join(name), vault.seal(name.as_bytes()).unwrap().0).unwrap();
        }
        world.fill_database(SECRETS.map(|secret| vault.seal(secret.as_bytes()).unwrap())).await;
        world
    }

    /// A database that is as another daemon has left it, and a copy of it from before a migration.
    async fn fill_database(&self, [newest, before, order]: [Sealed; 3]) {
        let file = self.places.state.database();
        drop(SqliteStore::open(&file).await.unwrap());
        let mut database = self.database(&file).await;
        sqlx::query("INSERT INTO certificate (id, names, key_type, sealed_key, previous_key) VALUES (1, 'a', 'b', ?, ?)")
            .bind(newest.0)
            .bind(before.0)
            .execute(&mut database)
            .await
            .unwrap();
        // More than a page holds, so that pages become free.
        let gone = (0..40).map(|id| (id.to_string(), &self.gone));
        for (id, sealed) in gone.chain([("c".to_owned(), &order)]) {
            sqlx::query("INSERT INTO acme_order (id, certificate, epoch, sealed_key, started_at, state) VALUES (?, 1, 1, ?, '', 'ended')")
                .bind(id)
                .bind(sealed.0.clone())
                .execute(&mut database)
                .await
                .unwrap();
        }
        sqlx::query("DELETE FROM acme_order WHERE id <> 'c'").execute(&mut database).await.unwrap();
        copy_database(&file, &file.with_added_extension("before-7")).await.unwrap();
    }

    async fn database(&self, file: &Path) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(file);
        SqliteConnection::connect_with(&options).await.unwrap()
    }

    fn vault(&self) -> Vault {
        Vault::open(&self.places.key_file).unwrap()
    }

    /// Everything that is sealed, in an order that stays.
    async fn sealed(&self) -> Vec<Sealed> {
        let mut all = Vec::new();
        for file in self.places.state.account_keys(&self.places.key_file).unwrap() {
            all.push(fs::read(file).unwrap());
        }
        for file in self.places.state.databases().unwrap() {
            let rows: Vec<Vec<u8>> =
                sqlx::query_scalar(ROWS).fetch_all(&mut self.database(&file).await).await.unwrap();
            all.extend(rows);
        }
        all.into_iter().map(Sealed).collect()
    }

    /// How much of it opens.
    async fn opens(&self, vault: &Vault) -> usize {
        self.sealed().await.iter().filter(|sealed| vault.open_sealed(sealed).is_ok()).count()
    }

    /// Every file that there is, with its bytes.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let entries = fs::read_dir(self.places.state.dir()).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }
}

const ALL: usize = FILES.len() + 2 * SECRETS.len();

#[tokio::test]
async fn everything_opens_with_the_new_identity_and_nothing_with_the_old() {
    let world = World::new().await;
    let (old, mut before) = (world.vault(), world.sealed().await);
    assert_eq!((world.opens(&old).await, before.len()), (ALL, ALL));
    before.push(world.gone.clone());
    let (owner, other) = (world.dir.path().join("copy.age"), world.dir.path().join("other.age"));
    fs::copy(&world.places.key_file, &owner).unwrap();

    let rotated = rotate_key(&world.places).await.unwrap();
    let want = Rotated { keys: SECRETS.len(), account_keys: FILES.len(), ..Rotated::default() };
    assert_eq!(rotated, want);
    assert_eq!(world.opens(&world.vault()).await, ALL);
    assert_eq!(world.opens(&old).await, 0);
    for (file, bytes) in world.files() {
        let has = |sealed: &&Sealed| bytes.windows(sealed.0.len()).any(|part| part == sealed.0);
        assert!(!before.iter().any(|sealed| has(&sealed)), "{} has old bytes", file.display());
    }
    let mode = fs::metadata(&world.places.key_file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let text = fs::read_to_string(&world.places.key_file).unwrap();
    assert_eq!(text.matches("AGE-SECRET-KEY-1").count(), 1);
    assert_ne!(text, fs::read_to_string(&owner).unwrap());
    assert_eq!(Vault::open(&other).unwrap().open_sealed(&before[0]), Err(SealError::Open));
}

#[tokio::test]
async fn a_power_cut_before_or_after_any_write_loses_nothing() {
    for writes in 0.. {
        let world = World::new().await;
        let old = world.vault();
        let mut cut = Rotation::begin(&world.places).unwrap();
        let mut went_on = true;
        for _ in 0..writes {
            went_on = cut.seal_next().await.unwrap();
        }
        drop(cut);
        // A file that was being written when the power went.
        let half = world.places.key_file.with_added_extension("new");
        fs::write(&half, "AGE-SECRET-KEY-1").unwrap();
        assert_eq!(world.opens(&world.vault()).await, ALL, "after {writes} writes");
        // Somebody seals something meanwhile.
        let meanwhile = world.places.state.dir().join("later.age");
        fs::write(&meanwhile, world.vault().seal(b"later").unwrap().0).unwrap();

        let rotated = rotate_key(&world.places).await.unwrap();
        assert_eq!((rotated.keys, rotated.account_keys), (SECRETS.len(), FILES.len() + 1));
        assert_eq!(world.opens(&world.vault()).await, ALL + 1, "after {writes} writes");
        assert_eq!(world.opens(&old).await, 0, "after {writes} writes");
        assert!(!half.exists());
        if !went_on {
            assert!(writes > FILES.len() + 2, "there were only {writes} writes");
            break;
        }
    }
}

#[tokio::test]
async fn it_goes_on_with_the_identity_that_was_made_first() {
    let world = World::new().await;
    drop(Rotation::begin(&world.places).unwrap());
    let sealed = world.vault().seal(b"meanwhile").unwrap();
    rotate_key(&world.places).await.unwrap();
    assert!(world.vault().open_sealed(&sealed).is_ok());
    rotate_key(&world.places).await.unwrap();
    assert_eq!(world.vault().open_sealed(&sealed), Err(SealError::Open), "the next is another");
}

#[tokio::test]
async fn what_did_not_open_before_is_told_and_left() {
    let world = World::new().await;
    let stranger = Vault::open(&world.dir.path().join("stranger.age")).unwrap();
    let (file, sealed) =
        (world.places.state.dir().join("account.age"), stranger.seal(b"x").unwrap());
    fs::write(&file, &sealed.0).unwrap();
    let mut database = world.database(&world.places.state.database()).await;
    let set = sqlx::query("UPDATE certificate SET previous_key = ?").bind(sealed.0.clone());
    set.execute(&mut database).await.unwrap();

    let rotated = rotate_key(&world.places).await.unwrap();
    let want = Rotated { keys: 2, account_keys: 2, foreign: 1, foreign_files: vec![file.clone()] };
    assert_eq!(rotated, want);
    assert_eq!(fs::read(file).unwrap(), sealed.0);
}

#[tokio::test]
async fn a_backup_from_before_and_one_from_in_between_are_restored_with_the_keys_in_them() {
    let world = World::new().await;
    let at = datetime!(2026-03-01 12:00 UTC);
    let (first, second) = (world.dir.path().join("1.tar"), world.dir.path().join("2.tar"));
    backup(&world.places, &first, at).await.unwrap();
    let mut cut = Rotation::begin(&world.places).unwrap();
    for _ in 0..3 {
        assert!(cut.seal_next().await.unwrap());
    }
    drop(cut);
    backup(&world.places, &second, at).await.unwrap();
    rotate_key(&world.places).await.unwrap();
    for file in [first, second] {
        let state = file.with_extension("restored");
        let places = Places { key_file: state.join("key.age"), state: StatePaths::of(&state) };
        restore(&file, &places).unwrap();
        let (dir, gone) = (tempfile::tempdir().unwrap(), world.gone.clone());
        let restored = World { dir, places, gone };
        let all = FILES.len() + SECRETS.len();
        assert_eq!(restored.opens(&restored.vault()).await, all, "{}", file.display());
    }
}

#[tokio::test]
async fn nothing_is_begun_where_a_daemon_runs_or_has_never_run() {
    let world = World::new().await;
    let key_file = fs::read(&world.places.key_file).unwrap();
    let held = StateDir::hold(world.places.state.dir()).unwrap();
    let said = rotate_key(&world.places).await;
    assert!(matches!(said, Err(RotationError::StateDir(StateDirError::Held { .. }))));
    drop(held);
    assert_eq!(fs::read(&world.places.key_file).unwrap(), key_file);

    let elsewhere = world.dir.path().join("nothing");
    let places = Places { key_file: elsewhere.join("key.age"), state: StatePaths::of(&elsewhere) };
    let said = rotate_key(&places).await;
    assert!(matches!(said, Err(RotationError::NoKeyFile { .. })));
    assert!(!elsewhere.exists());
}

#[tokio::test]
async fn a_backup_that_a_rotation_overtakes_is_whole_or_none() {
    let world = World::new().await;
    let file = world.dir.path().join("1.tar");
    let at = datetime!(2026-03-01 12:00 UTC);
    let (backed_up, rotated) =
        tokio::join!(backup(&world.places, &file, at), rotate_key(&world.places));
    rotated.unwrap();
    assert!(matches!(backed_up, Err(BackupError::Rotated { .. })), "{backed_up:?}");
    assert!(!file.exists());
    backup(&world.places, &file, at).await.unwrap();
}
