//! What a scenario is, and which ones there are.

use std::path::Path;

use anyhow::{Result, bail};
use futures_util::future::LocalBoxFuture;

use crate::e2e::{
    account_lost, adopt, ari, ari_broken, bad_manifest, budget, bundle_split, ca_away, ca_down,
    ca_fallback, ca_hangs_mid_order, cert_manager, delete_grace, discover_all_kinds, eab,
    empty_repository, https_token, incident, issue, leak_guard, lint, lost_race, mirror_lost,
    new_app, parked, profile, push_refused, rate_limited, renew, restart, revoke_replace, rollover,
    rotate_key, signed_commits, ssh, state_lost, tenant_conflict, two_repositories, two_targets,
    ungated, webhook,
};
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

pub(crate) const SCENARIOS: [Scenario; 41] = [
    Scenario {
        name: "issue",
        tag: Tag::Core,
        about: "three applications are committed; both edges serve the same certificates",
        play: |programs, folder| Box::pin(issue::play(programs, folder)),
    },
    Scenario {
        name: "new-app",
        tag: Tag::Core,
        about: "an application is added while the daemon runs: by polling, and with `sync`",
        play: |programs, folder| Box::pin(new_app::play(programs, folder)),
    },
    Scenario {
        name: "renew",
        tag: Tag::Core,
        about: "certificates that live two minutes are renewed three times, and none is ever expired at an edge",
        play: |programs, folder| Box::pin(renew::play(programs, folder)),
    },
    Scenario {
        name: "restart",
        tag: Tag::Core,
        about: "the daemon is killed after issuing, before pushing; the same certificate is pushed later",
        play: |programs, folder| Box::pin(restart::play(programs, folder)),
    },
    Scenario {
        name: "state-lost",
        tag: Tag::Core,
        about: "the database is deleted; nothing is ordered again, and the account is the same",
        play: |programs, folder| Box::pin(state_lost::play(programs, folder)),
    },
    Scenario {
        name: "ssh",
        tag: Tag::Core,
        about: "the git host shows another key, then knows the deploy key no more: told with what helps, and mended",
        play: |programs, folder| Box::pin(ssh::play(programs, folder)),
    },
    Scenario {
        name: "lost-race",
        tag: Tag::Core,
        about: "the branch moves before each push or during it, twenty times in a row; no update of either side is lost",
        play: |programs, folder| Box::pin(lost_race::play(programs, folder)),
    },
    Scenario {
        name: "bad-manifest",
        tag: Tag::Core,
        about: "manifests as people get them wrong: all others are served, each fault is reported until it is mended",
        play: |programs, folder| Box::pin(bad_manifest::play(programs, folder)),
    },
    Scenario {
        name: "push-refused",
        tag: Tag::Core,
        about: "the server refuses pushes in its words; the certificate is held, and delivered later without another order",
        play: |programs, folder| Box::pin(push_refused::play(programs, folder)),
    },
    Scenario {
        name: "leak-guard",
        tag: Tag::Core,
        about: "a branch with sealed Secrets, and a configuration that would put a key in clear beside them: none is pushed until that is said to be meant",
        play: |programs, folder| Box::pin(leak_guard::play(programs, folder)),
    },
    Scenario {
        name: "mirror-lost",
        tag: Tag::Core,
        about: "the daemon's copy of the repository is deleted and damaged, at rest and while it runs; nothing is ordered again",
        play: |programs, folder| Box::pin(mirror_lost::play(programs, folder)),
    },
    Scenario {
        name: "empty-repository",
        tag: Tag::Core,
        about: "a repository without any commit: the first application begins it",
        play: |programs, folder| Box::pin(empty_repository::play(programs, folder)),
    },
    Scenario {
        name: "webhook",
        tag: Tag::Core,
        about: "the git host tells of a push, which is served in seconds; who cannot sign is not heard",
        play: |programs, folder| Box::pin(webhook::play(programs, folder)),
    },
    Scenario {
        name: "budget",
        tag: Tag::Core,
        about: "the CA allows fewer new orders than applications come: it is never asked for more, over a kill, and who waits is told when",
        play: |programs, folder| Box::pin(budget::play(programs, folder)),
    },
    Scenario {
        name: "ca-fallback",
        tag: Tag::Core,
        about: "the first of two CAs dies in the middle of an order; the second issues, and the first is asked again when it is back",
        play: |programs, folder| Box::pin(ca_fallback::play(programs, folder)),
    },
    Scenario {
        name: "rate-limited",
        tag: Tag::Core,
        about: "the CA limits until a time, which is waited for, then until a person has acted, who is told where",
        play: |programs, folder| Box::pin(rate_limited::play(programs, folder)),
    },
    Scenario {
        name: "ari",
        tag: Tag::Core,
        about: "the CA moves a renewal into the past, which is made at once and says what it replaces; the reason is explained",
        play: |programs, folder| Box::pin(ari::play(programs, folder)),
    },
    Scenario {
        name: "discover-all-kinds",
        tag: Tag::Core,
        about: "one application of each kind that can want a certificate: all are served, and a route adds its host to a Gateway's",
        play: |programs, folder| Box::pin(discover_all_kinds::play(programs, folder)),
    },
    Scenario {
        name: "tenant-conflict",
        tag: Tag::Core,
        about: "a tenant asks for another's host and Secret by committing manifests: he gets neither, and whoever has them is served on",
        play: |programs, folder| Box::pin(tenant_conflict::play(programs, folder)),
    },
    Scenario {
        name: "ca-away",
        tag: Tag::Full,
        about: "the CA refuses, hangs and fails while the daemon starts; challenges are answered all the while",
        play: |programs, folder| Box::pin(ca_away::play(programs, folder)),
    },
    Scenario {
        name: "ca-down",
        tag: Tag::Full,
        about: "the CA refuses, then hangs, while applications wait: no hammering, and they are served when it is back",
        play: |programs, folder| Box::pin(ca_down::play(programs, folder)),
    },
    Scenario {
        name: "ca-hangs-mid-order",
        tag: Tag::Full,
        about: "the CA hangs at each step of an order, which goes on by its URL and is the only one",
        play: |programs, folder| Box::pin(ca_hangs_mid_order::play(programs, folder)),
    },
    Scenario {
        name: "account-lost",
        tag: Tag::Full,
        about: "the CA forgets everything; the daemon registers again with the same key",
        play: |programs, folder| Box::pin(account_lost::play(programs, folder)),
    },
    Scenario {
        name: "ungated",
        tag: Tag::Full,
        about: "many orders at a time straight at a CA that locks up for good; all are served after its restart",
        play: |programs, folder| Box::pin(ungated::play(programs, folder)),
    },
    Scenario {
        name: "ari-broken",
        tag: Tag::Full,
        about: "the CA answers nonsense when it is asked when to renew; certificates are renewed in time",
        play: |programs, folder| Box::pin(ari_broken::play(programs, folder)),
    },
    Scenario {
        name: "delete-grace",
        tag: Tag::Full,
        about: "two applications are removed and one comes back: one Secret goes in two commits after its grace; when all are gone at once, a person is asked",
        play: |programs, folder| Box::pin(delete_grace::play(programs, folder)),
    },
    Scenario {
        name: "profile",
        tag: Tag::Full,
        about: "profiles and key types of one CA and of single applications; an unknown profile is told with those that there are",
        play: |programs, folder| Box::pin(profile::play(programs, folder)),
    },
    Scenario {
        name: "eab",
        tag: Tag::Full,
        about: "the CA makes accounts for its customers only: a key that is none, a wrong one, the right one",
        play: |programs, folder| Box::pin(eab::play(programs, folder)),
    },
    Scenario {
        name: "rollover",
        tag: Tag::Full,
        about: "the account gets a new key while orders run, and with the daemon killed in the middle of it",
        play: |programs, folder| Box::pin(rollover::play(programs, folder)),
    },
    Scenario {
        name: "rotate-key",
        tag: Tag::Full,
        about: "the key file is rotated over a SIGKILL: certificates from before are delivered, and the old key file opens nothing",
        play: |programs, folder| Box::pin(rotate_key::play(programs, folder)),
    },
    Scenario {
        name: "revoke-replace",
        tag: Tag::Full,
        about: "a certificate is revoked once its successor with another key is in place, another at once",
        play: |programs, folder| Box::pin(revoke_replace::play(programs, folder)),
    },
    Scenario {
        name: "parked",
        tag: Tag::Full,
        about: "the names of an application lead elsewhere: it fails, decays, is parked and asks nothing, and is renewed when they are back",
        play: |programs, folder| Box::pin(parked::play(programs, folder)),
    },
    Scenario {
        name: "incident",
        tag: Tag::Full,
        about: "forty certificates are replaced by what they have in common, others by their serial numbers, each once",
        play: |programs, folder| Box::pin(incident::play(programs, folder)),
    },
    Scenario {
        name: "two-targets",
        tag: Tag::Full,
        about: "two clusters each have a Secret of the same name, in its own tree and layout, and each serves its own certificate",
        play: |programs, folder| Box::pin(two_targets::play(programs, folder)),
    },
    Scenario {
        name: "two-repositories",
        tag: Tag::Full,
        about: "what one repository wants is delivered into another, and what a second wants stays there; one git host away holds up only its own",
        play: |programs, folder| Box::pin(two_repositories::play(programs, folder)),
    },
    Scenario {
        name: "bundle-split",
        tag: Tag::Full,
        about: "more certificates in one namespace than a Fleet bundle holds: the rest go to a sibling, and none moves",
        play: |programs, folder| Box::pin(bundle_split::play(programs, folder)),
    },
    Scenario {
        name: "https-token",
        tag: Tag::Full,
        about: "the repository over https with a token: another CA, a wrong and an open token, a redirect are told; a new one counts at once, and none is to be seen",
        play: |programs, folder| Box::pin(https_token::play(programs, folder)),
    },
    Scenario {
        name: "signed-commits",
        tag: Tag::Full,
        about: "the server takes signed commits only: a key is told that cannot sign, then all commits of the daemon verify",
        play: |programs, folder| Box::pin(signed_commits::play(programs, folder)),
    },
    Scenario {
        name: "lint",
        tag: Tag::Full,
        about: "what the daemon delivered has nothing to see to; what somebody adds beside it is found, with an exit code",
        play: |programs, folder| Box::pin(lint::play(programs, folder)),
    },
    Scenario {
        name: "adopt",
        tag: Tag::Full,
        about: "certificates of certbot, lego and cert-manager are taken over: served as they are, without an order, and renewed as what they replace",
        play: |programs, folder| Box::pin(adopt::play(programs, folder)),
    },
    Scenario {
        name: "cert-manager",
        tag: Tag::Full,
        about: "a repository as cert-manager's users have it, unchanged: what names a known issuer is served by its CA, and the rest is left",
        play: |programs, folder| Box::pin(cert_manager::play(programs, folder)),
    },
];

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
    use super::{SCENARIOS, Scenario, Tag, choose};

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
