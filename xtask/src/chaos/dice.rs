//! Random numbers that a seed decides: `SplitMix64` (Steele, Lea and Flood, 2014).

use std::ops::Range;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice of their own, which a seed decides too.
    pub(super) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// Whole milliseconds, each of the range as likely as any other.
    pub(super) fn milliseconds(&mut self, range: Range<u64>) -> Duration {
        let width = range.end.saturating_sub(range.start).max(1);
        Duration::from_millis(range.start + self.next() % width)
    }

    /// True once in `times`.
    pub(super) fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn dice_are_those_of_the_paper_and_the_same_for_the_same_seed() {
        let mut dice = Dice::of(1_234_567);
        let thrown = [(); 3].map(|()| dice.next());
        assert_eq!(
            thrown,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn every_throw_is_within_its_range() {
        let mut dice = Dice::of(7);
        assert!((0..1000).all(|_| (20..30).contains(&dice.milliseconds(20..30).as_millis())));
        assert_eq!(dice.milliseconds(5..5).as_millis(), 5);
    }
}
