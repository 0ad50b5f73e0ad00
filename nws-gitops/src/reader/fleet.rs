//! The namespace that a `fleet.yaml` states for what lies below it.

use serde_json::Value;

use super::documents;

/// What a `fleet.yaml` says about namespaces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum FleetNamespace {
    Stated {
        /// Fleet's `namespace`, which overrides what a manifest states.
        forced: Option<String>,
        /// Fleet's `defaultNamespace`, for manifests that state none.
        default: Option<String>,
    },
    Unreadable,
}

pub(super) fn read(text: &str) -> FleetNamespace {
    let [document] = documents::split(text)[..] else {
        return match documents::split(text).len() {
            0 => FleetNamespace::Stated { forced: None, default: None },
            _ => FleetNamespace::Unreadable,
        };
    };
    match documents::read(document) {
        Ok(value) => FleetNamespace::Stated {
            forced: stated(&value["namespace"]),
            default: stated(&value["defaultNamespace"]),
        },
        Err(_) => FleetNamespace::Unreadable,
    }
}

/// Whether it deploys a Helm chart from elsewhere: then nothing that lies beside it is deployed.
pub(super) fn names_a_chart(text: &str) -> bool {
    let helm = super::read_document(text).map(|fields| fields["helm"].clone()).unwrap_or_default();
    ["chart", "repo"].into_iter().any(|field| stated(&helm[field]).is_some())
}

fn stated(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
