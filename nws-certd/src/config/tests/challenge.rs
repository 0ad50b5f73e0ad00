use expect_test::expect;

use super::*;
use crate::config::StatelessAnswers;

#[test]
fn where_and_what_is_answered_can_be_said() {
    let everywhere = "[::]:8089";
    let cases = [
        ("nothing", "", vec![everywhere], vec![], StatelessAnswers::Off),
        ("off", "stateless = \"off\"", vec![everywhere], vec![], StatelessAnswers::Off),
        (
            "known hosts",
            "stateless = \"known-hosts\"",
            vec![everywhere],
            vec![],
            StatelessAnswers::KnownHosts,
        ),
        ("any", "stateless = \"any\"", vec![everywhere], vec![], StatelessAnswers::Any),
        (
            "proxies beside validators",
            "listen_proxy_protocol = [\"[::]:8189\", \"0.0.0.0:8190\"]",
            vec![everywhere],
            vec!["[::]:8189", "0.0.0.0:8190"],
            StatelessAnswers::Off,
        ),
        (
            "proxies alone",
            "listen = []\nlisten_proxy_protocol = [\"[::]:8189\"]",
            vec![],
            vec!["[::]:8189"],
            StatelessAnswers::Off,
        ),
    ];
    for (case, said, listen, proxied, stateless) in cases {
        let got = read(&format!("{WHOLE}\n[challenge]\n{said}")).unwrap().challenge;
        let addresses = |all: Vec<&str>| -> Vec<SocketAddr> {
            all.into_iter().map(|one| one.parse().unwrap()).collect()
        };
        assert_eq!(got.listen, addresses(listen), "{case}");
        assert_eq!(got.listen_proxy_protocol, addresses(proxied), "{case}");
        assert_eq!(got.stateless, stateless, "{case}");
    }
}

#[test]
fn what_cannot_be_listened_to_says_what_to_write() {
    check_faults(
        &format!("{WHOLE}\n[challenge]\nlisten_proxy_protocol = [\"edge\"]\nstateless = \"hosts\""),
        expect![[r#"
            config.toml: challenge.listen_proxy_protocol: "edge" is no address with a port; write for instance "192.0.2.1:53" or "[::]:8089"
            config.toml: challenge.stateless: "hosts" is none of "off", "known-hosts", "any""#]],
    );
    check_faults(
        &format!(
            "{WHOLE}\n[challenge]\nlisten = [\"[::]:8189\"]\nlisten_proxy_protocol = [\"[::]:8189\"]"
        ),
        expect![
            "config.toml: challenge.listen_proxy_protocol: [::]:8189 is in challenge.listen too; a listener either requires the PROXY header or does not know it, so write each address in one of them"
        ],
    );
    check_faults(
        &format!("{WHOLE}\n[challenge]\nlisten = []\nlisten_proxy_protocol = []\nstateless = true"),
        expect![[r#"
            config.toml: challenge.stateless: bool true is none of "off", "known-hosts", "any"
            config.toml: challenge.listen: is empty; write at least one address, for instance ["[::]:8089"]"#]],
    );
}
