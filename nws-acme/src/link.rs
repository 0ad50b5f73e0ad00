use http::HeaderMap;
use http::header::LINK;

/// The URLs that an answer's Link headers give for a relation (RFC 8288 §3), as they came and in their order.
///
/// Lenient: what is no link is passed over, whether several stand in one header or each in its own.
pub(crate) fn links<'a>(
    headers: &'a HeaderMap,
    relation: &'a str,
) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(LINK).into_iter().filter_map(|value| value.to_str().ok());
    // a URL in angle brackets, and parameters up to the next opening one
    values.flat_map(|value| value.split('<').skip(1)).filter_map(move |link| {
        let (url, parameters) = link.split_once('>')?;
        parameters.split([';', ',']).any(|one| is_relation(one, relation)).then_some(url)
    })
}

/// `rel` has one relation or several, quoted or not, in any case.
fn is_relation(parameter: &str, relation: &str) -> bool {
    parameter.split_once('=').is_some_and(|(name, value)| {
        name.trim().eq_ignore_ascii_case("rel")
            && value
                .trim()
                .trim_matches('"')
                .split_ascii_whitespace()
                .any(|one| one.eq_ignore_ascii_case(relation))
    })
}

/// A target resolved against the URL of the answer that it came with (RFC 3986 §5.2), as far as a CA needs it: a whole URL, one
/// without its scheme, or a path from the root.
pub(crate) fn resolve(base: &str, target: &str) -> Option<String> {
    let (scheme, rest) = base.split_once("://")?;
    if target.contains("://") {
        Some(target.into())
    } else if target.starts_with("//") {
        Some(format!("{scheme}:{target}"))
    } else if target.starts_with('/') {
        let host = rest.split('/').next()?;
        Some(format!("{scheme}://{host}{target}"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_by_their_relation() {
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("as Boulder writes it", &["<https://ca/docs>;rel=\"help\""], &["https://ca/docs"]),
            ("without quotes", &["<https://ca/docs>; rel=help"], &["https://ca/docs"]),
            ("another relation", &["<https://ca/directory>;rel=\"index\""], &[]),
            (
                "several headers",
                &["<https://ca/directory>;rel=\"index\"", "<https://ca/1>;rel=\"help\""],
                &["https://ca/1"],
            ),
            (
                "several in one",
                &["<https://ca/1>; rel=\"help\", <https://ca/2>; title=\"x\"; REL=\"up Help\""],
                &["https://ca/1", "https://ca/2"],
            ),
            ("no relation", &["<https://ca/1>"], &[]),
            ("no link", &["https://ca/1; rel=\"help\""], &[]),
            ("an open bracket", &["<https://ca/1; rel=\"help\""], &[]),
        ];
        for (case, values, want) in cases {
            let values = values.iter().map(|value| (LINK, value.parse().unwrap()));
            let headers: HeaderMap = values.collect();
            assert_eq!(links(&headers, "help").collect::<Vec<_>>(), want, "{case}");
        }
    }

    #[test]
    fn targets_are_resolved_against_the_answers_url() {
        let base = "https://ca.example:14000/certificate/7";
        let cases = [
            ("https://ca.example/1", Some("https://ca.example/1")),
            ("//other.example/1", Some("https://other.example/1")),
            ("/certificate/7/1", Some("https://ca.example:14000/certificate/7/1")),
            ("1", None),
            ("", None),
        ];
        for (target, want) in cases {
            assert_eq!(resolve(base, target).as_deref(), want, "{target}");
        }
    }
}
