//! What is said to every program on a machine, not only to this one.

use nws_acme::{InvalidProxyUrl, Proxy};

/// A variable that names no proxy.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct BadProxy {
    pub(super) variable: &'static str,
    pub(super) reason: InvalidProxyUrl,
}

/// The proxy that CAs are reached through, and by `NO_PROXY` who is not. In either case of letters, as other programs have it; an
/// empty variable is as good as none.
pub(super) fn proxy(
    variable: impl Fn(&'static str) -> Option<String>,
) -> Result<Option<Proxy>, BadProxy> {
    let first = |names: [&'static str; 2]| {
        let set = |name| Some((name, variable(name).filter(|text| !text.is_empty())?));
        names.into_iter().find_map(set)
    };
    let Some((name, url)) = first(["HTTPS_PROXY", "https_proxy"]) else { return Ok(None) };
    let url = url.parse().map_err(|reason| BadProxy { variable: name, reason })?;
    let direct = first(["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, hosts)| hosts);
    Ok(Some(Proxy::new(url, &direct)))
}

/// A variable of this process.
#[expect(clippy::disallowed_methods, reason = "the configuration reads the environment")]
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_named_as_for_other_programs() {
        let bad = |variable, reason| Err(BadProxy { variable, reason });
        let to = |url: &str| Ok(Some(url.to_owned()));
        let cases: [(&str, &[(&str, &str)], _); 7] = [
            ("nothing", &[], Ok(None)),
            ("upper case", &[("HTTPS_PROXY", "http://a.example:1")], to("http://a.example:1")),
            ("lower case", &[("https_proxy", "a.example:1")], to("http://a.example:1")),
            ("both", &[("https_proxy", "b:1"), ("HTTPS_PROXY", "a:1")], to("http://a:1")),
            ("empty", &[("HTTPS_PROXY", ""), ("https_proxy", "")], Ok(None)),
            ("for others", &[("HTTP_PROXY", "a:1"), ("NO_PROXY", "*")], Ok(None)),
            ("no port", &[("https_proxy", "a")], bad("https_proxy", InvalidProxyUrl::NoPort)),
        ];
        for (case, set, want) in cases {
            let variable =
                |name| set.iter().find(|(set, _)| *set == name).map(|(_, text)| (*text).to_owned());
            let got = proxy(variable).map(|proxy| proxy.map(|proxy| proxy.url().to_string()));
            assert_eq!(got, want, "{case}");
        }
    }
}
