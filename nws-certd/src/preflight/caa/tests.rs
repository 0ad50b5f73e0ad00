use super::*;

const OURS: &str = "https://ca.test/account/7";

fn told(critical: bool, tag: &str, value: &str, account: Option<&str>) -> String {
    let record = CaaRecord { critical, tag: tag.into(), value: value.into() };
    let account = account.map(|url| url.parse().unwrap());
    let issuer = Issuer { identities: vec!["ca.test".into()], account };
    let forbidden = forbids(&("shop.example".into(), vec![record]), &issuer);
    forbidden.map_or_else(|| "nothing".into(), |forbidden| forbidden.to_string())
}

#[test]
fn what_is_in_the_way_is_told_with_what_helps_against_just_that() {
    let other = "ca.test; accounturi=https://ca.test/account/8";
    let cases = [
        ((false, "issue", "ca.test", Some(OURS)), "nothing"),
        (
            (false, "issue", "other.test", Some(OURS)),
            "CAA records let only other.test issue (at shop.example); add the record: shop.example. CAA 0 issue \"ca.test\"",
        ),
        (
            (false, "issue", other, Some(OURS)),
            "the CAA record that names the CA names another account: https://ca.test/account/8 (at shop.example); add the record: shop.example. CAA 0 issue \"ca.test; accounturi=https://ca.test/account/7\"",
        ),
        (
            (false, "issue", other, None),
            "the CAA record that names the CA names another account: https://ca.test/account/8 (at shop.example); add the record: shop.example. CAA 0 issue \"ca.test; accounturi=URL\" (the account's URL is not known here; see nws-certd account show)",
        ),
        (
            (false, "issue", "ca.test; validationmethods=dns-01", Some(OURS)),
            "the CAA record that names the CA allows other methods than http-01: dns-01 (at shop.example); add the record: shop.example. CAA 0 issue \"ca.test; validationmethods=http-01\"",
        ),
        (
            (true, "policy", "x", Some(OURS)),
            "a critical CAA record has the unknown tag \"policy\" (at shop.example); remove that record, or make it not critical",
        ),
    ];
    for ((critical, tag, value, account), want) in cases {
        assert_eq!(told(critical, tag, value, account), want, "{tag} {value}");
    }
}
