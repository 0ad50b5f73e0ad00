use clap::Parser as _;

use super::*;
use crate::accounts::AccountStanding;
use crate::args::{Args, Command};

const FIRST: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const SECOND: &str = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s";

fn report(ca: &str, thumbprint: &str) -> AccountReport {
    AccountReport {
        ca: ca.into(),
        url: Some(format!("{ca}/account/1")),
        standing: AccountStanding::Registered,
        ended_at: None,
        key: "account".into(),
        thumbprint: thumbprint.into(),
        next_thumbprint: None,
        contact: vec![],
        external_account: None,
        done: None,
        error: None,
    }
}

/// What an edge is told, or why not.
fn told(reports: &[AccountReport], line: &str) -> Result<String, String> {
    let words = ["nws-certd", "edge-config", "haproxy-stateless"];
    let words = words.into_iter().chain(line.split_whitespace());
    let Command::EdgeConfig(EdgeConfigCommand::HaproxyStateless(asked)) =
        Args::try_parse_from(words).unwrap().command
    else {
        panic!("{line}")
    };
    let way = stateless(reports, asked.ca.as_deref(), asked.map.as_ref());
    way.map(|way| text(&asked.edge, way)).map_err(|error| error.to_string())
}

#[test]
fn an_edge_answers_with_the_thumbprint_of_whom_it_answers_for() {
    let (a, b) = ("https://a.example", "https://b.example");
    let shared = [report(a, FIRST), report(b, FIRST)];
    let apart = [report(a, FIRST), report(b, SECOND)];
    let answer = |thumbprint: &str| format!("field(-1,/)].{thumbprint}\"");
    let text = told(&shared, "").unwrap();
    assert!(text.contains(&answer(FIRST)), "{text}");
    assert!(text.contains("accounturi=https://b.example/account/1"), "{text}");
    let text = told(&apart, "--ca https://b.example").unwrap();
    assert!(text.contains(&answer(SECOND)) && !text.contains(FIRST), "{text}");
    let text = told(&apart, "--map /etc/haproxy/accounts.map").unwrap();
    assert!(text.contains(&format!("map(/etc/haproxy/accounts.map,{FIRST})")), "{text}");
    assert!(text.contains(&format!("#   thumbprint {SECOND}")), "{text}");
}

#[test]
fn what_one_answer_cannot_be_for_is_refused_with_a_remedy() {
    let (a, b) = ("https://a.example", "https://b.example");
    let apart = [report(a, FIRST), report(b, SECOND)];
    let said = told(&apart, "").unwrap_err();
    assert!(said.contains("--map") && said.ends_with(&format!("{a}, {b}")), "{said}");
    let said = told(&apart, "--ca https://c.example").unwrap_err();
    assert_eq!(said, format!("https://c.example is no configured CA; name one of: {a}, {b}"));
    let mut broken = report(a, FIRST);
    broken.url = Some("https://a.example/1\n    use_backend evil".into());
    let said = told(&[broken], "").unwrap_err();
    assert!(said.contains("cannot stand in"), "{said}");
}

#[test]
fn replicas_are_named_where_nothing_says_where_they_are() {
    let none = EdgeBackends { backends: vec![] };
    let said = replicas(&none, None).unwrap_err().to_string();
    assert!(said.ends_with("--backend HOST:PORT"), "{said}");
    let named = EdgeBackends { backends: vec!["10.0.0.1:80".parse().unwrap()] };
    replicas(&named, None).unwrap();
}
