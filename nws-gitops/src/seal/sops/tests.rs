use super::ciphertext::Ciphertext;

/// A value is ours only if we would have written it so, to the letter.
#[test]
fn which_values_are_ours() {
    let (data, iv) = ("mHeXsmQ=", "vUMpILz3xchORqkzDFvgwENY7EqIHHGJdEF6C8xqbFE=");
    let value = |data: &str, iv: &str, tag: &str, kind: &str| {
        format!("ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:{kind}]")
    };
    let tag = "IroV7hykADvD0IUaq6kikA==";
    let cases = [
        ("of SOPS itself", value(data, iv, tag, "str"), true),
        ("empty", value("", iv, tag, "str"), true),
        ("a number", value(data, iv, tag, "int"), false),
        ("an IV of 12 bytes", value(data, "vUMpILz3xchORqkz", tag, "str"), false),
        ("a short tag", value(data, iv, "IroV7hykADvD0IUaq6k=", "str"), false),
        ("without padding", value("mHeXsmQ", iv, tag, "str"), false),
        ("with stray bits", value("mHeXsmR=", iv, tag, "str"), false),
        ("with a blank", value("mHeX smQ=", iv, tag, "str"), false),
        ("cut", value(data, iv, tag, "str").replace(']', ""), false),
        ("a text", "value".to_owned(), false),
    ];
    for (case, text, want) in cases {
        let read = text.parse::<Ciphertext>();
        assert_eq!(read.is_ok(), want, "{case}");
        if let Ok(read) = read {
            assert_eq!(read.to_string(), text, "{case}");
        }
    }
}
