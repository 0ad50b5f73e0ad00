//! What an object says of how its certificates are made, and when.

use std::sync::{Arc, LazyLock};

use nws_expiry::{KeyEncoding, KeyType, Profile, RenewBefore};
use time::Duration;

use super::StatedEntry;
use crate::CaName;
use crate::opting::Enabled;
use crate::overrides::HoldText;

/// How an object wants its certificates made, and when.
#[derive(Clone, Debug, Default)]
pub(crate) struct StatedOptions {
    pub(crate) key_type: Stated<KeyType>,
    pub(crate) profile: Stated<Profile>,
    pub(crate) renew_before: Stated<RenewBefore>,
    pub(crate) hold: Stated<HoldText>,
    /// Whether it is to be served at all.
    pub(crate) enabled: Stated<Enabled>,
    pub(crate) ca: Stated<CaName>,
    /// How long it is to be valid, which is for the CA to decide.
    pub(crate) duration: Stated<Duration>,
    /// Whether a renewal is for the key of the certificate before.
    pub(crate) keeps_key: bool,
    pub(crate) key_encoding: Stated<KeyEncoding>,
    /// What its Secret is labelled and annotated with.
    pub(crate) template: Stated<Arc<[StatedEntry]>>,
}

impl StatedOptions {
    /// What most objects say is nothing, which all of them share: there are as many as there are certificates.
    pub(crate) fn shared(self) -> Arc<Self> {
        static NOTHING: LazyLock<Arc<StatedOptions>> = LazyLock::new(Arc::default);
        if self.says_nothing() { NOTHING.clone() } else { Arc::new(self) }
    }

    fn says_nothing(&self) -> bool {
        let Self { key_type, profile, renew_before, hold, enabled, ca, duration, .. } = self;
        let Self { keeps_key, key_encoding, template, .. } = self;
        let how = key_type.is_nothing() && profile.is_nothing() && ca.is_nothing();
        let when = renew_before.is_nothing() && hold.is_nothing() && duration.is_nothing();
        let form = key_encoding.is_nothing() && template.is_nothing() && !keeps_key;
        how && when && form && enabled.is_nothing()
    }

    /// The same where what is written may not be what is deployed. That decides how a certificate is to be made; when it is ordered is
    /// between the file and us.
    pub(crate) fn unsettled(&self) -> Self {
        Self {
            key_type: Stated::Unknown,
            profile: Stated::Unknown,
            key_encoding: Stated::Unknown,
            template: Stated::Unknown,
            ..self.clone()
        }
    }

    pub(crate) fn are_known(&self) -> bool {
        let Self { key_type, profile, renew_before, hold, enabled, ca, .. } = self;
        let when = renew_before.is_known() && hold.is_known();
        key_type.is_known() && profile.is_known() && when && enabled.is_known() && ca.is_known()
    }
}

/// What a field says that may be left out.
#[derive(Clone, Debug, Default)]
pub(crate) enum Stated<T> {
    #[default]
    Nothing,
    Value {
        value: T,
        /// As in `metadata.annotations["nws-certd/key-type"]`.
        field: String,
    },
    /// Something, but it cannot be told what.
    Unknown,
}

impl<T> Stated<T> {
    /// This, or else that.
    pub(crate) fn or(self, other: Self) -> Self {
        match self {
            Self::Nothing => other,
            Self::Value { .. } | Self::Unknown => self,
        }
    }

    fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    fn is_known(&self) -> bool {
        match self {
            Self::Nothing | Self::Value { .. } => true,
            Self::Unknown => false,
        }
    }
}
