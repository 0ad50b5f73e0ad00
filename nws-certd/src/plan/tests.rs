mod naming;
mod obstacles;
mod overrides;
mod reasons;
mod sealing;

use std::fmt::Write as _;
use std::time::Duration as StdDuration;

use expect_test::{Expect, expect};
use nws_expiry::budget::Limits;
use nws_expiry::{Chain, DnsNames, Issued, PrivateKey};
use nws_gitops::{
    Author, Content, Discover, Edit, Git, Message, Mirror, Provenance, Remote, Seals, SharedHosts,
    Tip, deliveries,
};
use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::store::{CertificateFacts, IssuedFacts, Outlook};

const NOON: OffsetDateTime = datetime!(2026-03-01 12:00 UTC);
const CA: &str = "https://ca.example/directory";

/// Several namespaces may want one host: that is how one certificate comes to several Secrets here.
fn discover() -> Discover {
    Discover { shared_hosts: SharedHosts::Allow, ..Discover::default() }
}

/// A repository that is written as the test reads.
struct Repository {
    mirror: Mirror,
    tip: Tip,
    _dir: tempfile::TempDir,
}

impl Repository {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let remote = Remote {
            url: "file:///nonexistent.git".parse().unwrap(),
            branch: "main".parse().unwrap(),
        };
        let path = option_env!("PATH").unwrap_or("/usr/bin").into();
        let git = Git::new(&dir.path().join("home"), path, StdDuration::from_secs(60));
        let mirror = Mirror::open(&dir.path().join("mirror"), remote, git).unwrap();
        Self { mirror, tip: Tip { commit: None }, _dir: dir }
    }

    fn edit(mut self, edits: &[Edit]) -> Self {
        let author = Author::new("Tests", "tests@example.invalid").unwrap();
        let commit = self
            .mirror
            .commit(&self.tip, edits, &Message::for_deliveries(&[]), &author, NOON)
            .unwrap();
        self.tip = Tip { commit: Some(commit.unwrap().id) };
        self
    }

    fn file(self, path: &str, text: &str) -> Self {
        let content = Content::Write(text.as_bytes().to_vec().into());
        self.edit(&[Edit { path: path.parse().unwrap(), content }])
    }

    /// An Ingress that wants a Secret for some hosts.
    fn wants(self, secret: &str, hosts: &str) -> Self {
        let (namespace, name) = secret.split_once('/').unwrap();
        let hosts: Vec<_> = hosts.split(' ').collect();
        let mut text = String::new();
        writeln!(text, "apiVersion: networking.k8s.io/v1\nkind: Ingress").unwrap();
        writeln!(text, "metadata: {{name: {name}, namespace: {namespace}}}").unwrap();
        writeln!(text, "spec: {{tls: [{{hosts: [{}], secretName: {name}}}]}}", hosts.join(", "))
            .unwrap();
        self.file(&format!("apps/{namespace}-{name}.yaml"), &text)
    }

    /// A Secret of ours, delivered as the daemon would.
    fn holds(self, secret: &str, issued: &Issued) -> Self {
        self.holds_from(secret, issued, &Provenance::default())
    }

    /// The same, with who issued it and how.
    fn holds_from(self, secret: &str, issued: &Issued, from: &Provenance) -> Self {
        let key = WantKey { target: Default::default(), secret: secret.parse().unwrap() };
        let plan = deliveries(&self.read(), &[(key, issued, from)], &Seals::clear(NOON));
        self.edit(&plan.edits)
    }

    fn read(&self) -> Inventory {
        self.mirror.inventory(&self.tip, &discover()).unwrap()
    }
}

/// A certificate of 90 days that was issued so many days ago.
fn issued(hosts: &str, days_ago: i64) -> Issued {
    issued_with(hosts, days_ago, &rcgen::PKCS_ECDSA_P256_SHA256)
}

/// The same, with another kind of key.
fn issued_with(hosts: &str, days_ago: i64, kind: &'static SignatureAlgorithm) -> Issued {
    let names = names(hosts);
    let mut params =
        CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.not_before = NOON - Duration::days(days_ago);
    params.not_after = params.not_before + Duration::days(90);
    let pair = KeyPair::generate_for(kind).unwrap();
    let der = params.self_signed(&pair).unwrap().der().as_ref().into();
    let key = PrivateKey::from_pkcs8_der(pair.serialized_der()).unwrap();
    Issued::check(Chain::from_der(vec![der]).unwrap(), key, &names, params.not_before).unwrap()
}

fn names(hosts: &str) -> DnsNames {
    DnsNames::new(hosts.split(' ').map(|host| host.parse().unwrap())).unwrap()
}

fn certificate(hosts: &str) -> CertificateFacts {
    let key = CertificateKey { names: names(hosts), key_type: KeyType::EcdsaP256, profile: None };
    CertificateFacts {
        key,
        issued: None,
        failures: 0,
        wait_until: None,
        last_error: None,
        asked_at: None,
        failing_since: None,
        parked: None,
        outlook: Outlook::default(),
        served: None,
    }
}

fn stored(hosts: &str, issued: &Issued) -> CertificateFacts {
    let stored =
        IssuedFacts { chain: issued.chain().clone(), at: NOON, ca: Some(CA.into()), profile: None };
    CertificateFacts { issued: Some(stored), ..certificate(hosts) }
}

fn facts(certificates: impl IntoIterator<Item = CertificateFacts>) -> Facts {
    Facts { certificates: certificates.into_iter().collect(), ..Facts::default() }
}

/// A plan as lines: names, what there is to deliver, what comes next.
fn lines(plan: &Plan) -> String {
    let delivery = |want: &PlannedWant| match &want.delivery {
        Delivery::Nothing => format!("{} nothing", want.key),
        Delivery::Outbox => format!("{} outbox", want.key),
        Delivery::Pushed(path) => format!("{} in {path}", want.key),
    };
    let next = |next: &Next| match next {
        Next::Keep { until, .. } => format!("keep {} days", (*until - NOON).whole_days()),
        Next::Order(Reason::Due { .. }) => "order: due".into(),
        Next::Order(reason) => format!("order: {reason}"),
        Next::Wait { until, reason, on } => {
            format!("wait {} on {on:?}: {reason}", *until - NOON)
        }
    };
    let line = |planned: &Planned| {
        let wants: Vec<_> = planned.wants.iter().map(delivery).collect();
        format!("{}: {}; {}\n", planned.key.names, wants.join(", "), next(&planned.next))
    };
    plan.certificates.iter().map(line).collect()
}

fn view(ca: &str) -> CaView {
    let ledger = Arc::new(Ledger::new(Limits::NONE));
    CaView {
        name: None,
        directory: ca.into(),
        profile: None,
        availability: Availability::Up,
        ledger,
    }
}

fn plan(repository: &Repository, facts: &Facts) -> Plan {
    plan_for(repository, facts, &[view(CA)])
}

fn plan_for(repository: &Repository, facts: &Facts, cas: &[CaView]) -> Plan {
    let policy = Policy { renew_before: None, sweep: "03:00".parse().unwrap() };
    let rules = Rules { policy, key_type: KeyType::EcdsaP256, installation: "tests".into() };
    Plan::of(NOON, &repository.read(), facts, &rules, cas, &BTreeMap::new())
}

#[expect(clippy::needless_pass_by_value, reason = "as expect! gives it")]
fn check(repository: &Repository, facts: Facts, want: Expect) {
    want.assert_eq(&lines(&plan(repository, &facts)));
}

#[test]
fn what_nobody_has_is_ordered() {
    let repository = Repository::new()
        .wants("shop/tls", "shop.example")
        .wants("blog/tls", "www.blog.example blog.example");
    check(
        &repository,
        facts([]),
        expect![[r#"
        blog.example, www.blog.example: blog/tls nothing; order: there is no certificate yet
        shop.example: shop/tls nothing; order: there is no certificate yet
    "#]],
    );
}

#[test]
fn the_same_names_in_two_secrets_are_one_certificate() {
    let repository =
        Repository::new().wants("shop/tls", "shop.example").wants("edge/tls", "shop.example");
    check(
        &repository,
        facts([]),
        expect![[r#"
        shop.example: edge/tls nothing, shop/tls nothing; order: there is no certificate yet
    "#]],
    );
}

#[test]
fn what_the_branch_holds_is_kept_without_any_state() {
    let repository = Repository::new()
        .wants("shop/tls", "shop.example")
        .holds("shop/tls", &issued("shop.example", 1));
    check(
        &repository,
        facts([]),
        expect![[r#"
        shop.example: shop/tls in certs/shop/tls.yaml; keep 58 days
    "#]],
    );
}

#[test]
fn what_is_stored_is_delivered_wherever_it_is_missing() {
    let newest = issued("shop.example", 0);
    let repository = Repository::new()
        .wants("shop/tls", "shop.example")
        .wants("edge/tls", "shop.example")
        .holds("shop/tls", &newest);
    check(
        &repository,
        facts([stored("shop.example", &newest)]),
        expect![[r#"
        shop.example: edge/tls outbox, shop/tls in certs/shop/tls.yaml; keep 59 days
    "#]],
    );
}

#[test]
fn a_second_secret_for_names_whose_key_is_lost_is_ordered_for() {
    let repository = Repository::new()
        .wants("shop/tls", "shop.example")
        .wants("edge/tls", "shop.example")
        .holds("shop/tls", &issued("shop.example", 1));
    check(
        &repository,
        facts([]),
        expect![[r#"
            shop.example: edge/tls nothing, shop/tls in certs/shop/tls.yaml; order: reissue: key not held, and somebody lacks it
        "#]],
    );
}

#[test]
fn a_renewal_is_ordered_and_the_old_one_stays_until_then() {
    let old = issued("shop.example", 70);
    let repository = Repository::new().wants("shop/tls", "shop.example").holds("shop/tls", &old);
    check(
        &repository,
        facts([stored("shop.example", &old)]),
        expect![[r#"
        shop.example: shop/tls in certs/shop/tls.yaml; order: due
    "#]],
    );
    check(
        &repository,
        facts([stored("shop.example", &issued("shop.example", 0))]),
        expect![[r#"
        shop.example: shop/tls outbox; keep 59 days
    "#]],
    );
}

#[test]
fn what_is_there_is_never_made_worse() {
    let repository = Repository::new()
        .wants("shop/tls", "shop.example")
        .holds("shop/tls", &issued("shop.example", 1));
    check(
        &repository,
        facts([stored("shop.example", &issued("shop.example", 40))]),
        expect![[r#"
        shop.example: shop/tls in certs/shop/tls.yaml; keep 58 days
    "#]],
    );
}

#[test]
fn another_set_of_names_is_another_certificate() {
    let old = issued("shop.example", 1);
    let repository = Repository::new()
        .wants("shop/tls", "shop.example www.shop.example")
        .holds("shop/tls", &old);
    check(
        &repository,
        facts([stored("shop.example", &old)]),
        expect![[r#"
        shop.example, www.shop.example: shop/tls nothing; order: there is no certificate yet
    "#]],
    );
}

#[test]
fn a_failure_is_waited_out() {
    let repository = Repository::new().wants("shop/tls", "shop.example");
    let waiting = |until| CertificateFacts {
        failures: 1,
        wait_until: Some(until),
        ..certificate("shop.example")
    };
    check(
        &repository,
        facts([waiting(NOON + Duration::MINUTE)]),
        expect![[r#"
            shop.example: shop/tls nothing; wait 1m on Failure: there is no certificate yet
        "#]],
    );
    check(
        &repository,
        facts([waiting(NOON)]),
        expect![[r#"
        shop.example: shop/tls nothing; order: there is no certificate yet
    "#]],
    );
}

#[test]
fn a_secret_of_somebody_else_is_left_alone_and_nothing_is_ordered() {
    let secret = "apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: tls, namespace: shop}\ndata: {tls.crt: \"\", tls.key: \"\"}\n";
    let repository =
        Repository::new().wants("shop/tls", "shop.example").file("apps/secret.yaml", secret);
    check(&repository, facts([]), expect![[""]]);
    let faults = repository.read().faults;
    assert_eq!(faults.len(), 1, "and it is reported: {faults:?}");
}

#[test]
fn a_plan_that_was_carried_out_is_empty() {
    let newest = issued("shop.example", 0);
    let repository = Repository::new().wants("shop/tls", "shop.example");
    let facts = facts([stored("shop.example", &newest)]);
    assert_eq!(plan(&repository, &facts).outbox().count(), 1);
    let done = repository.holds("shop/tls", &newest);
    let plan = plan(&done, &facts);
    assert_eq!(plan.outbox().count(), 0);
    assert!(matches!(plan.certificates[0].next, Next::Keep { .. }));
}
