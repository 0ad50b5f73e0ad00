//! Whether a file is as we write it, to the byte, and as we write it when its object may go.

use gix::bstr::ByteSlice;
use nws_expiry::{Chain, DnsNames};
use zeroize::Zeroizing;

use crate::inventory::Ground;
use crate::layout::FleetYaml;
use crate::manifest::{RESOURCE_POLICY, before_key};
use crate::seal::sealed_secrets::{BETWEEN, Public};
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
    /// With how we write it, in the way it is written.
    pub(super) fn of(text: Option<&[u8]>, ours: FleetYaml<'_>) -> (Self, String) {
        let [plain, adopting] = ours.variants().map(FleetYaml::text);
        let is = |ours: &str| text.is_some_and(|text| text == ours.as_bytes());
        match [&plain, &adopting].map(|ours| (is(ours), is(&letting_go(ours)))) {
            [(true, _), _] => (Self::Keeps, plain),
            [(_, true), _] => (Self::LetsGo, plain),
            [_, (true, _)] => (Self::Keeps, adopting),
            [_, (_, true)] => (Self::LetsGo, adopting),
            [(false, false), (false, false)] => (Self::Theirs, plain),
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

/// The annotations are sorted, and the policy is the first. What becomes of a SealedSecret has annotations too, further in.
const BEFORE_POLICY: &str = "\n  annotations:\n";

/// Whether it is a SOPS file, in which no line can be changed.
pub(super) fn is_sops(held: &Delivered) -> bool {
    matches!(held.sealed.as_deref(), Some(SealedTo::Age { .. }))
}

/// How the file of a Secret is written. What is sealed, or a key, is not looked into: whatever base64 stands in its place is one.
pub(super) fn of(text: &[u8], held: &Delivered) -> Written {
    match is_sops(held) {
        true if is_as_written(text, held) => Written::Sealed,
        true => Written::Otherwise,
        false => of_others(text, held),
    }
}

fn of_others(text: &[u8], held: &Delivered) -> Written {
    let chain = held.chain.as_ref();
    let Some((chain, names)) = chain.and_then(|chain| Some((chain, chain.leaf().names()?))) else {
        return Written::Otherwise;
    };
    let Some(ours) = Ours::of(held, chain, names) else {
        return Written::Otherwise;
    };
    match (ours.is(text), ours.letting_go().is(text)) {
        (true, _) => Written::Keeps,
        (false, true) => Written::LetsGo,
        (false, false) => Written::Otherwise,
    }
}

/// How we write the file of a Secret, around what nobody can tell.
struct Ours {
    before: String,
    after: String,
    /// Whether what is between can be what we wrote.
    is_secret: fn(&[u8]) -> bool,
}

impl Ours {
    fn of(held: &Delivered, chain: &Chain, names: &DnsNames) -> Option<Self> {
        let (key, provenance, form) = (&held.key(), &held.provenance, &held.form);
        match held.sealed.as_deref() {
            None => Some(Self {
                before: before_key(key, chain, names, provenance, &form.template),
                after: "\"\n".to_owned(),
                is_secret: is_base64,
            }),
            Some(SealedTo::SealedSecrets { key_id, scope }) => {
                let scope = *scope;
                let public = Public { key, chain, names, provenance, form, key_id, scope };
                let (before, after) = (public.before(), public.after());
                Some(Self { before, after, is_secret: are_sealed_values })
            }
            Some(SealedTo::Age { .. }) => None,
        }
    }

    fn is(&self, text: &[u8]) -> bool {
        let behind = text.strip_prefix(self.before.as_bytes());
        let between = behind.and_then(|text| text.strip_suffix(self.after.as_bytes()));
        between.is_some_and(self.is_secret)
    }

    fn letting_go(&self) -> Self {
        let before = self.before.replacen(&policy_line(), "", 1);
        Self { before, after: self.after.clone(), is_secret: self.is_secret }
    }
}

/// The file of a Secret, with leave to take the live object with it.
pub(super) fn let_go(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let line = policy_line();
    match text.find(format!("{BEFORE_POLICY}{line}")) {
        Some(at) => {
            let at = at + BEFORE_POLICY.len();
            joined(&[&text[..at], &text[at + line.len()..]])
        }
        None => joined(&[text]),
    }
}

/// The file of a Secret, as it was before [`let_go`].
pub(super) fn kept(text: &[u8]) -> Zeroizing<Vec<u8>> {
    match text.find(BEFORE_POLICY) {
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

fn is_base64(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
}

fn are_sealed_values(text: &[u8]) -> bool {
    text.split_once_str(BETWEEN).is_some_and(|(one, other)| is_base64(one) && is_base64(other))
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
