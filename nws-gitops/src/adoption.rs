//! From a Secret that somebody else wrote to one of ours.
//!
//! Adopting is only ever asked for. It changes whose the file is, and nothing of what is served: the same certificate and key, at
//! the same path, in our rendering.

use nws_expiry::{Chain, InvalidChain, InvalidPrivateKey, Issued, PrivateKey};
use serde_json::Value;

use crate::manifest::MANAGED_ANNOTATION;
use crate::reader::{datum, is_sealed, single_document};
use crate::{
    Content, Delivered, Delivery, Edit, Inventory, NotSealable, Occasion, Provenance, RepoPath,
    Seals, SecretForm,
};

/// What a Secret of somebody else holds.
#[derive(Clone, Debug)]
pub struct Adoptable {
    /// Its certificate.
    pub chain: Chain,
    /// The key beside it, which may be another one's.
    pub key: PrivateKey,
    /// The labels and annotations that are not written again, as in `metadata.labels["team"]`.
    pub dropped: Vec<String>,
    /// Whether the sealed-secrets controller may take the live Secret over.
    pub is_managed: bool,
}

/// Reads the file of a Secret that is to be adopted.
///
/// # Errors
///
/// [`NotAdoptable`] where the file would lose something, or its key cannot be read.
pub fn adoptable(held: &Delivered, bytes: &[u8]) -> Result<Adoptable, NotAdoptable> {
    let object = object(held, bytes)?;
    let text = |name: &str| {
        datum(&object, name).ok_or_else(|| NotAdoptable::NoDatum { name: name.into() })
    };
    let chain = Chain::from_pem(&text("tls.crt")?).map_err(NotAdoptable::Chain)?;
    let key = PrivateKey::from_pem(&text("tls.key")?).map_err(NotAdoptable::Key)?;
    let metadata = &object["metadata"];
    let is_managed = metadata["annotations"][MANAGED_ANNOTATION] == "true";
    Ok(Adoptable { chain, key, dropped: dropped(metadata), is_managed })
}

/// What adopting it writes: the certificate that is there, as we render it and sealed as `seals` say, where it is. What somebody asks
/// for beside it comes with the next. `is_managed` is that of its [`Adoptable`].
///
/// # Errors
///
/// [`NotAdoptable`] where it cannot be sealed, or clusters would not take it.
pub fn adoption(
    inventory: &Inventory,
    held: &Delivered,
    (issued, is_managed): (&Issued, bool),
    seals: &Seals,
) -> Result<(Edit, Delivery), NotAdoptable> {
    let place = inventory.place_to_adopt(held).ok_or(NotAdoptable::OfNoGroup)?;
    let seal = seals.at(&held.path, &place).map_err(NotAdoptable::NotSealable)?;
    if seal.is_of_controller() && !is_managed {
        return Err(NotAdoptable::NotManaged);
    }
    let (by, form) = (Provenance::default(), SecretForm::default());
    let text = seals.manifest(&seal, &held.key(), issued, &by, &form);
    let text = text.map_err(NotAdoptable::NotSealable)?.into_bytes();
    let delivery = Delivery::of(&held.key(), held.path.clone(), issued, Occasion::Renewal);
    Ok((Edit { path: held.path.clone(), content: Content::Write(text) }, delivery))
}

/// The one object of the file, if it is a Secret of which nothing is lost.
fn object(held: &Delivered, bytes: &[u8]) -> Result<Value, NotAdoptable> {
    if !held.alone {
        return Err(NotAdoptable::Shared { path: held.path.clone() });
    }
    if !matches!(held.path.file_name().rsplit_once('.'), Some((_, "yaml" | "yml"))) {
        return Err(NotAdoptable::NotYaml { path: held.path.clone() });
    }
    let object = single_document(bytes).ok_or(NotAdoptable::Unreadable)?;
    if is_sealed(&object) {
        return Err(NotAdoptable::Sealed);
    }
    if object["kind"] != "Secret" {
        return Err(NotAdoptable::Shared { path: held.path.clone() });
    }
    if object["type"] != "kubernetes.io/tls" {
        return Err(NotAdoptable::OtherType);
    }
    if object["immutable"] == true {
        return Err(NotAdoptable::Immutable);
    }
    let others = other_data(&object);
    if others.is_empty() { Ok(object) } else { Err(NotAdoptable::OtherData { names: others }) }
}

/// Data that our rendering has no place for. `ca.crt` is cert-manager's, which nothing serves.
fn other_data(object: &Value) -> Vec<String> {
    let ours = |name: &&String| matches!(name.as_str(), "tls.crt" | "tls.key" | "ca.crt");
    let fields = ["data", "stringData"].into_iter().filter_map(|field| object[field].as_object());
    fields.flat_map(|data| data.keys()).filter(|name| !ours(name)).cloned().collect()
}

/// What says something to others than whoever kept the Secret until now.
fn dropped(metadata: &Value) -> Vec<String> {
    let in_field = |field: &'static str| {
        let names = metadata[field].as_object().into_iter().flat_map(|names| names.keys());
        let kept = names.filter(|name| !is_of_a_keeper(name));
        kept.map(move |name| format!("metadata.{field}[{name:?}]")).collect::<Vec<_>>()
    };
    [in_field("labels"), in_field("annotations")].concat()
}

/// Marks of cert-manager and kubectl, which keep it no more, and of ours, which are written anew.
fn is_of_a_keeper(name: &str) -> bool {
    const PREFIXES: [&str; 4] =
        ["cert-manager.io/", "controller.cert-manager.io/", "kubectl.kubernetes.io/", "nws-certd/"];
    const NAMES: [&str; 2] = ["helm.sh/resource-policy", "sealedsecrets.bitnami.com/managed"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix)) || NAMES.contains(&name)
}

/// Why a Secret cannot be adopted; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum NotAdoptable {
    /// Its file holds something else, too.
    #[error("{path} holds other objects beside it; give it a file of its own, and import it then")]
    Shared {
        /// The file.
        path: RepoPath,
    },
    /// Its file is JSON.
    #[error("{path} is no YAML file, which it would be afterwards; rename it to end in .yaml")]
    NotYaml {
        /// The file.
        path: RepoPath,
    },
    /// The file is not what the inventory saw.
    #[error("its file cannot be read as one manifest; see what nws-certd status reports of it")]
    Unreadable,
    /// Its key cannot be read.
    #[error(
        "it is encrypted, so its key cannot be read; import the certificate from where it was made, and remove the file"
    )]
    Sealed,
    /// It cannot be sealed.
    #[error("it cannot be sealed")]
    NotSealable(#[source] NotSealable),
    /// Clusters would go on with what they have.
    #[error(
        "the sealed-secrets controller takes over no Secret without the annotation {MANAGED_ANNOTATION}: \"true\"; add it to the manifest, and import it again once the clusters have it"
    )]
    NotManaged,
    /// One file for all clusters, where groups of them have one each.
    #[error(
        "it is for all clusters, which are sealed to in groups; import the certificate from where it was made, and remove the file"
    )]
    OfNoGroup,
    /// It is of another type.
    #[error("it is not of type kubernetes.io/tls; remove it, and another is ordered")]
    OtherType,
    /// No renewal could change it.
    #[error("it is immutable, so clusters would refuse its renewal; remove that field first")]
    Immutable,
    /// It holds more than a certificate.
    #[error("it holds {} too, which would be lost; move that to a Secret of its own", names.join(", "))]
    OtherData {
        /// Its names.
        names: Vec<String>,
    },
    /// It lacks something, or has it in no base64.
    #[error("it has no readable {name}")]
    NoDatum {
        /// What.
        name: String,
    },
    /// Its certificate cannot be read.
    #[error("its tls.crt cannot be used")]
    Chain(#[source] InvalidChain),
    /// Its key cannot be read.
    #[error("its tls.key cannot be used")]
    Key(#[source] InvalidPrivateKey),
}
