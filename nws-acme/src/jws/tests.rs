use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use serde_json::{Value, json};

use super::*;
use crate::{AccountKey, ExternalAccount, ImportedKey};

fn member(jws: &Value, name: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(jws[name].as_str().unwrap()).unwrap()
}

fn header(jws: &Value) -> Value {
    serde_json::from_slice(&member(jws, "protected")).unwrap()
}

/// RFC 7515 appendix A.2: the whole signature, as RSA with PKCS#1 v1.5 has no randomness.
#[test]
fn rs256_is_that_of_rfc_7515() {
    let jwk = json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB",
        "d": "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
        "p": "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
        "q": "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
        "dp": "BwKfV3Akq5_MFZDFZCnW-wzl-CCo83WoZvnLQwCTeDv8uzluRSnm71I3QCLdhrqE2e9YkxvuxdBfpT_PI7Yz-FOKnu1R6HsJeDCjn12Sk3vmAktV2zb34MCdy7cpdTh_YVr7tss2u6vneTwrA86rZtu5Mbr1C1XsmvkxHQAdYo0",
        "dq": "h_96-mK1R_7glhsum81dZxjTnYynPbZpHziZjeeHcXYsXaaMwkOlODsWa7I9xXDoRwbKgB719rrmI2oKr6N3Do9U0ajaHF-NKJnwgjMd2w9cjz3_-kyNlxAr2v4IKhGNpmM5iIgOS1VZnOZ68m6_pbLBSp3nssTdlqvd0tIiTHU",
        "qi": "IYd7DHOhrWvxkwPQsRM2tOgrjbcrfvtQJipd-DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd_QJQ3ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp_gh6A5603k2-ZQwVK0JKSHuLFkuQ3U"
    });
    let Ok(ImportedKey::Rsa(key)) = ImportedKey::from_file_text(&jwk.to_string()) else {
        panic!("an RSA key")
    };
    let input = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    assert_eq!(key.algorithm(), "RS256");
    assert_eq!(BASE64_URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).unwrap()), signature);
}

/// The key of RFC 7515 appendix A.3. Its signature is random, so what is checked is that it verifies, and its form: the two
/// numbers of 32 bytes.
#[test]
fn es256_is_of_the_form_of_rfc_7515() {
    let jwk = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
    });
    let Ok(ImportedKey::P256(key)) = ImportedKey::from_file_text(&jwk.to_string()) else {
        panic!("a P-256 key")
    };
    assert_eq!((key.jwk().to_json()["x"].clone(), key.algorithm()), (jwk["x"].clone(), "ES256"));

    let input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let theirs =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let theirs = BASE64_URL_SAFE_NO_PAD.decode(theirs).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.pkcs8_der()).unwrap();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key());
    for signature in [theirs, key.sign(input.as_bytes()).unwrap()] {
        assert_eq!(signature.len(), 64);
        public.verify(input.as_bytes(), &signature).unwrap();
    }
}

/// RFC 8555 §6.2: a new key comes along, an account is named, never both.
#[test]
fn a_request_names_its_signer() {
    let (key, url) = (AccountKey::generate().unwrap(), "https://ca.example/acme/x");
    let account = "https://ca.example/acct/1".parse().unwrap();
    let jwk = key.jwk().to_json();
    let cases = [
        (
            "a key",
            Signer::key(&key),
            Some("n1"),
            json!({ "alg": "ES256", "jwk": jwk, "nonce": "n1", "url": url }),
        ),
        (
            "an account",
            Signer::account(&key, &account),
            Some("n2"),
            json!({ "alg": "ES256", "kid": "https://ca.example/acct/1", "nonce": "n2", "url": url }),
        ),
        ("inside", Signer::key(&key), None, json!({ "alg": "ES256", "jwk": jwk, "url": url })),
    ];
    for (case, signer, nonce, want) in cases {
        let jws = signer.sign(url, nonce, "").unwrap();
        assert_eq!(header(&jws), want, "{case}");
        assert_eq!(jws["payload"], "", "{case}: POST-as-GET has an empty one, not an empty object");
        assert_eq!(jws.as_object().unwrap().len(), 3, "{case}");
    }
}

/// RFC 8555 §7.3.4, signed with the key of RFC 7515 appendix A.1.
#[test]
fn a_binding_is_the_account_key_under_the_others_mac() {
    let secret =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let external = ExternalAccount::new("kid-1", secret).unwrap();
    let (key, url) = (AccountKey::generate().unwrap(), "https://ca.example/new-account");
    let jws = external.bind(url, key.jwk());
    assert_eq!(header(&jws), json!({ "alg": "HS256", "kid": "kid-1", "url": url }));
    assert_eq!(member(&jws, "payload"), key.jwk().as_str().as_bytes());
    assert_eq!(member(&jws, "signature").len(), 32);
}
