//! What the daemon is told of encryption: the way, and for whom.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

/// What becomes of the keys in a repository.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encryption {
    /// The value of `encryption`.
    pub(crate) way: &'static str,
    /// That of sealed-secrets, where it is not the usual one.
    pub(crate) scope: Option<&'static str>,
    pub(crate) recipients: &'static [Recipients],
}

/// A group of clusters that share a key, or a way to be encrypted for together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipients {
    pub(crate) name: Option<&'static str>,
    pub(crate) to: SealedTo,
    /// More lines of the table.
    pub(crate) told: &'static str,
}

/// Where the daemon finds what to encrypt with. Clusters are told apart by their number.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SealedTo {
    /// The file in which an operator has put the certificate of a cluster.
    CertificateFile(usize),
    /// A file of the repository.
    InRepository(&'static str),
    /// The controller of a cluster, which is asked.
    Controller(usize),
    /// The age recipients of these clusters.
    Age(&'static [usize]),
}

/// What is encrypted for a cluster.
#[derive(Debug)]
pub(in crate::world) enum PublicKey {
    None,
    Sealing {
        certificate_file: PathBuf,
        /// Its URL.
        controller: String,
    },
    /// `age1...`
    Age(String),
}

impl Encryption {
    pub(crate) const NONE: Self = Self { way: "none", scope: None, recipients: &[] };

    /// The tables below that of the repository.
    ///
    /// # Errors
    ///
    /// If a cluster that is named has no such key.
    pub(super) fn tables(&self, keys: &[PublicKey]) -> Result<String> {
        let scope =
            self.scope.map(|scope| format!("[git.sealed_secrets]\nscope = \"{scope}\"\n\n"));
        let recipients: Result<String> = self.recipients.iter().map(|it| it.table(keys)).collect();
        Ok(scope.unwrap_or_default() + &recipients?)
    }
}

impl Recipients {
    fn table(&self, keys: &[PublicKey]) -> Result<String> {
        let name = self.name.map(|name| format!("name = \"{name}\"\n")).unwrap_or_default();
        let (to, told) = (self.to.line(keys)?, self.told);
        Ok(format!("[[git.recipients]]\n{name}{to}\n{told}\n"))
    }
}

impl SealedTo {
    fn line(self, keys: &[PublicKey]) -> Result<String> {
        Ok(match self {
            Self::InRepository(path) => format!("certificate = \"{path}\""),
            Self::CertificateFile(cluster) => match key(keys, cluster)? {
                PublicKey::Sealing { certificate_file, .. } => {
                    format!("certificate_file = \"{}\"", certificate_file.display())
                }
                other => bail!("cluster {cluster} has no sealing key, but {other:?}"),
            },
            Self::Controller(cluster) => match key(keys, cluster)? {
                PublicKey::Sealing { controller, .. } => format!("controller = \"{controller}\""),
                other => bail!("cluster {cluster} has no controller, but {other:?}"),
            },
            Self::Age(clusters) => {
                let recipients = clusters.iter().map(|cluster| recipient(keys, *cluster));
                format!("age = {:?}", recipients.collect::<Result<Vec<_>>>()?)
            }
        })
    }
}

fn key(keys: &[PublicKey], cluster: usize) -> Result<&PublicKey> {
    keys.get(cluster).with_context(|| format!("there is no cluster {cluster}"))
}

fn recipient(keys: &[PublicKey], cluster: usize) -> Result<&str> {
    match key(keys, cluster)? {
        PublicKey::Age(recipient) => Ok(recipient),
        other => bail!("cluster {cluster} has no age identity, but {other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn each_group_of_clusters_is_a_table_of_its_own() {
        let controller = "http://127.0.0.1:8080".to_owned();
        let keys = [
            PublicKey::Sealing { certificate_file: "/w/a.pem".into(), controller },
            PublicKey::Age("age1a".into()),
            PublicKey::Age("age1b".into()),
        ];
        let all = [
            (Some("eu"), SealedTo::CertificateFile(0), "cluster_group = \"europe\"\n"),
            (Some("us"), SealedTo::InRepository("clusters/us/sealed-secrets.pem"), ""),
            (None, SealedTo::Controller(0), ""),
            (None, SealedTo::Age(&[1, 2]), "root = \"certs\"\n"),
        ];
        let all = all.map(|(name, to, told)| Recipients { name, to, told });
        let scope = Some("namespace-wide");
        let encryption =
            Encryption { way: "sealed-secrets", scope, recipients: all.to_vec().leak() };
        expect![[r#"
            [git.sealed_secrets]
            scope = "namespace-wide"

            [[git.recipients]]
            name = "eu"
            certificate_file = "/w/a.pem"
            cluster_group = "europe"

            [[git.recipients]]
            name = "us"
            certificate = "clusters/us/sealed-secrets.pem"

            [[git.recipients]]
            controller = "http://127.0.0.1:8080"

            [[git.recipients]]
            age = ["age1a", "age1b"]
            root = "certs"

        "#]]
        .assert_eq(&encryption.tables(&keys).unwrap());
        assert_eq!(Encryption::NONE.tables(&keys).unwrap(), "");
    }

    #[test]
    fn a_cluster_that_has_no_such_key_is_an_error() {
        let keys = [PublicKey::Age("age1a".into()), PublicKey::None];
        for to in [SealedTo::CertificateFile(0), SealedTo::Controller(2), SealedTo::Age(&[0, 1])] {
            assert!(to.line(&keys).is_err(), "{to:?}");
        }
    }
}
