//! Commits and pushes of Secrets that were just issued, on top of what is there.
//!
//! Each run issues anew, so that no object is there already; that is not measured.

use std::io::{BufWriter, Write as _};
use std::process::Stdio;
use std::sync::atomic::AtomicBool;

use gix::objs::tree::EntryKind;
use gix::odb::pack::data::Version;
use gix::odb::pack::data::output::{self, Count, bytes::FromEntriesIter};
use gix::progress::Discard;
use nws_gitops::{Author, Content, Edit, Message, Mirror, Tip};

use super::generate::{Ca, NOW};
use super::measure::{edit, git, now, peak, said};
use super::{Outcome, Place};

/// Durably, as the daemon does.
pub(crate) fn commit(place: &Place, count: usize) -> Outcome<String> {
    let (mirror, edits) = (place.mirror()?, renewals(count)?);
    let tip = tip(&mirror)?;
    let begun = now();
    make(&mirror, &tip, &edits)?;
    Ok(said(&[("s", begun.elapsed().as_secs_f64()), ("peak", peak()?)]))
}

/// The same objects with gix alone: kept in memory, written as one pack, a reference set; nothing is synced.
pub(crate) fn bare(place: &Place, count: usize) -> Outcome<String> {
    let edits = renewals(count)?;
    let begun = now();
    let options = gix::open::Options::isolated();
    let repository = gix::open_opts(place.bare(), options)?.with_object_memory();
    let parent = repository.find_reference("refs/heads/main")?.peel_to_commit()?;
    let mut tree = parent.tree()?.edit()?;
    for edit in &edits {
        if let Content::Write(bytes) = &edit.content {
            let blob = repository.write_blob(bytes)?;
            tree.upsert(edit.path.as_str(), EntryKind::Blob, blob)?;
        }
    }
    let (tree, parent) = (tree.write()?.detach(), parent.id);
    let who =
        gix::actor::SignatureRef { name: "b".into(), email: "b@b.example".into(), time: "0 +0000" };
    let commit = repository.new_commit_as(who, who, "all", tree, [parent])?.id;
    write_pack(&repository, place)?;
    let branch = gix::refs::transaction::PreviousValue::Any;
    repository.reference("refs/heads/bare", commit, branch, "bench")?;
    Ok(said(&[("s", begun.elapsed().as_secs_f64()), ("peak", peak()?)]))
}

fn write_pack(repository: &gix::Repository, place: &Place) -> Outcome<()> {
    let objects = repository.objects.reset_object_memory().ok_or("nothing was kept")?;
    let entries = objects.iter().map(|(id, (kind, data))| {
        let data = gix::objs::Data { kind: *kind, object_hash: id.kind(), data };
        let count = Count::from_data(*id, None);
        output::Entry::from_data(&count, &data, gix::zlib::Compression::default())
            .map(|one| vec![one])
    });
    let (mut pack, count) = (Vec::new(), u32::try_from(objects.len())?);
    for written in
        FromEntriesIter::new(entries, &mut pack, count, Version::V2, gix::hash::Kind::Sha1)
    {
        written?;
    }
    gix::odb::pack::Bundle::write_to_directory(
        &mut pack.as_slice(),
        Some(&place.bare().join("objects/pack")),
        &mut Discard,
        &AtomicBool::new(false),
        None::<gix::odb::Handle>,
        gix::hash::Kind::Sha1,
        Default::default(),
    )?;
    Ok(())
}

/// The same with `git fast-import`.
pub(crate) fn fast_import(place: &Place, count: usize) -> Outcome<String> {
    let edits = renewals(count)?;
    let begun = now();
    let mut importing =
        git(place, &["fast-import", "--quiet", "--force"]).stdin(Stdio::piped()).spawn()?;
    let mut to = BufWriter::new(importing.stdin.take().ok_or("git has no input")?);
    writeln!(to, "commit refs/heads/imported\ncommitter b <b@b.example> 0 +0000\ndata 3\nall")?;
    writeln!(to, "from refs/heads/main^0")?;
    for edit in &edits {
        if let Content::Write(bytes) = &edit.content {
            writeln!(to, "M 100644 inline {}\ndata {}", edit.path, bytes.len())?;
            to.write_all(bytes)?;
            writeln!(to)?;
        }
    }
    drop(to);
    importing.wait()?;
    Ok(said(&[("s", begun.elapsed().as_secs_f64())]))
}

/// A commit of one Secret, pushed.
pub(crate) fn push(place: &Place) -> Outcome<String> {
    let (mirror, edits) = (place.mirror()?, renewals(1)?);
    let tip = tip(&mirror)?;
    let commit = make(&mirror, &tip, &edits)?;
    let begun = now();
    mirror.push(&commit)?;
    let s = begun.elapsed().as_secs_f64();
    Ok(said(&[("s", s), ("peak", peak()?)]))
}

/// The same with nothing but `git push`.
pub(crate) fn git_push(place: &Place) -> Outcome<String> {
    let (mirror, edits) = (place.mirror()?, renewals(1)?);
    let commit = make(&mirror, &tip(&mirror)?, &edits)?;
    let (to, what) =
        (place.remote().display().to_string(), format!("{}:refs/heads/main", commit.id));
    let begun = now();
    let pushed = git(place, &["push", "--quiet", &to, &what]).status()?;
    let s = begun.elapsed().as_secs_f64();
    if !pushed.success() {
        return Err("git did not push".into());
    }
    mirror.fetch()?;
    Ok(said(&[("s", s)]))
}

fn tip(mirror: &Mirror) -> Outcome<Tip> {
    mirror.tip().ok_or_else(|| "the mirror has no tip".into())
}

fn make(mirror: &Mirror, tip: &Tip, edits: &[Edit]) -> Outcome<nws_gitops::Commit> {
    let author = Author::new("bench", "bench@nws.example")?;
    let made = mirror.commit(tip, edits, &Message::for_deliveries(&[]), &author, NOW)?;
    made.ok_or_else(|| "nothing changed".into())
}

pub(crate) fn renewals(count: usize) -> Outcome<Vec<Edit>> {
    let (ca, since) = (Ca::new()?, NOW + time::Duration::days(60));
    let secrets = (0..count).map(|n| ca.secret(n % 500, n / 500, since));
    secrets.map(|secret| secret.and_then(|(path, text)| edit(path, text))).collect()
}
