//! The same with libgit2, by way of git2, as it comes: objects are written loose, and nothing is synced.

use git2::build::TreeUpdateBuilder;
use git2::{
    FileMode, ObjectType, Oid, PushOptions, Repository, Signature, TreeWalkMode, TreeWalkResult,
};
use nws_gitops::Content;

use super::measure::{now, peak, said};
use super::write::renewals;
use super::{Outcome, Place};

/// All blobs of the tree, on as many threads as there are cores.
pub(crate) fn read(place: &Place) -> Outcome<String> {
    let begun = now();
    let blobs = blobs(&Repository::open_bare(place.bare())?)?;
    let threads = std::thread::available_parallelism()?.get();
    let bytes: usize = std::thread::scope(|scope| {
        let parts = blobs.chunks(blobs.len().div_ceil(threads));
        let reading: Vec<_> = parts.map(|part| scope.spawn(|| sum(place, part))).collect();
        reading.into_iter().map(|one| one.join().unwrap_or_default()).sum()
    });
    Ok(said(&[("s", begun.elapsed().as_secs_f64()), ("bytes", bytes as f64), ("peak", peak()?)]))
}

fn blobs(repository: &Repository) -> Outcome<Vec<Oid>> {
    let mut blobs = Vec::new();
    let tree = repository.find_reference("refs/heads/main")?.peel_to_tree()?;
    tree.walk(TreeWalkMode::PreOrder, |_, entry| {
        blobs.extend((entry.kind() == Some(ObjectType::Blob)).then(|| entry.id()));
        TreeWalkResult::Ok
    })?;
    Ok(blobs)
}

fn sum(place: &Place, part: &[Oid]) -> usize {
    let Ok(repository) = Repository::open_bare(place.bare()) else { return 0 };
    part.iter().filter_map(|blob| Some(repository.find_blob(*blob).ok()?.content().len())).sum()
}

/// A commit of so many Secrets.
pub(crate) fn commit(place: &Place, count: usize) -> Outcome<String> {
    let edits = renewals(count)?;
    let begun = now();
    make(&Repository::open_bare(place.bare())?, &edits)?;
    Ok(said(&[("s", begun.elapsed().as_secs_f64()), ("peak", peak()?)]))
}

/// A commit of one Secret, pushed.
pub(crate) fn push(place: &Place) -> Outcome<String> {
    let edits = renewals(1)?;
    let repository = Repository::open_bare(place.bare())?;
    make(&repository, &edits)?;
    let begun = now();
    let mut remote =
        repository.remote_anonymous(&format!("file://{}", place.remote().display()))?;
    remote.push(&["refs/heads/git2:refs/heads/main"], Some(&mut PushOptions::new()))?;
    let s = begun.elapsed().as_secs_f64();
    place.mirror()?.fetch()?;
    Ok(said(&[("s", s), ("peak", peak()?)]))
}

fn make(repository: &Repository, edits: &[nws_gitops::Edit]) -> Outcome<()> {
    let parent = repository.find_reference("refs/heads/main")?.peel_to_commit()?;
    let mut update = TreeUpdateBuilder::new();
    for edit in edits {
        if let Content::Write(bytes) = &edit.content {
            update.upsert(edit.path.as_str(), repository.blob(bytes)?, FileMode::Blob);
        }
    }
    let tree = update.create_updated(repository, &parent.tree()?)?;
    let (tree, who) = (repository.find_tree(tree)?, Signature::now("b", "b@b.example")?);
    let commit = repository.commit(None, &who, &who, "all", &tree, &[&parent])?;
    repository.reference("refs/heads/git2", commit, true, "bench")?;
    Ok(())
}
