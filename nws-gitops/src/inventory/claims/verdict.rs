//! Whose an object is: ours, cert-manager's, or nobody's.

use crate::discover::{CertManager, Discover};
use crate::fault::FaultReason;
use crate::opting::Enabled;
use crate::reader::{Applicant, Request, Sign, Stated};
use crate::{CaName, IssuerRef, Kind, Opting};

/// Who serves an object.
#[derive(Debug)]
pub(super) enum Verdict {
    /// We do, from this CA if one stands for its issuer.
    Ours(Option<CaName>),
    /// cert-manager, which is told of at this field.
    CertManagers(&'static str, FaultReason),
    /// Nobody has asked.
    Unasked,
}

impl Verdict {
    /// What opts in is ours; then what names an issuer that a CA stands for. All else is by configuration. What opts out was not
    /// even read.
    pub(super) fn on(applicant: &Applicant, discover: &Discover) -> Self {
        let Some(request) = &applicant.cert_manager else {
            let is_ours = applicant.kind == Kind::Certificates;
            return if is_ours || opts_in(applicant) || discover.mode == Opting::All {
                Self::Ours(None)
            } else {
                Self::Unasked
            };
        };
        let ca = request.issuer.as_ref().and_then(|issuer| discover.issuers.ca(issuer));
        if ca.is_some() || opts_in(applicant) {
            return Self::Ours(ca.cloned());
        }
        match (discover.mode, &request.issuer, discover.cert_manager) {
            (Opting::OptedIn, ..) => Self::Unasked,
            (Opting::All, Some(issuer), _) if !issuer.is_cert_managers() => {
                let reason = FaultReason::OtherIssuer { issuer: issuer.clone() };
                Self::CertManagers(field(&request.sign), reason)
            }
            (Opting::All, issuer, CertManager::Skip) => {
                Self::CertManagers(field(&request.sign), left(request, issuer.as_ref()))
            }
            (Opting::All, _, CertManager::Adopt) => Self::Ours(None),
        }
    }
}

/// Whether we serve it, as far as that can be told from the object itself.
pub(in crate::inventory) fn is_ours(applicant: &Applicant, discover: &Discover) -> bool {
    matches!(Verdict::on(applicant, discover), Verdict::Ours(_))
}

/// One that cannot be read may be meant so, and is told.
fn opts_in(applicant: &Applicant) -> bool {
    match &applicant.options.enabled {
        Stated::Value { value: Enabled::Yes, .. } | Stated::Unknown => true,
        Stated::Value { value: Enabled::No, .. } | Stated::Nothing => false,
    }
}

fn field(sign: &Sign) -> &'static str {
    match sign {
        Sign::Annotation(_) => "metadata.annotations",
        Sign::Itself => "spec.issuerRef",
    }
}

fn left(request: &Request, issuer: Option<&IssuerRef>) -> FaultReason {
    match (&request.sign, issuer) {
        (Sign::Annotation(annotation), _) => {
            FaultReason::CertManager { annotation: annotation.clone() }
        }
        (Sign::Itself, Some(issuer)) => FaultReason::UnmappedIssuer { issuer: issuer.clone() },
        (Sign::Itself, None) => FaultReason::Missing,
    }
}
