//! The sealing keys of groups, and how it is told that one is another than before.

use std::collections::BTreeSet;

use nws_gitops::{GroupName, RepositoryName};

/// The sealing key of one group, as it was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct GroupKey {
    pub(crate) repository: RepositoryName,
    pub(crate) group: GroupName,
    /// Where it comes from, for people.
    pub(super) source: String,
    /// The one that is sealed to.
    pub(super) sealed_to: String,
    /// The one that there is now; of a controller it is sealed to only when a person says so.
    pub(super) offered: String,
}

impl GroupKey {
    /// That Secrets are sealed to another one, if they are: those of the branch to these.
    pub(crate) fn changed(&self, in_branch: impl IntoIterator<Item = String>) -> Option<String> {
        let mut before: BTreeSet<_> = in_branch.into_iter().collect();
        before.insert(self.sealed_to.clone());
        before.remove(&self.offered);
        let before = Vec::from_iter(before);
        (!before.is_empty()).then(|| {
            format!(
                "{}{} has another sealing key, {}, than secrets are sealed to, {}; those open for as long as their controller keeps that one; seal them to the new one with: nws-certd reseal",
                whom(&self.repository, &self.group),
                self.source,
                self.offered,
                before.join(", ")
            )
        })
    }
}

/// Which recipients are meant, where there are several.
pub(super) fn whom(repository: &RepositoryName, group: &GroupName) -> String {
    match (repository.is_only(), group.is_only()) {
        (true, true) => String::new(),
        (true, false) => format!("recipients {group}: "),
        (false, true) => format!("{repository}: "),
        (false, false) => format!("{repository}, recipients {group}: "),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn eu(sealed_to: &str, offered: &str) -> GroupKey {
        GroupKey {
            repository: RepositoryName::default(),
            group: "eu".parse().unwrap(),
            source: "/etc/eu.pem".into(),
            sealed_to: sealed_to.into(),
            offered: offered.into(),
        }
    }

    #[test]
    fn another_key_is_told_with_those_before_it() {
        let cases = [
            ("all are sealed to it", eu("new", "new"), &["new"][..], None),
            ("nothing is there yet", eu("new", "new"), &[], None),
            ("a file was replaced", eu("new", "new"), &["new", "old"], Some("old")),
            ("twice", eu("new", "new"), &["old", "older"], Some("old, older")),
            ("a controller has another than is pinned", eu("old", "new"), &[], Some("old")),
            ("and Secrets from before that", eu("old", "new"), &["older"], Some("old, older")),
        ];
        for (case, key, in_branch, want) in cases {
            let said = key.changed(in_branch.iter().map(|id| (*id).to_owned()));
            let before = said
                .as_deref()
                .map(|said| said.split_once("sealed to, ").unwrap().1.split_once(';').unwrap().0);
            assert_eq!(before, want, "{case}");
        }
        let said = eu("new", "new").changed(["old".to_owned()]).unwrap();
        expect!["recipients eu: /etc/eu.pem has another sealing key, new, than secrets are sealed to, old; those open for as long as their controller keeps that one; seal them to the new one with: nws-certd reseal"].assert_eq(&said);
    }
}
