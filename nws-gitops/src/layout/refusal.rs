//! What stands in a Secret's way.

use crate::{NotSealable, RepoPath, SecretRef, Target};

/// What stands in a certificate's way; each says what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RefusalReason {
    /// A Secret of that name which nws-certd did not write.
    #[error(
        "{path} holds secret {secret}, which nws-certd did not write; remove it, or take it over with: nws-certd import repo {secret}"
    )]
    ForeignSecret {
        /// The Secret.
        secret: SecretRef,
        /// The file that holds it.
        path: RepoPath,
    },
    /// A file in the Secret's place.
    #[error("{path} is there and nws-certd did not write it; move it away")]
    ForeignFile {
        /// The file.
        path: RepoPath,
    },
    /// Our Secret beside something else.
    #[error("{path} holds other objects beside the secret; give the secret a file of its own")]
    SharedFile {
        /// The file.
        path: RepoPath,
    },
    /// A file where a directory has to be.
    #[error("{path} is a file, where a directory is needed; move it away")]
    NotADirectory {
        /// The file.
        path: RepoPath,
    },
    /// Nobody would find it there again.
    #[error(
        "its secret would stand in {path}, which is for target {target}; set another layout or root for one of the two targets"
    )]
    OtherTarget {
        /// Where it would stand.
        path: RepoPath,
        /// Whose place that is.
        target: Target,
    },
    /// Helm deploys templates and nothing else.
    #[error(
        "{chart} makes a Helm chart of what lies there, which deploys nothing beside its templates; set the layout fleet-bundles, fleet-nested or tree"
    )]
    HelmChart {
        /// The `Chart.yaml`, or the `fleet.yaml` that names a chart.
        chart: RepoPath,
    },
    /// Kustomize builds what it is told to and nothing else.
    #[error("{kustomization} builds only what it lists; set the layout kustomize")]
    Kustomized {
        /// The kustomization.
        kustomization: RepoPath,
    },
    /// A kustomization that would build it.
    #[error("no kustomization lists {manifest} under resources; list it, or set the layout beside")]
    NotKustomized {
        /// The manifest that wants it.
        manifest: RepoPath,
    },
    /// More than our line would change.
    #[error(
        "{path} cannot be given {line:?} without touching more of it; write it plainly, one entry a line, or set another layout"
    )]
    NotEditable {
        /// The file.
        path: RepoPath,
        /// What it lacks.
        line: String,
    },
    /// Those who are to open it are not known, or not to be sealed to.
    #[error("it cannot be sealed: {0}")]
    NotSealable(NotSealable),
    /// Our line in a `.fleetignore` would mean somebody else's file too.
    #[error(
        "the line {line:?} in {ignore} would keep {path} out of its bundle; rename that, or set another layout"
    )]
    Hides {
        /// The file that Fleet deploys now.
        path: RepoPath,
        /// The `.fleetignore`.
        ignore: RepoPath,
        /// The line.
        line: String,
    },
}
