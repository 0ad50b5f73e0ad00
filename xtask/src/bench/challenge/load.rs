//! `wrk`, with a script that asks for one token after the other.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use super::CORES;
use crate::bench::cpu;
use crate::{files, process};

/// Requests are made before, so that all servers are asked as fast. Of a large table so many are asked for as defeat the processor's caches.
const SCRIPT: &str = r#"
local requests = {}
local at = 0

function init(args)
  local tokens = tonumber(args[1])
  local asked = math.min(tokens, 20000)
  for i = 0, asked - 1 do
    local token = string.format("%043d", math.floor(i * tokens / asked))
    requests[i] = wrk.format("GET", "/.well-known/acme-challenge/" .. token)
  end
end

function request()
  at = (at + 1) % (#requests + 1)
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format('{"requests": %d, "duration_us": %d, "failed": %d, "p50_us": %d, "p99_us": %d}',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
"#;

/// More than a measurement takes.
const MARGIN: Duration = Duration::from_secs(30);

pub(super) struct Wrk {
    wrk: PathBuf,
    taskset: PathBuf,
    folder: TempDir,
}

/// One measurement.
pub(super) struct Load<'a> {
    pub(super) url: &'a str,
    pub(super) connections: NonZeroUsize,
    pub(super) lasts: Duration,
    /// How many tokens are asked for in turn, of those that are answered.
    pub(super) tokens: usize,
}

/// What one measurement tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    told: Told,
    /// What the servers' core worked meanwhile.
    busy: Duration,
}

/// What `wrk` tells.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Told {
    requests: u32,
    duration_us: u32,
    failed: u32,
    p50_us: u32,
    p99_us: u32,
}

impl Wrk {
    pub(super) fn new(wrk: PathBuf, taskset: PathBuf) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        files::write(&folder.path().join("ask.lua"), SCRIPT)?;
        Ok(Self { wrk, taskset, folder })
    }

    /// # Errors
    ///
    /// If a single request is not answered with 200.
    pub(super) async fn measure(&self, load: &Load<'_>) -> Result<Sample> {
        let mut command = process::isolated(&self.taskset);
        command.args(["--cpu-list", &CORES[1].to_string()]).arg(&self.wrk).args(["--threads", "1"]);
        command.args(["--connections", &load.connections.to_string()]);
        command.args(["--duration", &format!("{}s", load.lasts.as_secs())]);
        command.arg("--script").arg(self.folder.path().join("ask.lua"));
        command.args([load.url, "--", &load.tokens.to_string()]);
        let before = cpu::of_core(CORES[0])?;
        let said = process::output(command, load.lasts + MARGIN).await?;
        let busy = cpu::of_core(CORES[0])?.saturating_sub(before);
        let said = String::from_utf8(said)?;
        let line = said.lines().find(|line| line.starts_with('{'));
        let line = line.with_context(|| format!("wrk told nothing of {}: {said}", load.url))?;
        let told: Told = serde_json::from_str(line)?;
        let Told { failed, requests, .. } = told;
        ensure!(failed == 0, "{failed} of {requests} failed at {}", load.url);
        Ok(Sample { told, busy })
    }
}

impl Sample {
    /// Requests in a second.
    pub(super) fn rate(&self) -> f64 {
        f64::from(self.told.requests) / (f64::from(self.told.duration_us) / 1e6)
    }

    /// Requests in a second of the core's work: what it would answer if it were asked as fast as it can.
    pub(super) fn rate_of_busy_core(&self) -> f64 {
        f64::from(self.told.requests) / self.busy.as_secs_f64()
    }

    pub(super) fn p50_ms(&self) -> f64 {
        f64::from(self.told.p50_us) / 1e3
    }

    pub(super) fn p99_ms(&self) -> f64 {
        f64::from(self.told.p99_us) / 1e3
    }

    /// In a second, of which the core worked so long.
    #[cfg(test)]
    pub(super) fn of(requests: u32, (p50_us, p99_us): (u32, u32), busy: Duration) -> Self {
        let told = Told { requests, duration_us: 1_000_000, failed: 0, p50_us, p99_us };
        Self { told, busy }
    }
}
