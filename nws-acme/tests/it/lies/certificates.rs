use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use time::macros::datetime;

use super::{AWAY, FRESH, PAGE, case, check};
use crate::liar::Body;

#[tokio::test(start_paused = true)]
async fn about_a_certificate() {
    check(|spec| {
        let own = KeyPair::try_from(&PrivatePkcs8KeyDer::from(spec.key.pkcs8_der())).unwrap();
        let other = KeyPair::generate().unwrap();
        let (good, then) = (datetime!(2026-03-02 0:00 UTC), datetime!(2020-01-01 0:00 UTC));
        let for_other_names = certificate(&own, "b.example", good);
        let for_another_key = certificate(&other, "a.example", good);
        let expired = certificate(&own, "a.example", then);
        vec![
            case(
                "for other names",
                "/certificate/",
                move |answer| answer.body(for_other_names.clone()),
                FRESH,
            ),
            case(
                "for another key",
                "/certificate/",
                move |answer| answer.body(for_another_key.clone()),
                FRESH,
            ),
            case("expired", "/certificate/", move |answer| answer.body(expired.clone()), FRESH),
            case("a page, of the CA", "/certificate/", |answer| answer.body(PAGE), FRESH),
            case(
                "a page, of somebody else",
                "/certificate/",
                |answer| answer.without("replay-nonce").body(PAGE),
                AWAY,
            ),
            case("nothing", "/certificate/", |answer| answer.body(""), FRESH),
            case("no text", "/certificate/", |answer| answer.body(vec![0xff; 100]), FRESH),
            case(
                "a chain of garbage",
                "/certificate/",
                |answer| {
                    answer.body(
                        "-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n"
                            .repeat(3),
                    )
                },
                FRESH,
            ),
            case("it never ends", "/certificate/", |answer| answer.coming(Body::Endless), FRESH),
        ]
    })
    .await;
}

/// A certificate of nobody's, valid for 90 days.
fn certificate(key: &KeyPair, name: &str, not_before: time::OffsetDateTime) -> String {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.not_before = not_before - time::Duration::HOUR;
    params.not_after = not_before + 90 * time::Duration::DAY;
    params.self_signed(key).unwrap().pem()
}
