//! What each of several repositories is for.

use nws_gitops::RepositoryName;

use super::read::Reader;

/// A `[git]` table, as far as it says what the repository is for.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) table: String,
    /// None in the only repository that is not given any.
    pub(super) name: RepositoryName,
    /// Whether manifests in it want certificates.
    pub(super) wants: bool,
    /// Where those go.
    pub(super) deliver_to: RepositoryName,
}

/// The same before it is known whether there is a repository of each name.
struct Said {
    name: RepositoryName,
    wants: bool,
    deliver_to: Option<RepositoryName>,
}

impl Role {
    pub(super) fn take_all(from: &mut Reader) -> Option<Vec<Self>> {
        let tables = from.tables("git");
        let is_only = tables.len() == 1;
        let said: Vec<_> = tables.iter().map(|table| Said::take(from, table, is_only)).collect();
        let said: Vec<_> = said.into_iter().collect::<Option<_>>()?;
        let names: Vec<_> = said.iter().map(|one| one.name.clone()).collect();
        let mut is_fine = true;
        for (at, (table, one)) in tables.iter().zip(&said).enumerate() {
            is_fine &= one.check(from, table, &names[..at], &names);
        }
        if !said.iter().any(|one| one.wants) {
            from.fault("git", "wants nothing anywhere; set wants = true, or remove it, in one");
            return None;
        }
        let role = |(table, Said { name, wants, deliver_to }): (&String, Said)| Self {
            table: table.clone(),
            deliver_to: deliver_to.unwrap_or_else(|| name.clone()),
            name,
            wants,
        };
        is_fine.then(|| tables.iter().zip(said).map(role).collect())
    }
}

impl Said {
    fn take(from: &mut Reader, table: &str, is_only: bool) -> Option<Self> {
        let key = |name: &str| format!("{table}.{name}");
        let name = from.optional_text(&key("name"));
        let wants = from.or(&key("wants"), true);
        let deliver_to = from.optional_text(&key("deliver_to"));
        let name: Option<RepositoryName> = name?;
        if name.is_none() && !is_only {
            from.fault(&key("name"), "is missing; write a name for it, for instance \"apps\"");
            return None;
        }
        Some(Self { name: name.unwrap_or_default(), wants: wants?, deliver_to: deliver_to? })
    }

    /// Whether it can be told from those before it, and what it says can be done.
    fn check(
        &self,
        from: &mut Reader,
        table: &str,
        before: &[RepositoryName],
        all: &[RepositoryName],
    ) -> bool {
        let key = format!("{table}.deliver_to");
        if before.contains(&self.name) {
            let reason =
                format!("is that of another repository too: {}; give each its own", self.name);
            from.fault(&format!("{table}.name"), reason);
            return false;
        }
        match &self.deliver_to {
            Some(_) if !self.wants => {
                from.fault(
                    &key,
                    "is for what is wanted there, which is nothing; remove it, or wants",
                );
                false
            }
            Some(name) => is_one_of(from, &key, name, all),
            None => true,
        }
    }
}

/// Whether there is such a repository; if not, it is said which there are.
pub(super) fn is_one_of(
    from: &mut Reader,
    key: &str,
    name: &RepositoryName,
    all: &[RepositoryName],
) -> bool {
    let is_there = all.contains(name);
    if !is_there {
        let there: Vec<_> = all
            .iter()
            .filter(|one| !one.is_only())
            .map(|one| format!("{one:?}", one = one.as_str()))
            .collect();
        let remedy = if there.is_empty() {
            "there is one repository, so remove it".to_owned()
        } else {
            format!("write one of {}", there.join(", "))
        };
        from.fault(key, format!("{:?} is the name of no [[git]]; {remedy}", name.as_str()));
    }
    is_there
}
