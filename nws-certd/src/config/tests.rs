mod challenge;
mod deletion;

use std::io::Write as _;

use expect_test::{Expect, expect};
use nws_acme::Rates;
use nws_expiry::budget::{Limits, Renewals};
use nws_expiry::{Backoff, Doubling, Steps};

use super::*;

mod https;
mod recipients;
mod repositories;
mod targets;

const WHOLE: &str = r#"
state_dir = "/srv/state"
[ca]
directory = "https://ca.example/directory"
terms_agreed = true
[git]
url = "file:///srv/gitops.git"
encryption = "none"
"#;

/// Reads a text as the file `config.toml`; faults are compared with the file's directory left out.
fn read(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    std::fs::File::create(&file).unwrap().write_all(text.as_bytes()).unwrap();
    Config::read(&file)
        .map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

#[expect(clippy::needless_pass_by_value, reason = "as expect! gives it")]
fn check_faults(text: &str, want: Expect) {
    want.assert_eq(&read(text).unwrap_err());
}

#[test]
fn what_must_be_said_is_enough() {
    let config = read(WHOLE).unwrap();
    assert_eq!(config.git[0].remote.branch.as_str(), "main");
    assert_eq!(config.git[0].poll, Duration::from_secs(60));
    assert_eq!(config.git[0].batch, Duration::from_secs(30));
    assert_eq!(config.git[0].batch_max, Duration::from_secs(120));
    assert_eq!(config.challenge.listen, ["[::]:8089".parse().unwrap()]);
    assert_eq!(config.orders.concurrency.get(), 8);
    assert_eq!(config.orders.key_type, KeyType::EcdsaP256);
    assert_eq!(config.key_file, PathBuf::from("/srv/state/key.age"));
    assert_eq!(config.renewal.renew_before, None);
    assert_eq!(config.cas[0].timeout, Duration::from_secs(30));
    assert!(config.cas[0].contact.is_empty() && config.cas[0].eab.is_none());
    assert_eq!(config.cas[0].account.as_str(), "account");
    assert!(
        config.git[0].ssh.is_none()
            && config.git[0].signing_key.is_none()
            && config.webhook.is_none()
    );
    assert_eq!(config.retry.backoff, Backoff::default());
    assert_eq!(config.retry.park_after, time::Duration::days(7));
    assert_eq!((config.edges.https_port, config.edges.resolvers.len()), (443, 0));
}

#[test]
fn everything_can_be_said() {
    let text = r#"
key_file = "/etc/key.age"
[ca]
directory = "https://ca.example/directory"
terms_agreed = true
roots = "/etc/ca.pem"
timeout = "10s"
contact = ["mailto:ops@platform.example"]
account = "le"
preferred_chain = "ISRG Root X1"
eab = { kid = "kid-1", key_file = "/etc/nws-certd/eab" }
[git]
url = "git@git.example:platform/gitops.git"
branch = "live"
encryption = "none"
unseal = true
poll = "5s"
batch = "5m"
batch_max = "1m"
author = "Certificates <certs@platform.example>"
signing_key = "/etc/nws-certd/signing-key"
[discover]
include = ["apps", "sites/**"]
exclude = ["apps/legacy"]
cert_manager = "adopt"
[names]
allow = ["**.platform.example"]
[challenge]
listen = ["127.0.0.1:8089", "[::1]:8089"]
listen_proxy_protocol = ["[::]:8189"]
stateless = "known-hosts"
[orders]
concurrency = 2
deadline = "5m"
key_type = "rsa-2048"
[retry]
validation = ["30s", "2m", "12h"]
free = "1s"
free_max = "1m"
park_after = "30d"
[renewal]
renew_before = "20days"
sweep = "03:30"
[git.ssh]
key = "/etc/nws-certd/deploy-key"
known_hosts = "/etc/nws-certd/known_hosts"
[webhook]
listen = ["[::]:8090"]
secret_file = "/etc/nws-certd/webhook-secret"
[edges]
https_port = 8443
resolvers = ["192.0.2.53:53"]
addresses = ["203.0.113.1", "2001:db8::1"]
"#;
    let config = read(text).unwrap();
    let ca = &config.cas[0];
    assert_eq!(
        (ca.contact[0].as_str(), ca.account.as_str()),
        ("mailto:ops@platform.example", "le")
    );
    assert_eq!(ca.preferred_chain.as_ref().unwrap().to_string(), "ISRG Root X1");
    assert_eq!(ca.eab.as_ref().unwrap().kid, "kid-1");
    assert_eq!(config.git[0].batch_max, Duration::from_secs(300), "never less than batch");
    assert!(config.git[0].unseal);
    assert_eq!(config.git[0].signing_key, Some("/etc/nws-certd/signing-key".into()));
    assert_eq!(config.discover.include.len(), 2);
    assert_eq!(config.orders.key_type, KeyType::Rsa2048);
    assert_eq!(config.renewal.renew_before, Some("20d".parse().unwrap()));
    let waits = [30, 120, 12 * 3600].map(time::Duration::seconds);
    let minute = time::Duration::MINUTE;
    assert_eq!(config.retry.backoff.validation, Steps::new(waits.into()).unwrap());
    assert_eq!(config.retry.backoff.free, Doubling::new(minute / 60, minute).unwrap());
    assert_eq!(config.retry.park_after, time::Duration::days(30));
    assert_eq!(config.git[0].ssh.as_ref().unwrap().key, PathBuf::from("/etc/nws-certd/deploy-key"));
    assert_eq!(config.webhook.unwrap().listen, ["[::]:8090".parse().unwrap()]);
    assert_eq!(config.edges.https_port, 8443);
    let edges = ["203.0.113.1", "2001:db8::1"].map(|edge| edge.parse::<IpAddr>().unwrap());
    assert_eq!(config.edges.addresses, edges);
}

/// Where nothing is said, a CA allows what it publishes, if that is known; single limits may be said otherwise.
#[test]
fn what_a_ca_allows_is_known_by_its_directory_or_said() {
    const LE: &str = "https://acme-v02.api.letsencrypt.org/directory";
    let limits = |directory: &str, more: &str| {
        let text = WHOLE.replace("https://ca.example/directory", directory);
        read(&text.replace("[git]", &format!("[ca.limits]\n{more}[git]"))).unwrap().cas[0].budget
    };
    let le = Limits::LETS_ENCRYPT;
    assert_eq!(limits("https://ca.example/directory", ""), Limits::NONE);
    assert_eq!(limits(LE, ""), le);
    let said = limits(LE, "new_orders = \"6000/3h\"\nexact_set = \"none\"\n");
    let want = Limits { new_orders: "6000/3h".parse().ok(), exact_set: None, ..le };
    assert_eq!(said, want);
    let counted = limits(LE, "renewals = \"counted\"\n");
    assert_eq!(counted, Limits { renewals: Renewals::Counted, ..le });
}

/// Where nothing is said, a CA gets what is known to suit it, staging what staging takes; what is said bounds everything.
#[test]
fn how_fast_a_ca_is_asked_is_known_by_its_directory() {
    const STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";
    let cases = [
        ("https://ca.example/directory", None, Rates::LETS_ENCRYPT),
        ("https://acme-v02.api.letsencrypt.org/directory", None, Rates::LETS_ENCRYPT),
        (STAGING, None, Rates::LETS_ENCRYPT_STAGING),
        (STAGING, Some(10), Rates::LETS_ENCRYPT_STAGING.at_most(10.try_into().unwrap())),
        ("https://ca.example/d", Some(900), Rates::LETS_ENCRYPT.at_most(900.try_into().unwrap())),
    ];
    for (directory, said, want) in cases {
        let said = said.map_or_else(String::new, |most| format!("requests_per_second = {most}\n"));
        let text = WHOLE.replace("https://ca.example/directory", directory);
        let config = read(&text.replace("[git]", &format!("{said}[git]"))).unwrap();
        assert_eq!(config.cas[0].limits().rates, want, "{directory} {said}");
    }
}

#[test]
fn tables_that_are_half_there_say_what_is_missing() {
    check_faults(
        &WHOLE.replace("file:///srv", "ssh://git@git.example"),
        expect![[r#"
            config.toml: git.ssh.key: is missing; write the file of the deploy key's private half
            config.toml: git.ssh.known_hosts: is missing; write a file with the git host's public keys, as ssh-keyscan prints them and its operator publishes them"#]],
    );
    check_faults(
        &format!("{WHOLE}\n[git.ssh]\nkey = \"/etc/key\""),
        expect!["config.toml: git.ssh: is for a git.url of ssh only; remove it, or change git.url"],
    );
    check_faults(
        &format!("{WHOLE}\n[webhook]\nlisten = [\"[::]:8090\"]"),
        expect![
            "config.toml: webhook.secret_file: is missing; write the file of the secret that the git host signs with"
        ],
    );
    check_faults(
        &format!("{WHOLE}\n[webhook]\nsecret_file = \"/etc/secret\""),
        expect![[
            r#"config.toml: webhook.listen: is missing; write where the git host reaches it, for instance ["[::]:8090"]"#
        ]],
    );
    check_faults(
        &format!("{WHOLE}\n[webhook]\nlisten = \"x\"\nsecret_file = \"/etc/secret\""),
        expect![[r#"config.toml: webhook.listen: is no list; write ["x"]"#]],
    );
    check_faults(
        &format!(
            "{WHOLE}\n[edges]\nhttps_port = 0\nresolvers = [\"dns.example\"]\naddresses = [\"203.0.113.1:443\", \"::1\"]"
        ),
        expect![[r#"
        config.toml: edges.https_port: is no port from 1 to 65535; write one, for instance 443
        config.toml: edges.resolvers: "dns.example" is no address with a port; write for instance "192.0.2.1:53" or "[::]:8089"
        config.toml: edges.addresses: "203.0.113.1:443" is no IP address; write for instance "203.0.113.1" or "2001:db8::1""#]],
    );
}

#[test]
fn waits_that_cannot_be_kept_say_what_to_write() {
    let retry = |lines: &str| format!("{WHOLE}\n[retry]\n{lines}\n");
    check_faults(
        &retry(
            "validation = [\"soon\", \"1m\", \"0s\"]\nfree = \"10m\"\nfree_max = \"5m\"\npark_after = \"0s\"\nfre = 1",
        ),
        expect![[r#"
            config.toml: retry.validation: "soon" is no duration; write for instance "30s", "10m" or "7d"
            config.toml: retry.validation: is zero; write at least "1s"
            config.toml: retry.free_max: a wait of 5m after one of 10m is shorter; write waits that grow
            config.toml: retry.park_after: is zero; write at least "1s"
            config.toml: retry.fre: is not a setting of nws-certd; look for a misspelling, or remove it"#]],
    );
    let rarely = read(&retry("free = \"10m\"")).unwrap().retry.backoff.free;
    assert_eq!(rarely.after(9), time::Duration::minutes(10), "never less than the first");
    check_faults(
        &retry("validation = []\nfree = \"100ms\""),
        expect![[r#"
            config.toml: retry.validation: is empty; write at least one wait, for instance ["1m", "10m", "100m", "1d"]
            config.toml: retry.free: a wait of 100ms is not kept; write one from "1s" to "7d""#]],
    );
    check_faults(
        &retry("validation = [\"10m\", \"1m\"]\nfree_max = \"30d\""),
        expect![[r#"
        config.toml: retry.validation: a wait of 1m after one of 10m is shorter; write waits that grow
        config.toml: retry.free_max: a wait of 30d is not kept; write one from "1s" to "7d""#]],
    );
    check_faults(
        &retry("validation = \"1m\"\nfree_max = \"eternally\""),
        expect![[r#"
        config.toml: retry.validation: is no list; write ["1m"]
        config.toml: retry.free_max: "eternally" is no duration; write for instance "30s", "10m" or "7d""#]],
    );
}

#[test]
fn five_faults_are_five_lines() {
    check_faults(
        r#"
[ca]
directory = "http://ca.example/directory"
terms_agreed = "yes"
[git]
encryption = "none"
batch = "thirty"
pol = "5s"
"#,
        expect![[r#"
            config.toml: ca.directory: "http://ca.example/directory" does not begin with https://, and a CA speaks nothing else
            config.toml: ca.terms_agreed: invalid type: found string "yes", expected a boolean
            config.toml: git.url: is missing; write the repository, for instance "git@git.example:platform/gitops.git"
            config.toml: git.batch: "thirty" is no duration; write for instance "30s", "2m" or "30days"
            config.toml: git.pol: is not a setting of nws-certd; look for a misspelling, or remove it"#]],
    );
}

#[test]
fn each_kind_of_fault_says_what_to_write() {
    check_faults(
        &format!(
            "{WHOLE}\nauthor = \"nobody\"\npoll = \"0s\"\nbranch = \"a..b\"\n[orders]\nconcurrency = 0\nkey_type = \"rsa\"\n[names]\nallow = [\"Shop.example\", \"*.*.example\"]\n[challenge]\nlisten = []\n[discover]\ncert_manager = \"steal\"\nexclude = [\"../apps\"]\n[renewal]\nsweep = \"noon\"\n[certs]\na = 1\n"
        ),
        expect![[r#"
            config.toml: git.branch: "a..b" is no branch name (see git check-ref-format)
            config.toml: git.poll: is zero; write at least "1s"
            config.toml: git.author: "nobody" is no author; write "Name <address>"
            config.toml: discover.exclude: "../apps" matches no path in a repository; write it relative to the top, as in "apps/**/*.yaml"
            config.toml: discover.cert_manager: "steal" is neither "skip" nor "adopt"
            config.toml: names.allow: "Shop.example" is no pattern for host names; write shop.example, *.example or **.example
            config.toml: names.allow: "*.*.example" is no pattern for host names; write shop.example, *.example or **.example
            config.toml: challenge.listen: is empty; write at least one address, for instance ["[::]:8089"]
            config.toml: orders.concurrency: is no whole number from 1 on; write one, for instance 8
            config.toml: orders.key_type: unknown key type "rsa"; write one of ecdsa-p256, ecdsa-p384, rsa-2048, rsa-3072, rsa-4096
            config.toml: renewal.sweep: "noon" is no time of day; write HH:MM (UTC)
            config.toml: certs: is not a setting of nws-certd; look for a misspelling, or remove it"#]],
    );
}

#[test]
fn what_is_no_number_and_what_is_no_list_says_what_to_write() {
    let ca = |more: &str| WHOLE.replace("[git]", &format!("{more}\n[git]"));
    check_faults(
        &ca("requests_per_second = 0\nrequests_in_flight = -1\ncontact = \"mailto:a@b.example\""),
        expect![[r#"
            config.toml: ca.requests_per_second: is no whole number from 1 on; write one, for instance 20
            config.toml: ca.requests_in_flight: is no whole number from 1 on; write one, for instance 32
            config.toml: ca.contact: is no list; write ["mailto:a@b.example"]"#]],
    );
    check_faults(
        &format!("{}[orders]\nconcurrency = 1.5\n[challenge]\nlisten = 8089", ca("contact = [1]")),
        expect![[r#"
            config.toml: ca.contact: is no list of texts; write one, for instance ["first", "second"]
            config.toml: challenge.listen: is no list of texts; write one, for instance ["first", "second"]
            config.toml: orders.concurrency: is no whole number from 1 on; write one, for instance 8"#]],
    );
}

#[test]
fn an_account_that_cannot_be_says_what_to_write() {
    let ca = |more: &str| WHOLE.replace("[git]", &format!("{more}\n[git]"));
    check_faults(
        &ca("contact = [\"ops@platform.example\", \"mailto:a@b.example\"]\naccount = \"key\""),
        expect![[r#"
            config.toml: ca.contact: "ops@platform.example" is no contact; write one address as in mailto:ops@example.org
            config.toml: ca.account: "key" is no name for an account key; write 1 to 32 of a-z, 0-9 and -, and not "key", which is the key file's"#]],
    );
    check_faults(
        &ca("[ca.eab]\nkid = \"kid-1\""),
        expect![
            "config.toml: ca.eab.key_file: is missing; write the file of the HMAC key that the CA gave you with the key id"
        ],
    );
    check_faults(
        &ca("[ca.limits]\nnew_orders = \"many\"\nrenewals = \"no\"\nexact = \"5/7d\""),
        expect![[r#"
            config.toml: ca.limits.new_orders: "many" is no limit; write how many in which period, for instance "300/3h", or "none"
            config.toml: ca.limits.renewals: "no" is neither "free", where renewals use up no new orders, nor "counted"
            config.toml: ca.limits.exact: is not a setting of nws-certd; look for a misspelling, or remove it"#]],
    );
    check_faults(
        &ca("[ca.eab]\nkey_file = \"/etc/eab\"\nkey = \"x\""),
        expect![[r#"
            config.toml: ca.eab.kid: is missing; write the key id that the CA gave you
            config.toml: ca.eab.key: is not a setting of nws-certd; look for a misspelling, or remove it"#]],
    );
}

#[test]
fn one_of_several_cas_is_named_with_its_file() {
    let two = WHOLE.replace("[ca]", "[[ca]]").replace(
        "[git]",
        "[[ca]]\ndirectory = \"https://second.example/d\"\nterms_agreed = true\nprofil = 1\n[git]",
    );
    check_faults(
        &two,
        expect![
            "config.toml: ca.2.profil: is not a setting of nws-certd; look for a misspelling, or remove it"
        ],
    );
}

#[test]
fn what_is_no_toml_says_where() {
    check_faults(
        "[ca\ndirectory = 1",
        expect![[r#"
        config.toml: TOML parse error at line 1, column 4
            |
          1 | [ca
            |    ^
          unclosed table, expected `]`"#]],
    );
}

#[test]
fn terms_and_clear_keys_are_never_taken_for_granted() {
    check_faults(
        "[ca]\ndirectory = \"https://ca.example/d\"\nterms_agreed = false\n[git]\nurl = \"/srv/gitops.git\"\nencryption = \"rot13\"",
        expect![[r#"
            config.toml: ca.terms_agreed: is false; no CA issues before its terms of service are agreed to: read them, then write true
            config.toml: git.encryption: "rot13" is none of "sealed-secrets", "sops-age", "sops-secret", "none"; write one of them"#]],
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let said = Config::read(Path::new("/nonexistent/config.toml")).unwrap_err();
    assert_eq!(
        said.to_string(),
        "/nonexistent/config.toml: cannot be read; write one there or name another with --config"
    );
}

mod discover;
