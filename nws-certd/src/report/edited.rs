//! Files of ours that somebody else has changed, as operators see them.

use super::{FaultReport, Scene, instant};
use crate::plan::{Edited, Planned};

impl Scene<'_> {
    /// One for each.
    pub(super) fn edited(&self) -> impl Iterator<Item = FaultReport> {
        self.plan.certificates.iter().flat_map(|planned| {
            let edited = planned.wants.iter().filter_map(|want| want.edited.as_ref());
            edited.map(|one| FaultReport {
                path: one.path.to_string(),
                text: self.words(planned, one),
                hosts: planned.key.names.iter().map(ToString::to_string).collect(),
            })
        })
    }

    fn words(&self, planned: &Planned, one: &Edited) -> String {
        let (path, fingerprint) = (&one.path, one.file.fingerprint);
        let host = planned.key.names.iter().next().map_or("", |name| name.as_str());
        let remedy =
            format!("take the change back, or have it written anew with: nws-certd renew {host}");
        if !one.is_doubted {
            return format!(
                "{path}: somebody else has changed it; its certificate is known, but what is sealed beside it may be another; {remedy}"
            );
        }
        let until = instant(one.file.not_after);
        let why = (self.doubt)(&one.file.blob).map(|why| format!(": {why}")).unwrap_or_default();
        format!(
            "{path}: somebody else has written a certificate into it (SHA-256 {fingerprint}, until {until}), which counts once every address serves it{why}; {remedy}"
        )
    }
}
