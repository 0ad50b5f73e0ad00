//! How long this machine's disk takes to promise something, which bounds what durable state can cost.

use std::fs::File;
use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::Instant;

use crate::bench::statistics::median;
use crate::workspace;

const WRITES: usize = 100;
/// A page of SQLite's.
const BYTES: [u8; 4096] = [7; 4096];

/// The median time of writing and syncing a page at the end of a file, in the target folder.
pub(super) fn sync_time() -> Result<Duration> {
    let folder = workspace::target()?;
    let mut file = tempfile::tempfile_in(&folder)
        .with_context(|| format!("cannot write in {}", folder.display()))?;
    let times: Vec<f64> = (0..WRITES).map(|_| sync(&mut file)).collect::<Result<_>>()?;
    Ok(Duration::from_secs_f64(median(times)))
}

fn sync(file: &mut File) -> Result<f64> {
    let begun = Instant::now();
    file.write_all(&BYTES)?;
    file.sync_all()?;
    Ok(begun.elapsed().as_secs_f64())
}
