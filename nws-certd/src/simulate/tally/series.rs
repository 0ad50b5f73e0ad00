//! The course of a simulation, in as many steps as can be seen.

use time::{Duration, OffsetDateTime};

/// Equal parts of the time.
#[derive(Debug)]
pub(in crate::simulate) struct Series {
    begins: OffsetDateTime,
    length: Duration,
    bins: Vec<Bin>,
}

/// What happened in one of them.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::simulate) struct Bin {
    pub(in crate::simulate) orders: u32,
    /// The least part of a lifetime that was left when a certificate was replaced, if one was.
    pub(in crate::simulate) least_part: Option<f64>,
    /// The largest part of the new orders that was used.
    pub(in crate::simulate) used: f64,
}

impl Series {
    /// More cannot be told apart where they are drawn.
    const BINS: u16 = 400;

    pub(super) fn new(begins: OffsetDateTime, length: Duration) -> Self {
        Self { begins, length, bins: vec![Bin::default(); Self::BINS.into()] }
    }

    pub(super) fn at(&mut self, instant: OffsetDateTime) -> &mut Bin {
        let passed = (instant - self.begins).whole_seconds().max(0);
        let place = passed.saturating_mul(Self::BINS.into()) / self.length.whole_seconds().max(1);
        let place = usize::try_from(place).unwrap_or(usize::MAX).min(usize::from(Self::BINS) - 1);
        &mut self.bins[place]
    }

    /// How long each is.
    pub(in crate::simulate) fn step(&self) -> Duration {
        self.length / i32::from(Self::BINS)
    }

    pub(in crate::simulate) fn begins(&self) -> OffsetDateTime {
        self.begins
    }

    pub(in crate::simulate) fn bins(&self) -> &[Bin] {
        &self.bins
    }
}
