//! What a cluster has applied, and what that makes of another commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::manifest::{Object, Reference};
use crate::world::repository::Blob;

/// What becomes of the objects whose files go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pruning {
    /// As Helm does, one release a bundle: an object goes with its file unless its last manifest says `keep`, even if another
    /// bundle has it by then.
    Helm,
    /// As Flux does, which keeps one inventory: an object goes when no file has it any more.
    Flux,
}

/// What was last applied: by path.
pub(super) struct Release {
    pruning: Pruning,
    applied: BTreeMap<String, Applied>,
}

struct Applied {
    blob: String,
    bundle: String,
    /// The object, and whether Helm was told to keep it; none where the file is none of the kinds that are known here.
    object: Option<(Reference, bool)>,
}

impl Release {
    pub(super) fn new(pruning: Pruning) -> Self {
        Self { pruning, applied: BTreeMap::new() }
    }

    /// Whether a file is applied as it is.
    pub(super) fn has(&self, Blob { path, id }: &Blob) -> bool {
        self.applied.get(path).is_some_and(|applied| applied.blob == *id)
    }

    /// Takes note of a file of a bundle that was applied, and gives the object that it held before and holds no more, if that is
    /// to go.
    pub(super) fn note(
        &mut self,
        Blob { path, id }: &Blob,
        bundle: &str,
        object: Option<&Object>,
    ) -> Option<Reference> {
        let object = object.map(|object| (object.reference(), object.annotations().keep()));
        let applied = Applied { blob: id.clone(), bundle: bundle.to_owned(), object };
        let before = self.applied.insert(path.clone(), applied)?;
        let now = self.applied.get(path).and_then(|applied| applied.object.as_ref());
        let moved =
            before.object.as_ref().map(|(object, _)| object) != now.map(|(object, _)| object);
        if moved { self.let_go(&before) } else { None }
    }

    /// Forgets the files that are not among these paths, and gives the objects that go with them.
    pub(super) fn prune(&mut self, paths: &BTreeSet<&str>) -> Vec<Reference> {
        let gone: Vec<_> =
            self.applied.extract_if(.., |path, _| !paths.contains(path.as_str())).collect();
        gone.iter().filter_map(|(_, applied)| self.let_go(applied)).collect()
    }

    /// The object of what is applied no more, if it is to go.
    fn let_go(&mut self, gone: &Applied) -> Option<Reference> {
        let (object, keep) = gone.object.as_ref()?;
        let others = || self.applied.values().filter(|it| it.holds(object));
        let goes = match self.pruning {
            Pruning::Helm => !keep && others().all(|it| it.bundle != gone.bundle),
            Pruning::Flux => others().next().is_none(),
        };
        if !goes {
            return None;
        }
        // What another bundle holds is put right at the next look.
        self.applied.retain(|_, it| !it.holds(object));
        Some(object.clone())
    }
}

impl Applied {
    fn holds(&self, reference: &Reference) -> bool {
        self.object.as_ref().is_some_and(|(object, _)| object == reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, policy: &str) -> Option<Object> {
        let text = format!(
            "kind: Secret\ntype: kubernetes.io/tls\nmetadata: {{namespace: shop, name: {name}, annotations: {{helm.sh/resource-policy: {policy}}}}}\ndata: {{tls.crt: '', tls.key: ''}}\n"
        );
        Object::read(&text).unwrap()
    }

    fn blob(path: &str, id: &str) -> Blob {
        Blob { path: path.into(), id: id.into() }
    }

    /// The names of what goes when `a/tls.yaml` is gone, with what `before` it was.
    fn gone(pruning: Pruning, policy: &str, others: &[(&str, &str)]) -> Vec<String> {
        let mut release = Release::new(pruning);
        release.note(&blob("a/tls.yaml", "1"), "a", secret("tls", policy).as_ref());
        let mut paths = BTreeSet::new();
        for (path, bundle) in others {
            release.note(&blob(path, "2"), bundle, secret("tls", policy).as_ref());
            paths.insert(*path);
        }
        let gone = release.prune(&paths);
        for (path, _) in others {
            let is_applied = release.has(&blob(path, "2"));
            assert_eq!(is_applied, gone.is_empty(), "{path} is applied again if it went");
        }
        gone.into_iter().map(|object| object.name.name).collect()
    }

    #[test]
    fn an_object_goes_with_its_file_as_who_applied_it_would_have_it() {
        let (helm, flux) = (Pruning::Helm, Pruning::Flux);
        let (same, other): (&[_], &[_]) = (&[("a/b.yaml", "a")], &[("b/tls.yaml", "b")]);
        let cases: [(&str, Pruning, &str, &[_], &[&str]); 7] = [
            ("Helm", helm, "none", &[], &["tls"]),
            ("Helm, told to keep it", helm, "keep", &[], &[]),
            ("Helm, another file of the bundle", helm, "none", same, &[]),
            ("Helm, another bundle", helm, "none", other, &["tls"]),
            ("Helm, another bundle, told to keep it", helm, "keep", other, &[]),
            ("Flux, whatever Helm is told", flux, "keep", &[], &["tls"]),
            ("Flux, another file", flux, "none", other, &[]),
        ];
        for (case, pruning, policy, others, want) in cases {
            assert_eq!(gone(pruning, policy, others), want, "{case}");
        }
    }

    #[test]
    fn an_object_goes_when_its_file_holds_another() {
        let mut release = Release::new(Pruning::Helm);
        assert_eq!(release.note(&blob("a", "1"), "", secret("old", "none").as_ref()), None);
        assert_eq!(release.note(&blob("a", "2"), "", secret("old", "none").as_ref()), None);
        let went = release.note(&blob("a", "3"), "", secret("new", "none").as_ref());
        assert_eq!(went.map(|object| object.name.name).as_deref(), Some("old"));
        assert!(release.has(&blob("a", "3")) && !release.has(&blob("a", "2")));
    }
}
