//! What files of ours are known by.

use nws_gitops::{RepositoryName, Written};

use super::*;

/// A file by a digit, with a certificate by another, that ends some days from noon.
fn file(blob: u8, certificate: u8, days: i64) -> Written {
    Written {
        blob: format!("{blob:040x}").parse().unwrap(),
        fingerprint: Fingerprint::of(&[certificate]),
        not_after: NOON + Duration::days(days),
    }
}

fn first_look(found: &[Written]) -> Step {
    Step::FirstLook { repository: RepositoryName::default(), found: found.to_vec(), at: NOON }
}

fn written(files: &[Written]) -> Step {
    Step::Written { files: files.to_vec(), at: NOON }
}

fn believed(file: &Written) -> Step {
    Step::Believed { file: file.clone(), at: NOON }
}

async fn trust(store: &SqliteStore, file: &Written) -> Trust {
    store.load().await.unwrap().read_back.trust("", file, None)
}

#[tokio::test]
async fn what_is_there_at_the_first_look_is_believed_and_what_comes_then_is_not() {
    let bench = Bench::new().await;
    let (found, theirs, known) = (file(1, 1, 90), file(2, 2, 90), file(3, 1, 90));
    let before = bench.store.load().await.unwrap().read_back;
    assert!(before.is_new(&RepositoryName::default()));
    assert_eq!(before.trust("", &theirs, None), Trust::Unchanged, "nobody has looked yet");

    bench.store.write(first_look(std::slice::from_ref(&found))).await.unwrap();
    let later = bench.later().await;
    assert!(!later.load().await.unwrap().read_back.is_new(&RepositoryName::default()));
    for (case, file, want) in [
        ("found", &found, Trust::Unchanged),
        ("with a certificate that was found", &known, Trust::Edited),
        ("with another", &theirs, Trust::Doubted),
    ] {
        assert_eq!(trust(&later, file).await, want, "{case}");
    }
    let facts = later.load().await.unwrap().read_back;
    let stored = Some(theirs.fingerprint);
    assert_eq!(facts.trust("", &theirs, stored), Trust::Edited, "the store has it");
    assert_eq!(facts.trust("another", &theirs, None), Trust::Unchanged, "of another repository");
}

#[tokio::test]
async fn what_is_served_is_believed_and_still_somebody_elses_until_we_write_the_same() {
    let bench = Bench::new().await;
    let theirs = file(1, 1, 90);
    bench.store.write(first_look(&[])).await.unwrap();
    let steps = [
        (believed(&theirs), Trust::Edited),
        (written(std::slice::from_ref(&theirs)), Trust::Unchanged),
        (believed(&theirs), Trust::Unchanged),
    ];
    assert_eq!(trust(&bench.store, &theirs).await, Trust::Doubted);
    for (step, want) in steps {
        bench.store.write(step.clone()).await.unwrap();
        assert_eq!(trust(&bench.store, &theirs).await, want, "after {step:?}");
    }
}

#[tokio::test]
async fn files_whose_certificates_ended_long_ago_are_forgotten() {
    let bench = Bench::new().await;
    let (ended, just) = (file(1, 1, -31), file(2, 2, -29));
    bench.store.write(first_look(&[])).await.unwrap();
    bench.store.write(written(&[ended.clone(), just.clone()])).await.unwrap();
    assert_eq!(trust(&bench.store, &ended).await, Trust::Doubted);
    assert_eq!(trust(&bench.store, &just).await, Trust::Unchanged);
}

#[tokio::test]
async fn whoever_goes_on_with_a_copy_looks_for_the_first_time() {
    let bench = Bench::new().await;
    bench.store.write(first_look(&[])).await.unwrap();
    let copy = bench.file.with_extension("copy");
    std::fs::File::create_new(&copy).unwrap();
    assert_eq!(copy_database(&bench.file, &copy).await.unwrap(), newest_schema());
    let restored = SqliteStore::open(&copy).await.unwrap();
    let name = RepositoryName::default();
    assert!(restored.load().await.unwrap().read_back.is_new(&name));
    assert!(!bench.store.load().await.unwrap().read_back.is_new(&name));
}

#[tokio::test]
async fn what_no_branch_has_is_forgotten_unless_it_was_known_before() {
    let bench = Bench::new().await;
    let (before, new) = (file(1, 1, 90), file(2, 2, 90));
    bench.store.write(first_look(&[])).await.unwrap();
    bench.store.write(written(std::slice::from_ref(&before))).await.unwrap();
    let (files, at) = (vec![before.clone(), new.clone()], NOON + Duration::MINUTE);
    bench.store.write(Step::Written { files: files.clone(), at }).await.unwrap();
    assert_eq!(trust(&bench.store, &new).await, Trust::Unchanged);
    bench.store.write(Step::NotPushed { files, at }).await.unwrap();
    assert_eq!(trust(&bench.store, &new).await, Trust::Doubted);
    assert_eq!(trust(&bench.store, &before).await, Trust::Unchanged);
}
