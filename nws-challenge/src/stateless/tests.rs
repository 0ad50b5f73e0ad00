use proptest::prelude::*;

use super::*;

const FIRST: &str = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
const OTHER: &str = "9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";

#[test]
fn hosts_are_found_as_validators_and_edges_write_them() {
    let long = format!("{}:80", "a".repeat(258));
    let cases = [
        ("as it is", Some("shop.example"), true),
        ("in capitals", Some("Shop.EXAMPLE"), true),
        ("with the port", Some("shop.example:80"), true),
        ("with a final dot", Some("shop.example."), true),
        ("with both", Some("shop.example.:80"), true),
        ("with an empty port", Some("shop.example:"), true),
        ("another", Some("www.example"), false),
        ("below it", Some("a.shop.example"), false),
        ("above it", Some("example"), false),
        ("two dots", Some("shop.example.."), false),
        ("what is no port", Some("shop.example:http"), false),
        ("a user before it", Some("user@shop.example"), false),
        ("a space", Some(" shop.example"), false),
        ("an address", Some("[2001:db8::1]:80"), false),
        ("too long", Some(&*long), false),
        ("empty", Some(""), false),
        ("none", None, false),
    ];
    for (case, host, want) in cases {
        let known = Stateless::KnownHosts(hosts());
        assert_eq!(known.thumbprint(host).is_some(), want, "{case}");
        let any = Stateless::Any { otherwise: FIRST.parse().unwrap(), hosts: hosts() };
        let of = any.thumbprint(host).unwrap().as_str();
        assert_eq!(of, if want { OTHER } else { FIRST }, "{case}");
        assert_eq!(Stateless::Off.thumbprint(host), None, "{case}");
    }
}

#[test]
fn debug_shows_no_thumbprint() {
    let any = Stateless::Any { otherwise: FIRST.parse().unwrap(), hosts: hosts() };
    assert_eq!(format!("{any:?}"), "Any { hosts: Hosts(1), .. }");
    assert_eq!(format!("{:?}", Stateless::KnownHosts(hosts())), "KnownHosts(Hosts(1))");
}

proptest! {
    /// Whatever a header says, a thumbprint is told for a known name alone.
    #[test]
    fn unknown_hosts_get_nothing(host in "(shop|.*)[.:@]?(example)?[.:]?.*") {
        let known = Stateless::KnownHosts(hosts());
        if known.thumbprint(Some(&host)).is_some() {
            prop_assert!(host.to_ascii_lowercase().starts_with("shop.example"));
        }
    }
}

fn hosts() -> Hosts {
    [("shop.example", OTHER.parse().unwrap())].into_iter().collect()
}
