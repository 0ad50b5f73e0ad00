//! Whether a file is as we write it, to the byte, and as we write it when its object may go.

use zeroize::Zeroizing;

use crate::inventory::Ground;
use crate::manifest::{RESOURCE_POLICY, before_key};
use crate::seal::sops::is_as_written;
use crate::{Delivered, Inventory, RepoPath, SealedTo};

/// How the file of a Secret is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Written {
    /// By us.
    Keeps,
    /// By us, with leave to take the live object with it.
    LetsGo,
    /// By us and encrypted with SOPS, which says nothing of the live object: it goes with its file.
    Sealed,
    /// By somebody else, or by another version of us.
    Otherwise,
}

/// How the `fleet.yaml` of a bundle is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Bundle {
    /// By us.
    Keeps,
    /// By us, with leave to take the live objects with it.
    LetsGo,
    /// By somebody else, or not at all.
    Theirs,
}

impl Bundle {
    /// `ours` is how we write it.
    pub(super) fn of(text: Option<&[u8]>, ours: &str) -> Self {
        match text {
            Some(text) if text == ours.as_bytes() => Self::Keeps,
            Some(text) if text == letting_go(ours).as_bytes() => Self::LetsGo,
            Some(_) | None => Self::Theirs,
        }
    }
}

/// The `fleet.yaml` of a bundle that may take its live objects with it.
pub(super) fn letting_go(ours: &str) -> String {
    ours.replace("keepResources: true", "keepResources: false")
}

fn policy_line() -> String {
    format!("    {RESOURCE_POLICY}: \"keep\"\n")
}

/// The annotations are sorted, and the policy is the first.
const BEFORE_POLICY: &str = "\n  annotations:\n";

/// Whether it is a SOPS file, in which no line can be changed.
pub(super) fn is_sops(held: &Delivered) -> bool {
    matches!(held.sealed.as_deref(), Some(SealedTo::Age { .. }))
}

/// How the file of a Secret is written.
pub(super) fn of(text: &[u8], held: &Delivered) -> Written {
    match is_sops(held) {
        true if is_as_written(text, held) => Written::Sealed,
        true => Written::Otherwise,
        false => of_plain(text, held),
    }
}

/// The key is not looked into: whatever base64 stands in its place is one.
fn of_plain(text: &[u8], held: &Delivered) -> Written {
    let Some(chain) = &held.chain else {
        return Written::Otherwise;
    };
    let Some(names) = chain.leaf().names() else {
        return Written::Otherwise;
    };
    let keeps = before_key(&held.key(), chain, names, &held.provenance, &held.form.template);
    let lets_go = keeps.replacen(&policy_line(), "", 1);
    let is = |head: &str| text.strip_prefix(head.as_bytes()).is_some_and(is_key_and_end);
    match (is(&keeps), is(&lets_go)) {
        (true, _) => Written::Keeps,
        (false, true) => Written::LetsGo,
        (false, false) => Written::Otherwise,
    }
}

fn is_key_and_end(rest: &[u8]) -> bool {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    rest.strip_suffix(b"\"\n").is_some_and(|key| key.iter().all(is_base64))
}

/// The file of a Secret, with leave to take the live object with it.
pub(super) fn let_go(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let line = policy_line();
    match find(text, line.as_bytes()) {
        Some(at) => joined(&[&text[..at], &text[at + line.len()..]]),
        None => joined(&[text]),
    }
}

/// The file of a Secret, as it was before [`let_go`].
pub(super) fn kept(text: &[u8]) -> Zeroizing<Vec<u8>> {
    match find(text, BEFORE_POLICY.as_bytes()) {
        Some(at) => {
            let (before, after) = text.split_at(at + BEFORE_POLICY.len());
            joined(&[before, policy_line().as_bytes(), after])
        }
        None => joined(&[text]),
    }
}

/// One allocation of the right size: bytes that grow leave copies of the key behind.
fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut all = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| all.extend_from_slice(part));
    all
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// The files that Fleet applies with a directory, but for its own `fleet.yaml`: what lies below another one is not among them.
pub(super) fn members(ground: &Ground, dir: &RepoPath) -> Vec<RepoPath> {
    let own = RepoPath::within(Some(dir), "fleet.yaml");
    let is_of_another = |path: &RepoPath| {
        let mut dirs = path.ancestors().take_while(|between| between.is_below(dir));
        dirs.any(|between| ground.fleet_yaml_in(Some(&between)).is_some())
    };
    let inside = ground.below(Some(dir)).filter(|path| **path != own);
    inside.filter(|path| !is_of_another(path)).cloned().collect()
}

/// Whether a file lies where only we put files, and nothing there names it.
pub(super) fn is_placed_by_us(inventory: &Inventory, held: &Delivered) -> bool {
    let mut dirs = held.path.ancestors();
    inventory.targets().collects(&held.target, &held.path)
        && !dirs.any(|dir| inventory.ground().kustomization_in(Some(&dir)).is_some())
}
