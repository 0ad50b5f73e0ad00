//! What a scenario is.

use std::path::Path;

use anyhow::{Result, bail};
use futures_util::future::LocalBoxFuture;

use crate::world::Programs;

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) tag: Tag,
    pub(crate) about: &'static str,
    pub(super) play: Play,
}

/// Plays a scenario in a folder of its own; what it returns is worth telling.
pub(super) type Play = for<'a> fn(&'a Programs, &'a Path) -> LocalBoxFuture<'a, Result<String>>;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tag {
    /// Part of `cargo xtask test`.
    Core,
    /// Only when asked for.
    Full,
}

/// The scenarios of these names; without names, those that `tag` covers.
///
/// # Errors
///
/// If there is no scenario of a name.
pub(crate) fn choose<'a>(
    from: &'a [Scenario],
    names: &[String],
    tag: Tag,
) -> Result<Vec<&'a Scenario>> {
    if names.is_empty() {
        return Ok(from
            .iter()
            .filter(|scenario| tag == Tag::Full || scenario.tag == tag)
            .collect());
    }
    let named =
        names.iter().map(|name| from.iter().find(|scenario| scenario.name == *name).ok_or(name));
    named.collect::<Result<_, _>>().or_else(|name| {
        let known: Vec<_> = from.iter().map(|scenario| scenario.name).collect();
        bail!("there is no scenario {name}; there are {}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::{Scenario, Tag, choose};
    use crate::e2e::scenarios::SCENARIOS;

    fn chosen(names: &[&str], tag: Tag) -> String {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        match choose(&SCENARIOS, &names, tag) {
            Ok(scenarios) => {
                scenarios.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn scenarios_are_chosen_by_name_or_by_tag() {
        let named = |wanted: fn(&Scenario) -> bool| {
            let names = SCENARIOS.iter().filter(|one| wanted(one)).map(|scenario| scenario.name);
            names.collect::<Vec<_>>()
        };
        let (core, all) = (named(|one| one.tag == Tag::Core), named(|_| true));
        assert!(core.len() > 10 && core.len() < all.len(), "{core:?} of {all:?}");
        let none = format!("there is no scenario reissue; there are {}", all.join(", "));
        let cases: [(&str, &[&str], Tag, String); 4] = [
            ("no names: the core", &[], Tag::Core, core.join(" ")),
            ("everything", &[], Tag::Full, all.join(" ")),
            (
                "names, in their order, whatever their tag",
                &["ca-away", "issue"],
                Tag::Core,
                "ca-away issue".to_owned(),
            ),
            ("a name that is none", &["issue", "reissue"], Tag::Core, none),
        ];
        for (case, names, tag, expected) in cases {
            assert_eq!(chosen(names, tag), expected, "{case}");
        }
    }
}
