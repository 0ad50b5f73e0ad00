//! What Fleet makes of renewals.

use std::collections::BTreeMap;

use super::{Facts, Finding, FindingReason, Severity};
use crate::bundles::{Bundle, Bundles, IgnoreLine, Touched};
use crate::{RepoPath, WantKey};

/// What is wrong with a renewal, which is the same for all Secrets of a directory.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
enum Trouble {
    Several { others: Vec<Option<RepoPath>>, cure: Option<IgnoreLine> },
    NotDeployed,
    InNoBundle,
}

/// The renewals that deploy more than they have to, or nothing; those of one bundle are one finding.
pub(super) fn renewals(facts: &Facts) -> Vec<Finding> {
    let mut troubles: BTreeMap<(Option<RepoPath>, Trouble), Vec<WantKey>> = BTreeMap::new();
    for (key, touched) in facts.renewals() {
        if let Some(trouble) = trouble(&facts.bundles, &touched) {
            let nearest = touched.holders.first().map(|bundle| bundle.dir.clone());
            let place = nearest.unwrap_or_else(|| facts.place(key).and_then(RepoPath::parent));
            troubles.entry((place, trouble)).or_default().push(key.clone());
        }
    }
    troubles.into_iter().map(|((place, trouble), secrets)| trouble.of(place, secrets)).collect()
}

fn trouble(bundles: &Bundles, touched: &Touched<'_>) -> Option<Trouble> {
    match (&*touched.holders, &*touched.deployers) {
        ([], _) => bundles.are_all_known().then_some(Trouble::InNoBundle),
        ([_, ..], []) => Some(Trouble::NotDeployed),
        ([_], [_, ..]) => None,
        ([_, others @ ..], [_, ..]) => Some(Trouble::Several {
            others: others.iter().map(|bundle| bundle.dir.clone()).collect(),
            cure: touched.cure(),
        }),
    }
}

impl Trouble {
    fn of(self, place: Option<RepoPath>, secrets: Vec<WantKey>) -> Finding {
        let reason = match self {
            Self::Several { others, cure } => {
                FindingReason::SeveralBundles { secrets, others, cure }
            }
            Self::NotDeployed => FindingReason::NotDeployed { secrets },
            Self::InNoBundle => FindingReason::InNoBundle { secrets },
        };
        of_bundle(place, Severity::Warning, reason)
    }
}

/// The bundles that are too large, or soon will be.
pub(super) fn sizes(bundles: &Bundles) -> impl Iterator<Item = Finding> {
    bundles.iter().filter_map(|bundle| {
        let (severity, reason) = match bundle {
            over if over.is_over_limit() => (Severity::Error, FindingReason::TooLarge),
            near if near.is_near_limit() => {
                (Severity::Warning, FindingReason::Large { stored: near.stored })
            }
            Bundle { .. } => return None,
        };
        Some(of_bundle(bundle.dir.clone(), severity, reason))
    })
}

fn of_bundle(place: Option<RepoPath>, severity: Severity, reason: FindingReason) -> Finding {
    Finding { severity, place, document: None, field: None, reason }
}
