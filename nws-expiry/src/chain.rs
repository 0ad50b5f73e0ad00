//! A certificate with the intermediates that lead to its root.

use std::sync::Arc;

use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::Decode;

use crate::{InvalidCertificate, Leaf};

/// A certificate chain as the CA sent it: the leaf, then each certificate that issued the one before (RFC 8555 §9.1).
///
/// Whole and in its order: CAs change intermediates without notice, so none is ever added from elsewhere. It has [`Self::MOST`]
/// certificates at most.
///
/// A clone is the same chain, not a copy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Chain(Arc<Read>);

#[derive(Debug, Eq, PartialEq)]
struct Read {
    leaf: Leaf,
    root_name: Option<Box<str>>,
    certificates: Vec<Box<[u8]>>,
}

impl Chain {
    /// Longer ones are refused: OpenSSL, by default, verifies no chain that is deeper.
    pub const MOST: usize = 100;

    /// Reads a PEM text of `CERTIFICATE` blocks, leaf first.
    ///
    /// # Errors
    ///
    /// [`InvalidChain`] if any block is something else (RFC 8555 §11.4: then the whole text is refused), if there is none or more
    /// than [`Self::MOST`], or if one does not name the next as its issuer.
    pub fn from_pem(text: &[u8]) -> Result<Self, InvalidChain> {
        let mut certificates = Vec::new();
        for block in pem::parse_many(text).map_err(InvalidChain::Pem)? {
            match block.tag() {
                "CERTIFICATE" => certificates.push(block.into_contents().into_boxed_slice()),
                kind => return Err(InvalidChain::OtherBlock { kind: kind.into() }),
            }
        }
        Self::from_der(certificates)
    }

    /// Takes DER certificates, leaf first.
    ///
    /// # Errors
    ///
    /// As [`Self::from_pem`].
    pub fn from_der(certificates: Vec<Box<[u8]>>) -> Result<Self, InvalidChain> {
        let (leaf, root_name) = read(&certificates)?;
        Ok(Self(Arc::new(Read { leaf, root_name, certificates })))
    }

    /// The first certificate.
    pub fn leaf(&self) -> &Leaf {
        &self.0.leaf
    }

    /// The common name of the issuer at its end: the root, if the chain leads there, whether or not it is sent along. `None` where
    /// the issuer has no such name, or one that is no text.
    pub fn root_name(&self) -> Option<&str> {
        self.0.root_name.as_deref()
    }

    /// Each certificate's DER, leaf first.
    pub fn certificates(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.certificates.iter().map(AsRef::as_ref)
    }

    /// The chain as PEM: one `CERTIFICATE` block each, 64 columns, a final newline. The same chain gives the same text.
    pub fn to_pem(&self) -> String {
        let lf = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
        self.certificates()
            .map(|der| pem::encode_config(&pem::Pem::new("CERTIFICATE", der), lf))
            .collect()
    }
}

/// The leaf, and the common name of the last one's issuer; each has to name the next as its issuer.
fn read(certificates: &[Box<[u8]>]) -> Result<(Leaf, Option<Box<str>>), InvalidChain> {
    let (first, others) = certificates.split_first().ok_or(InvalidChain::Empty)?;
    if certificates.len() > Chain::MOST {
        return Err(InvalidChain::TooLong { found: certificates.len() });
    }
    let certificate = CertificateInner::<Raw>::from_der(first)
        .map_err(|source| InvalidChain::Leaf(InvalidCertificate::Der(source)))?;
    let leaf = Leaf::of(&certificate, first).map_err(InvalidChain::Leaf)?;
    let mut last = certificate;
    for (at, der) in (1..).zip(others) {
        let next = CertificateInner::<Raw>::from_der(der).map_err(|source| {
            InvalidChain::Certificate { at, source: InvalidCertificate::Der(source) }
        })?;
        if last.tbs_certificate().issuer() != next.tbs_certificate().subject() {
            return Err(InvalidChain::Unlinked { at });
        }
        last = next;
    }
    let name = last.tbs_certificate().issuer().common_name().ok().flatten();
    Ok((leaf, name.map(|name| name.value().into())))
}

/// Why a text or a list of certificates is no [`Chain`].
#[derive(Debug, thiserror::Error)]
pub enum InvalidChain {
    /// Broken PEM.
    #[error("the chain is no PEM text")]
    Pem(#[source] pem::PemError),
    /// A block that is no certificate.
    #[error(
        "the chain has a PEM block {kind:?}; only CERTIFICATE is accepted (RFC 8555 section 11.4)"
    )]
    OtherBlock {
        /// The block's label.
        kind: String,
    },
    /// No certificate at all.
    #[error("the chain has no certificate")]
    Empty,
    /// More than anybody verifies.
    #[error("the chain has {found} certificates; {} are read at most", Chain::MOST)]
    TooLong {
        /// How many there are.
        found: usize,
    },
    /// The leaf cannot be read.
    #[error("the chain's first certificate cannot be read")]
    Leaf(#[source] InvalidCertificate),
    /// A further certificate cannot be read.
    #[error("certificate {at} of the chain cannot be read")]
    Certificate {
        /// Its place; the leaf is 0.
        at: usize,
        /// Why.
        source: InvalidCertificate,
    },
    /// Not the issuer of the one before.
    #[error("certificate {at} of the chain did not issue the one before it")]
    Unlinked {
        /// Its place; the leaf is 0.
        at: usize,
    },
}
