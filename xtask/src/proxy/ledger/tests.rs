use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;

const ORDER: &str = "/my-order/";

fn answer(status: u16, location: &str, body: &serde_json::Value) -> Response<String> {
    let answer = Response::builder().status(status).header("Location", location);
    answer.body(body.to_string()).unwrap()
}

/// newOrder for `name` is answered with an order `id` that has the authorization `a-id`.
fn make(ledger: &Ledger, name: &str, id: &str) {
    let asked = json!({"identifiers": [{"type": "dns", "value": name}], "replaces": "aki.AIdlQyE"});
    let request = json!({"payload": BASE64_URL_SAFE_NO_PAD.encode(asked.to_string())});
    let order =
        json!({"status": "pending", "authorizations": [format!("https://ca/authZ/a-{id}")]});
    let answer = answer(201, &format!("https://ca{ORDER}{id}"), &order);
    ledger.asked(Endpoint::NewOrder, "/order-plz");
    ledger.answered(Endpoint::NewOrder, "/order-plz", request.to_string().as_bytes(), &answer);
}

fn look(ledger: &Ledger, id: &str, status: u16, body: &serde_json::Value) {
    let path = format!("{ORDER}{id}");
    ledger.asked(Endpoint::Order, &path);
    ledger.answered(Endpoint::Order, &path, b"", &answer(status, "", body));
}

/// What is the case, what happens between two orders for the same name, and how many are second then.
type Case = (&'static str, fn(&Ledger), usize);

#[test]
fn an_order_is_second_only_while_a_known_one_goes_on() {
    let known = |ledger: &Ledger| ledger.asked(Endpoint::Authorization, "/authZ/a-1");
    let cases: [Case; 6] = [
        ("nobody can tell whether the first was known", |_| {}, 0),
        ("its authorization was asked for", known, 1),
        ("it was looked at", |ledger| look(ledger, "1", 200, &json!({"status": "pending"})), 1),
        ("it was to be finalized", |l| l.asked(Endpoint::Finalize, "/finalize-order/1"), 1),
        ("it has failed", |ledger| look(ledger, "1", 200, &json!({"status": "invalid"})), 0),
        ("the CA has lost it", |ledger| look(ledger, "1", 404, &json!({})), 0),
    ];
    for (case, meanwhile, seconds) in cases {
        let ledger = Ledger::default();
        make(&ledger, "a.example", "1");
        make(&ledger, "b.example", "2");
        meanwhile(&ledger);
        make(&ledger, "a.example", "3");
        assert_eq!(ledger.seconds().len(), seconds, "{case}");
    }
}

#[test]
fn a_reused_authorization_tells_nothing_of_the_order_that_reuses_it() {
    let ledger = Ledger::default();
    make(&ledger, "a.example", "1");
    make(&ledger, "b.example", "2");
    let reusing = json!({"status": "ready", "authorizations": ["https://ca/authZ/a-1"]});
    let answer = answer(201, "", &reusing);
    ledger.answered(Endpoint::Order, "/my-order/2", b"", &answer);
    ledger.asked(Endpoint::Authorization, "/authZ/a-1");
    make(&ledger, "b.example", "3");
    assert_eq!(ledger.seconds().len(), 0);
}

#[test]
fn what_was_asked_for_and_what_came_of_it_is_kept() {
    let ledger = Ledger::default();
    make(&ledger, "a.example", "1");
    let order = json!({"status": "valid", "certificate": "https://ca/certZ/00ab12"});
    let finalized = answer(200, "", &json!({"status": "processing"}));
    ledger.answered(Endpoint::Finalize, "/finalize-order/1", b"", &finalized);
    look(&ledger, "1", 200, &order);
    let orders = ledger.orders();
    let order = &orders["1"];
    assert_eq!(order.names, ["a.example"]);
    assert_eq!(order.replaces.as_deref(), Some("aki.AIdlQyE"));
    assert_eq!(order.replaced_serial().as_deref(), Some("87654321"));
    assert_eq!((order.finalized, order.serial.as_deref()), (true, Some("ab12")));
    assert_eq!(order.standing, Standing::Known);
    let refusal = json!({"identifiers": [{"type": "dns", "value": "c.example"}]});
    let refusal = json!({"payload": BASE64_URL_SAFE_NO_PAD.encode(refusal.to_string())});
    let no = answer(403, "", &json!({}));
    ledger.answered(Endpoint::NewOrder, "/order-plz", refusal.to_string().as_bytes(), &no);
    let refused = |name: &str| ledger.refused_for(&[name]).len();
    assert_eq!((refused("a.example"), refused("c.example")), (0, 1));
    let of = |names: &[&str]| ledger.orders_for(names).len();
    assert_eq!((of(&["a.example"]), of(&["a.example", "b.example"])), (1, 0));
}
