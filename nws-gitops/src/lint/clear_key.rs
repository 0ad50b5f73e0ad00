//! Where private keys stand in clear.

use crate::RepoPath;
use crate::inventory::File;

/// A Secret that holds a private key in clear. The key itself is not kept.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ClearKey {
    /// The file.
    pub path: RepoPath,
    /// The YAML document in it, the first being 1.
    pub document: usize,
    /// The Secret's name, with its namespace where the file states it.
    pub secret: String,
    /// The field that holds it, as in `data["tls.key"]`.
    pub field: String,
    /// Whether the Secret carries our label.
    pub ours: bool,
}

impl ClearKey {
    /// Those of a file, in whatever namespace they end up.
    pub(crate) fn all_in(file: &File) -> Vec<Self> {
        let secrets = file.parsed.secrets.iter();
        let keys = secrets.filter_map(|secret| {
            let namespace = secret.namespace.iter().map(|namespace| format!("{namespace}/"));
            Some(Self {
                path: file.path.clone(),
                document: secret.document,
                secret: namespace.chain([secret.name.clone()]).collect(),
                field: secret.clear_key.clone()?,
                ours: secret.ours,
            })
        });
        keys.collect()
    }
}
