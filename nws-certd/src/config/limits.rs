//! What a CA allows, where that is not what it publishes for everybody.

use std::str::FromStr;

use nws_expiry::budget::{InvalidLimit, Limit, Limits, Renewals};

use super::read::Reader;

/// Reads a `[ca.limits]` table; what it does not name stays as the CA publishes it.
pub(super) fn take(from: &mut Reader, table: &str, published: Limits) -> Option<Limits> {
    let mut limit = |name: &str, published: Option<Limit>| {
        let setting = from.optional_text::<Setting>(&format!("{table}.{name}"))?;
        Some(setting.map_or(published, |setting| setting.0))
    };
    let new_orders = limit("new_orders", published.new_orders);
    let registered_domain = limit("registered_domain", published.registered_domain);
    let exact_set = limit("exact_set", published.exact_set);
    let failed_validations = limit("failed_validations", published.failed_validations);
    let renewals = from.optional_text::<RenewalsSetting>(&format!("{table}.renewals"));
    Some(Limits {
        new_orders: new_orders?,
        registered_domain: registered_domain?,
        exact_set: exact_set?,
        failed_validations: failed_validations?,
        renewals: renewals?.map_or(published.renewals, |setting| setting.0),
    })
}

/// A limit, or `none`.
struct Setting(Option<Limit>);

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let limit = text.parse().map_err(|error: InvalidLimit| format!("{error}, or \"none\""));
        limit.map(|limit| Self(Some(limit)))
    }
}

/// What renewals are to the limits.
struct RenewalsSetting(Renewals);

impl FromStr for RenewalsSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "free" => Ok(Self(Renewals::Free)),
            "counted" => Ok(Self(Renewals::Counted)),
            other => Err(format!(
                "{other:?} is neither \"free\", where renewals use up no new orders, nor \"counted\""
            )),
        }
    }
}
