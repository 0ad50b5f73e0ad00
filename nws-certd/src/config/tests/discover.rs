//! What counts as wanting a certificate.

use nws_gitops::{IssuerRef, Opting, SharedHosts};

use super::*;

/// Two CAs, one of which has a name, and these settings of `[discover]`.
fn with(discover: &str) -> String {
    format!(
        r#"
[[ca]]
name = "letsencrypt"
directory = "https://ca.example/directory"
terms_agreed = true
[[ca]]
directory = "https://other.example/directory"
terms_agreed = true
[git]
url = "file:///srv/gitops.git"
encryption = "none"
[discover]
{discover}
"#
    )
}

#[test]
fn who_is_served_and_by_whom() {
    let config = read(&with("")).unwrap();
    assert_eq!(config.discover.mode, Opting::All);
    assert_eq!(config.discover.shared_hosts, SharedHosts::Refuse);
    assert_eq!(config.discover.issuers.cas().count(), 0);

    let text = "mode = \"opted-in\"\nissuers = { \"ClusterIssuer/le.prod\" = \"letsencrypt\" }";
    let config = read(&with(text)).unwrap();
    assert_eq!(config.discover.mode, Opting::OptedIn);
    let issuer = IssuerRef {
        group: IssuerRef::GROUP.into(),
        kind: IssuerRef::CLUSTER_ISSUER.into(),
        name: "le.prod".into(),
    };
    assert_eq!(config.discover.issuers.ca(&issuer), config.cas[0].name.as_ref());
    assert_eq!(config.cas[1].name, None);

    let config = read(&with("[names]\nshared = \"allow\"")).unwrap();
    assert_eq!(config.discover.shared_hosts, SharedHosts::Allow);
}

#[test]
fn an_issuer_that_cannot_be_says_what_to_write() {
    check_faults(
        &with(
            "mode = \"some\"\n[discover.issuers]\nle = \"zerossl\"\n\"Issuer/a/b\" = \"letsencrypt\"\nx = \"L E\"",
        ),
        expect![[r#"
            config.toml: discover.mode: "some" is neither "all" nor "opted-in"
            config.toml: discover.issuers: "Issuer/a/b" names no issuer; write for instance "ClusterIssuer/letsencrypt", "Issuer/letsencrypt", or "letsencrypt" for both
            config.toml: discover.issuers: gives "le" to the CA zerossl, which no [ca] is called; write ca.name = "zerossl" at the one that is meant
            config.toml: discover.issuers: "L E" is no name for a CA; write up to 63 of a-z, 0-9 and inner '-', for instance "letsencrypt""#]],
    );
    let twice = with("").replace("[[ca]]\ndirectory", "[[ca]]\nname = \"letsencrypt\"\ndirectory");
    check_faults(
        &twice,
        expect!["config.toml: ca.2.name: is that of another CA too; name each CA apart"],
    );
}
