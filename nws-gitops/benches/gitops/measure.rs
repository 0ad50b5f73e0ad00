//! One measurement each; times are of the wall, since threads are the matter.

use std::io;
use std::process::{Command, Stdio};
use std::time::Instant;

use gix::traverse::tree::recorder::Entry;
use nws_gitops::{Author, Content, Discover, Edit, Message};

use super::generate::{NOW, ingress, name_of};
use super::{Outcome, Place};

/// What reading all blobs costs, and nothing else: gix on as many threads as there are cores.
pub(crate) fn read(place: &Place) -> Outcome<String> {
    let begun = now();
    let shared = gix::open_opts(place.bare(), gix::open::Options::isolated())?.into_sync();
    let repository = shared.to_thread_local();
    let tree = repository.find_reference("refs/heads/main")?.peel_to_commit()?.tree()?;
    let entries = tree.traverse().breadthfirst.files()?;
    let entries: Vec<_> = entries.into_iter().filter(|entry| entry.mode.is_blob()).collect();
    let threads = std::thread::available_parallelism()?.get();
    let bytes: usize = std::thread::scope(|scope| {
        let parts = entries.chunks(entries.len().div_ceil(threads));
        let reading: Vec<_> = parts.map(|part| scope.spawn(|| sum(&shared, part))).collect();
        reading.into_iter().map(|one| one.join().unwrap_or_default()).sum()
    });
    Ok(said(&[("s", begun.elapsed().as_secs_f64()), ("bytes", bytes as f64), ("peak", peak()?)]))
}

fn sum(shared: &gix::ThreadSafeRepository, part: &[Entry]) -> usize {
    let repository = shared.to_thread_local();
    part.iter().filter_map(|entry| Some(repository.find_blob(entry.oid).ok()?.data.len())).sum()
}

/// The same with the git command line.
pub(crate) fn git_reads(place: &Place) -> Outcome<String> {
    let begun = now();
    let mut git =
        git(place, &["cat-file", "--batch", "--buffer", "--batch-all-objects", "--unordered"]);
    let mut reading = git.stdout(Stdio::piped()).spawn()?;
    let stdout = reading.stdout.as_mut().ok_or("git has no output")?;
    let bytes = io::copy(stdout, &mut io::sink())?;
    reading.wait()?;
    Ok(said(&[("s", begun.elapsed().as_secs_f64()), ("bytes", bytes as f64)]))
}

pub(crate) fn git(place: &Place, words: &[&str]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "it is the git command line that is measured")]
    let mut git = Command::new("git");
    git.arg("--git-dir").arg(place.bare()).args(words);
    git
}

/// The first inventory of a process.
pub(crate) fn cold(place: &Place) -> Outcome<String> {
    let begun = now();
    let mirror = place.mirror()?;
    let tip = mirror.tip().ok_or("the mirror has no tip")?;
    let inventory = mirror.inventory(&tip, &Discover::default())?;
    let s = begun.elapsed().as_secs_f64();
    let (wanted, held) = (inventory.wanted.len() as f64, inventory.delivered.len() as f64);
    Ok(said(&[
        ("s", s),
        ("wanted", wanted),
        ("delivered", held),
        ("faults", inventory.faults.len() as f64),
        ("peak", peak()?),
    ]))
}

/// The inventory after a commit that changes ten files.
pub(crate) fn after(place: &Place) -> Outcome<String> {
    let mirror = place.mirror()?;
    let tip = mirror.tip().ok_or("the mirror has no tip")?;
    let mut inventory = mirror.inventory(&tip, &Discover::default())?;
    let change =
        |n| edit(format!("apps/{}/app-0001-ingress.yaml", name_of(n)), ingress(n, 1, " # new"));
    let edits = (0..10).map(change).collect::<Outcome<Vec<_>>>()?;
    let author = Author::new("bench", "bench@nws.example")?;
    let commit = mirror.commit(&tip, &edits, &Message::for_deliveries(&[]), &author, NOW)?;
    let tip = nws_gitops::Tip { commit: commit.map(|commit| commit.id) };
    let begun = now();
    let wanted = inventory.wanted.len();
    mirror.refresh(&mut inventory, &tip)?;
    let s = begun.elapsed().as_secs_f64();
    if inventory.wanted.len() != wanted || inventory.tip(mirror.name()) != tip {
        return Err("the inventory is another".into());
    }
    Ok(said(&[("s", s), ("peak", peak()?)]))
}

pub(crate) fn edit(path: String, text: String) -> Outcome<Edit> {
    Ok(Edit { path: path.parse()?, content: Content::Write(text.into_bytes().into()) })
}

/// The most memory the process has had, in bytes; mapped files count.
pub(crate) fn peak() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
}

pub(crate) fn said(figures: &[(&str, f64)]) -> String {
    let figures: Vec<_> = figures.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
    format!("{{{}}}", figures.join(","))
}

#[expect(clippy::disallowed_methods, reason = "what is measured is time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
