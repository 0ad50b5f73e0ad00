//! The `[deletion]` table: what becomes of Secrets that nobody wants any more.

use std::num::NonZeroUsize;
use std::str::FromStr;

use nws_gitops::Deletion;
use time::Duration;

use super::read::Reader;

/// The `[deletion]` table.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeletionSettings {
    /// How they are removed: `grace`, `apply_within`, `max_per_commit`, `max_share`; only reported where absent, as a removal reaches every
    /// cluster, and nobody should find that out by an update.
    pub rules: Option<Deletion>,
    /// Whether they are removed though their names still lead to the edges: `even_if_served`.
    pub even_if_served: bool,
}

const TEN: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9);
const TEN_PERCENT: Share = Share(10);

impl DeletionSettings {
    pub(super) fn take(from: &mut Reader) -> Option<Self> {
        let grace = from.optional_duration("deletion.grace");
        let apply_within = from.optional_duration("deletion.apply_within");
        let max_per_commit = from.optional_count::<NonZeroUsize>("deletion.max_per_commit", TEN);
        let max_share = from.optional_text::<Share>("deletion.max_share");
        let even_if_served = from.optional::<bool>("deletion.even_if_served");
        let (grace, apply_within) = (grace?, apply_within?);
        let (max_per_commit, max_share, even_if_served) =
            (max_per_commit?, max_share?, even_if_served?);
        let Some(grace) = grace else {
            let is_said = apply_within.is_some() || max_per_commit.is_some();
            if is_said || max_share.is_some() || even_if_served.is_some() {
                from.fault("deletion.grace", "is missing, without which nothing is removed; write how long a secret has to be unwanted, for instance \"30d\", or remove the table");
                return None;
            }
            return Some(Self::default());
        };
        let rules = Deletion {
            grace: length(grace),
            apply_within: apply_within.map_or(Duration::DAY, length),
            max_per_commit: max_per_commit.unwrap_or(TEN),
            max_share: max_share.unwrap_or(TEN_PERCENT).0,
        };
        Some(Self { rules: Some(rules), even_if_served: even_if_served.unwrap_or(false) })
    }
}

/// Longer than ever is for ever.
fn length(time: std::time::Duration) -> Duration {
    const LONGEST: Duration = Duration::days(36_500);
    Duration::try_from(time).unwrap_or(LONGEST).min(LONGEST)
}

/// A part of all, in hundredths.
struct Share(u8);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').and_then(|number| number.parse().ok());
        number.filter(|part| *part <= 100).map(Self).ok_or_else(|| {
            format!("{text:?} is no share; write a whole number from 0 to 100 and %, for instance \"10%\"")
        })
    }
}
