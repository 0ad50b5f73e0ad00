//! An account, as operators see it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::authority::Authority;
use crate::report::instant;

/// One CA and our account there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AccountReport {
    /// The CA's directory.
    pub ca: String,
    /// Where the account is, once known.
    pub url: Option<String>,
    /// How it stands.
    pub standing: AccountStanding,
    /// When we ended it.
    #[serde(with = "time::serde::rfc3339::option")]
    pub ended_at: Option<OffsetDateTime>,
    /// The name of its key.
    pub key: String,
    /// The thumbprint of its key (RFC 7638).
    pub thumbprint: String,
    /// The thumbprint of the key that it is to get, while that is being changed.
    pub next_thumbprint: Option<String>,
    /// Where the CA finds a person, as configured.
    pub contact: Vec<String>,
    /// The key id of the account that the CA knows from elsewhere.
    pub external_account: Option<String>,
    /// What was done with it.
    pub done: Option<String>,
    /// What was not, and why.
    pub error: Option<String>,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AccountStanding {
    /// It is made or found when it is first needed.
    Unknown,
    /// It is there.
    Registered,
    /// We have ended it.
    Deactivated,
}

impl AccountReport {
    pub(super) fn of(authority: &Authority, outcome: Option<Result<&'static str, String>>) -> Self {
        let (url, ended_at, keys) =
            (authority.account_url(), authority.ended_at(), authority.keys.keys());
        let standing = match (&url, ended_at) {
            (_, Some(_)) => AccountStanding::Deactivated,
            (Some(_), None) => AccountStanding::Registered,
            (None, None) => AccountStanding::Unknown,
        };
        let next = keys.next.filter(|_| authority.awaits_key());
        let registration = &authority.terms.registration;
        let (done, error) = match outcome {
            None => (None, None),
            Some(Ok(done)) => (Some(done.into()), None),
            Some(Err(error)) => (None, Some(error)),
        };
        Self {
            ca: authority.directory().into(),
            url,
            standing,
            ended_at,
            key: authority.keys.name().to_string(),
            thumbprint: authority.thumbprint().to_string(),
            next_thumbprint: next.map(|key| key.thumbprint().to_string()),
            contact: registration.contact.iter().map(ToString::to_string).collect(),
            external_account: registration.external_account.as_ref().map(|it| it.kid().into()),
            done,
            error,
        }
    }
}

/// `nws-certd account`: a paragraph each.
pub(crate) fn accounts_text(reports: &[AccountReport]) -> String {
    reports.iter().map(paragraph).collect::<Vec<_>>().join("\n")
}

fn paragraph(report: &AccountReport) -> String {
    let at =
        report.url.as_deref().unwrap_or("not known yet; it is made or found when it is needed");
    let ended = report.ended_at.map(|at| format!(", deactivated {}", instant(at)));
    let rows = [
        ("account", Some(format!("{at}{}", ended.unwrap_or_default()))),
        ("key", Some(format!("{}, thumbprint {}", report.key, report.thumbprint))),
        ("next key", report.next_thumbprint.as_ref().map(|next| format!("thumbprint {next}"))),
        ("contact", (!report.contact.is_empty()).then(|| report.contact.join(", "))),
        ("bound to", report.external_account.clone()),
        ("done", report.done.clone()),
        ("not done", report.error.clone()),
    ];
    let lines =
        rows.into_iter().filter_map(|(name, text)| Some(format!("  {name:<9} {}\n", text?)));
    format!("{}\n{}", report.ca, lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn each_account_is_a_paragraph() {
        let whole = AccountReport {
            ca: "https://ca.example/directory".into(),
            url: Some("https://ca.example/account/1".into()),
            standing: AccountStanding::Deactivated,
            ended_at: Some(datetime!(2026-03-01 12:00 UTC)),
            key: "account".into(),
            thumbprint: "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI".into(),
            next_thumbprint: Some("cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s".into()),
            contact: vec!["mailto:a@b.example".into(), "mailto:c@d.example".into()],
            external_account: Some("kid-1".into()),
            done: Some("deactivated".into()),
            error: None,
        };
        let bare = AccountReport {
            url: None,
            standing: AccountStanding::Unknown,
            ended_at: None,
            next_thumbprint: None,
            contact: vec![],
            external_account: None,
            done: None,
            error: Some("no answer".into()),
            ..whole.clone()
        };
        expect![[r"
            https://ca.example/directory
              account   https://ca.example/account/1, deactivated 2026-03-01 12:00:00Z
              key       account, thumbprint 9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI
              next key  thumbprint cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s
              contact   mailto:a@b.example, mailto:c@d.example
              bound to  kid-1
              done      deactivated

            https://ca.example/directory
              account   not known yet; it is made or found when it is needed
              key       account, thumbprint 9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI
              not done  no answer
        "]]
        .assert_eq(&accounts_text(&[whole, bare]));
    }
}
