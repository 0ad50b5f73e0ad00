//! What a CA says when it refuses (RFC 7807, RFC 8555 §6.7).

use std::fmt;

use serde_json::Value;

use crate::printable::{First, Printable};

/// A problem document, its words kept as they came, but for what is too long to be anybody's words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Which problem.
    pub kind: ProblemKind,
    /// The CA's own words.
    pub detail: Option<String>,
    /// Where the CA wants a person to look.
    pub instance: Option<String>,
    /// Problems of single names within it (RFC 8555 §6.7.1).
    pub subproblems: Vec<Subproblem>,
}

/// A problem of one identifier (RFC 8555 §6.7.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subproblem {
    /// The name, if it is said.
    pub identifier: Option<String>,
    /// Which problem.
    pub kind: ProblemKind,
    /// The CA's own words.
    pub detail: Option<String>,
}

impl Problem {
    /// Reads a problem document leniently: a member of the wrong type counts as absent.
    ///
    /// `None` if it is no JSON object or has neither a type nor a detail.
    pub(crate) fn from_json(body: &[u8]) -> Option<Self> {
        let document: Value = serde_json::from_slice(body).ok()?;
        let (kind, detail) = (text(&document, "type"), text(&document, "detail"));
        if kind.is_none() && detail.is_none() {
            return None;
        }
        let subproblems = document.get("subproblems").and_then(Value::as_array);
        Some(Self {
            kind: ProblemKind::from_urn(kind.as_deref()),
            detail,
            instance: text(&document, "instance"),
            subproblems: subproblems
                .into_iter()
                .flatten()
                .take(Subproblem::MOST)
                .map(Subproblem::from_value)
                .collect(),
        })
    }
}

impl Problem {
    /// The URL that the CA's words send a person to, where a pause is ended for example.
    ///
    /// None that is not https, and none that the bound on words may have cut: half a URL opens nothing.
    pub(crate) fn url_to_visit(&self) -> Option<String> {
        let words = self.detail.as_deref()?;
        let (_, rest) = words.split_once("https://")?;
        let url = rest.split(|char: char| !char.is_ascii_graphic()).next()?;
        let is_cut = url.len() == rest.len() && words.chars().count() == LONGEST;
        let url = url.trim_end_matches(['.', ',', ';', ')', '>', '"', '\'']);
        (!is_cut && !url.is_empty()).then(|| format!("https://{url}"))
    }
}

impl Subproblem {
    /// As many as a certificate has names, anywhere.
    const MOST: usize = 100;

    fn from_value(value: &Value) -> Self {
        Self {
            identifier: value.get("identifier").and_then(|identifier| text(identifier, "value")),
            kind: ProblemKind::from_urn(text(value, "type").as_deref()),
            detail: text(value, "detail"),
        }
    }
}

fn text(value: &Value, member: &str) -> Option<String> {
    value.get(member)?.as_str().map(bounded)
}

/// Let's Encrypt's longest words have a URL with a signed list of fifteen names in them.
const LONGEST: usize = 8192;

fn bounded(words: &str) -> String {
    words.chars().take(LONGEST).collect()
}

impl From<&instant_acme::Problem> for Problem {
    fn from(problem: &instant_acme::Problem) -> Self {
        Self {
            kind: ProblemKind::from_urn(problem.r#type.as_deref()),
            detail: problem.detail.as_deref().map(bounded),
            instance: None,
            subproblems: problem
                .subproblems
                .iter()
                .take(Subproblem::MOST)
                .map(Into::into)
                .collect(),
        }
    }
}

impl From<&instant_acme::Subproblem> for Subproblem {
    fn from(problem: &instant_acme::Subproblem) -> Self {
        Self {
            identifier: problem
                .identifier
                .as_ref()
                .map(|name| bounded(&name.authorized(false).to_string())),
            kind: ProblemKind::from_urn(problem.r#type.as_deref()),
            detail: problem.detail.as_deref().map(bounded),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(detail) = &self.detail {
            write!(f, ": {}", Printable(detail))?;
        }
        if !self.subproblems.is_empty() {
            write!(f, " ({})", First(self.subproblems.iter(), "; "))?;
        }
        match &self.instance {
            Some(instance) => write!(f, "; see {}", Printable(instance)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Subproblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(identifier) = &self.identifier {
            write!(f, "{}: ", Printable(identifier))?;
        }
        write!(f, "{}", self.kind)?;
        match &self.detail {
            Some(detail) => write!(f, ": {}", Printable(detail)),
            None => Ok(()),
        }
    }
}

macro_rules! problem_kinds {
    ($($(#[$doc:meta])* $kind:ident = $name:literal),+ $(,)?) => {
        /// The type of a problem: `urn:ietf:params:acme:error:` and its last part, or whatever else a CA sends.
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        pub enum ProblemKind {
            $($(#[$doc])* $kind,)+
            /// A type we do not know, as it came.
            Unknown(Box<str>),
        }

        impl ProblemKind {
            /// Every kind we know.
            pub const KNOWN: &[Self] = &[$(Self::$kind),+];

            /// The last part of the URN, or the whole type if it is unknown.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$kind => $name,)+
                    Self::Unknown(urn) => urn,
                }
            }
        }
    };
}

problem_kinds! {
    /// The account does not exist (any more).
    AccountDoesNotExist = "accountDoesNotExist",
    /// The certificate to be replaced has a successor already (RFC 9773 §7.4).
    AlreadyReplaced = "alreadyReplaced",
    /// The certificate is revoked already.
    AlreadyRevoked = "alreadyRevoked",
    /// The CSR is unacceptable.
    BadCsr = "badCSR",
    /// The nonce is unknown or used up.
    BadNonce = "badNonce",
    /// The key is unacceptable.
    BadPublicKey = "badPublicKey",
    /// The reason for a revocation is not allowed.
    BadRevocationReason = "badRevocationReason",
    /// The signature algorithm is not supported.
    BadSignatureAlgorithm = "badSignatureAlgorithm",
    /// A CAA record forbids it.
    Caa = "caa",
    /// Several problems; see the subproblems.
    Compound = "compound",
    /// Something else is being done about the same at the moment (Let's Encrypt's own).
    Conflict = "conflict",
    /// The validator could not connect.
    Connection = "connection",
    /// The validator's DNS query failed.
    Dns = "dns",
    /// The CA wants an external account binding.
    ExternalAccountRequired = "externalAccountRequired",
    /// The answer to the challenge was a wrong one.
    IncorrectResponse = "incorrectResponse",
    /// A contact is invalid.
    InvalidContact = "invalidContact",
    /// The CA does not offer the profile.
    InvalidProfile = "invalidProfile",
    /// The request is malformed.
    Malformed = "malformed",
    /// The order is not ready to be finalized.
    OrderNotReady = "orderNotReady",
    /// Too many requests.
    RateLimited = "rateLimited",
    /// The CA will not issue for a name.
    RejectedIdentifier = "rejectedIdentifier",
    /// The CA's own fault.
    ServerInternal = "serverInternal",
    /// The validator's TLS failed.
    Tls = "tls",
    /// The client may not do this, or the validator read something else.
    Unauthorized = "unauthorized",
    /// The kind of contact is not supported.
    UnsupportedContact = "unsupportedContact",
    /// The kind of identifier is not supported.
    UnsupportedIdentifier = "unsupportedIdentifier",
    /// A person has to do something first.
    UserActionRequired = "userActionRequired",
}

impl ProblemKind {
    const NAMESPACE: &str = "urn:ietf:params:acme:error:";

    fn from_urn(urn: Option<&str>) -> Self {
        // RFC 7807 §4.2: no type is "about:blank"
        let urn = urn.unwrap_or("about:blank");
        let name = urn.strip_prefix(Self::NAMESPACE);
        let known = name.and_then(|name| Self::KNOWN.iter().find(|kind| kind.as_str() == name));
        known.cloned().unwrap_or_else(|| Self::Unknown(bounded(urn).into()))
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Printable(self.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8555 §6.7.1.
    const COMPOUND: &str = r#"{
        "type": "urn:ietf:params:acme:error:malformed",
        "detail": "Some of the identifiers requested were rejected",
        "subproblems": [
            {
                "type": "urn:ietf:params:acme:error:malformed",
                "detail": "Invalid underscore in DNS name \"_example.org\"",
                "identifier": { "type": "dns", "value": "_example.org" }
            },
            {
                "type": "urn:ietf:params:acme:error:rejectedIdentifier",
                "detail": "This CA will not issue for \"example.net\"",
                "identifier": { "type": "dns", "value": "example.net" }
            }
        ]
    }"#;

    #[test]
    fn a_problem_reads_as_one_line_in_the_cas_words() {
        let problem = Problem::from_json(COMPOUND.as_bytes()).unwrap();
        assert_eq!(
            problem.to_string(),
            "malformed: Some of the identifiers requested were rejected \
             (_example.org: malformed: Invalid underscore in DNS name \"_example.org\"; \
             example.net: rejectedIdentifier: This CA will not issue for \"example.net\")"
        );
    }

    #[test]
    fn where_a_person_is_to_look_is_told() {
        let body = r#"{"type":"urn:ietf:params:acme:error:userActionRequired",
            "detail":"Terms of service have changed","instance":"https://ca.example/terms/v8"}"#;
        assert_eq!(
            Problem::from_json(body.as_bytes()).unwrap().to_string(),
            "userActionRequired: Terms of service have changed; see https://ca.example/terms/v8"
        );
    }

    #[test]
    fn the_url_in_the_words_is_whole_or_none() {
        let long = format!("visit https://ca.example/?jwt={}", "x".repeat(6000));
        let too_long = format!("visit https://ca.example/?jwt={}", "x".repeat(10_000));
        let cases = [
            (
                "at the end",
                "Please visit: https://ca.example/u?jwt=a.b-c",
                Some("https://ca.example/u?jwt=a.b-c"),
            ),
            (
                "in a sentence",
                "Go to https://ca.example/u. Then wait",
                Some("https://ca.example/u"),
            ),
            ("before a line", "https://ca.example/u\nmore", Some("https://ca.example/u")),
            ("a long one", &long, Some(&long["visit ".len()..])),
            ("one that was cut", &too_long, None),
            ("without TLS", "Please visit: http://ca.example/u", None),
            ("none", "Please visit us", None),
            ("half of one", "https:// ca.example", None),
        ];
        for (case, detail, want) in cases {
            let body = serde_json::json!({ "detail": detail }).to_string();
            let problem = Problem::from_json(body.as_bytes()).unwrap();
            assert_eq!(problem.url_to_visit().as_deref(), want, "{case}");
        }
    }

    #[test]
    fn a_novel_is_no_reason() {
        let one = serde_json::json!({ "detail": "x".repeat(10_000) });
        let all = serde_json::json!({ "type": "y".repeat(10_000), "subproblems": vec![one; 1000] });
        let problem = Problem::from_json(all.to_string().as_bytes()).unwrap();
        assert_eq!(problem.kind.as_str().len(), LONGEST);
        let details = problem.subproblems.iter().filter_map(|one| one.detail.as_deref());
        assert_eq!(details.map(str::len).collect::<Vec<_>>(), [LONGEST; 100]);
        assert!(problem.to_string().len() < 11 * 600);
    }

    #[test]
    fn what_a_ca_might_send_instead_is_read_as_far_as_it_goes() {
        let unknown = |urn: &str| Some(ProblemKind::Unknown(urn.into()));
        let cases = [
            (
                "a new type",
                r#"{"type":"urn:ietf:params:acme:error:novel"}"#,
                unknown("urn:ietf:params:acme:error:novel"),
            ),
            (
                "a type of its own",
                r#"{"type":"https://ca.example/slow"}"#,
                unknown("https://ca.example/slow"),
            ),
            ("a detail alone", r#"{"detail":"no"}"#, unknown("about:blank")),
            (
                "a status as text",
                r#"{"type":"urn:ietf:params:acme:error:dns","status":"400"}"#,
                Some(ProblemKind::Dns),
            ),
            ("a broken list", r#"{"detail":"no","subproblems":[1,{}]}"#, unknown("about:blank")),
            ("another object", r#"{"status":"pending"}"#, None),
            ("no object", "[]", None),
            ("no JSON", "<html>", None),
        ];
        for (case, body, want) in cases {
            assert_eq!(
                Problem::from_json(body.as_bytes()).map(|problem| problem.kind),
                want,
                "{case}"
            );
        }
    }
}
