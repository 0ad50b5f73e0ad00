use super::*;

#[test]
fn a_repository_over_https_is_reached_as_it_is_said() {
    let over = |lines: &str| {
        let text = WHOLE.replace("file:///srv", "https://git.example");
        read(&format!("{text}{lines}")).map(|config| config.git[0].https.clone().unwrap())
    };
    let nothing = over("").unwrap();
    assert!(nothing.token_file.is_none() && nothing.ca_file.is_none() && nothing.proxy.is_none());
    let all = over(
        "[git.https]\ntoken_file = \"/etc/token\"\nuser = \"x-token-auth\"\nca_file = \"/etc/ca.pem\"\nproxy = \"http://proxy.example:3128\"\n",
    )
    .unwrap();
    assert_eq!(all.token_file, Some("/etc/token".into()));
    assert_eq!(all.user.as_str(), "x-token-auth");
    assert_eq!(all.ca_file, Some("/etc/ca.pem".into()));
    assert_eq!(all.proxy.unwrap().as_str(), "http://proxy.example:3128");
    let usual = over("[git.https]\ntoken_file = \"/etc/token\"\n").unwrap();
    assert_eq!(usual.user.as_str(), "x-access-token");
    assert!(read(WHOLE).unwrap().git[0].https.is_none());
}

#[test]
fn what_cannot_be_said_of_https_says_what_to_write() {
    let https = |url: &str, lines: &str| {
        let text = WHOLE.replace("file:///srv/gitops.git", url);
        format!("{text}[git.https]\n{lines}")
    };
    const URL: &str = "https://git.example/gitops.git";
    check_faults(
        &https(
            URL,
            "user = \"me:hunter2\"\nproxy = \"http://me:hunter2@proxy.example:1\"\ntoken = \"x\"",
        ),
        expect![[r#"
            config.toml: git.https.user: is no user name: it is empty, or has a colon or white space in it; the token goes into a file
            config.toml: git.https.proxy: carries credentials, which cannot be kept secret there; let the proxy admit this machine without
            config.toml: git.https.token: is not a setting of nws-certd; look for a misspelling, or remove it"#]],
    );
    check_faults(
        &https(URL, "user = \"me\""),
        expect![
            "config.toml: git.https.token_file: is missing; write the file of the token that goes with user"
        ],
    );
    check_faults(
        &https("/srv/gitops.git", "token_file = \"/etc/token\""),
        expect![
            "config.toml: git.https: is for a git.url of https only; remove it, or change git.url"
        ],
    );
    check_faults(
        &https("https://me:hunter2@git.example/a.git", "token_file = \"/etc/token\""),
        expect![
            "config.toml: git.url: the repository's URL carries credentials; remove them from it and configure them apart"
        ],
    );
    check_faults(
        &https("http://git.example/a.git", "token_file = \"/etc/token\""),
        expect![[
            r#"config.toml: git.url: the repository's URL has the scheme "http"; use ssh, https or file"#
        ]],
    );
}
