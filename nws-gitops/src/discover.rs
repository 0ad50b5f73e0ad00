//! Where wanted certificates are looked for, and which names may be wanted.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use gix::glob::wildmatch::Mode;
use nws_expiry::{DnsName, InvalidDnsName};

use crate::{CaName, Issuers, Opting, RepoPath, RepositoryName, Targets};

/// What counts as wanting a certificate, and for which clusters.
///
/// But for the targets it governs only what is wanted: certificates that are already there are found in every file, so that leaving a directory
/// out never leads to ordering again what lies in it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Discover {
    /// Files to look at; empty for all.
    pub include: Vec<PathPattern>,
    /// Files to leave out even so.
    pub exclude: Vec<PathPattern>,
    /// Which objects are served that do not say themselves.
    pub mode: Opting,
    /// What to do with what cert-manager is told to serve, by an issuer that no CA stands for.
    pub cert_manager: CertManager,
    /// The CAs that may be named.
    pub cas: BTreeSet<CaName>,
    /// Which CA stands for which of its issuers; what names one of them is served.
    pub issuers: Issuers,
    /// The names that may be wanted.
    pub allow: NamePatterns,
    /// What to do with a host that several namespaces want.
    pub shared_hosts: SharedHosts,
    /// Which clusters want it, and where it goes.
    pub targets: Targets,
    /// Of several repositories those in which nothing is wanted, whatever stands there.
    pub nothing_wanted_in: BTreeSet<RepositoryName>,
}

impl Discover {
    /// Whether a file is looked at.
    pub fn covers(&self, path: &RepoPath) -> bool {
        let included = self.include.is_empty() || any(&self.include, path);
        included && !self.excludes(path) && !self.nothing_wanted_in.contains(path.repository())
    }

    /// Whether a file is left out on purpose.
    pub(crate) fn excludes(&self, path: &RepoPath) -> bool {
        any(&self.exclude, path)
    }
}

fn any(patterns: &[PathPattern], path: &RepoPath) -> bool {
    patterns.iter().any(|pattern| pattern.matches(path))
}

/// What to do with a host for which several namespaces want certificates.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SharedHosts {
    /// Leave it to those that have one, and order for no other; where nobody has one, for nobody.
    #[default]
    Refuse,
    /// Order for all of them.
    Allow,
}

/// What to do with a `Certificate`, or an object that carries cert-manager's annotations.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CertManager {
    /// Leave it to cert-manager, and say so.
    #[default]
    Skip,
    /// Serve it like any other.
    Adopt,
}

/// A pattern for files: `*` and `?` stay within one directory, `**` crosses them (gitignore(5), PATTERN FORMAT).
///
/// It is matched against the whole path, and against each directory above the file, so `apps` and `apps/*` both take in
/// everything below.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PathPattern(Box<str>);

impl PathPattern {
    /// Whether the file, or a directory it stands in, is meant.
    pub fn matches(&self, path: &RepoPath) -> bool {
        let means = |path: &RepoPath| {
            gix::glob::wildmatch(
                self.0.as_ref().into(),
                path.as_str().into(),
                Mode::NO_MATCH_SLASH_LITERAL,
            )
        };
        means(path) || path.ancestors().any(|dir| !dir.is_top() && means(&dir))
    }
}

impl FromStr for PathPattern {
    type Err = InvalidPathPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPathPattern> {
        let pattern = text.strip_suffix('/').unwrap_or(text);
        match pattern.parse::<RepoPath>() {
            Ok(_) => Ok(Self(pattern.into())),
            Err(_) => Err(InvalidPathPattern { found: text.into() }),
        }
    }
}

/// A text that can match no path in a repository.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{found:?} matches no path in a repository; write it relative to the top, as in \"apps/**/*.yaml\""
)]
pub struct InvalidPathPattern {
    /// As written.
    pub found: String,
}

/// Host names that may be wanted; none listed means any.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NamePatterns(Vec<NamePattern>);

impl NamePatterns {
    /// Whether the name may be wanted.
    pub fn allow(&self, name: &DnsName) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(name))
    }
}

impl FromIterator<NamePattern> for NamePatterns {
    fn from_iter<I: IntoIterator<Item = NamePattern>>(patterns: I) -> Self {
        Self(patterns.into_iter().collect())
    }
}

/// One pattern for host names: `shop.example` means that name, `*.example` any one label in front, `**.example` one or more.
///
/// ```
/// use nws_gitops::NamePattern;
///
/// let pattern: NamePattern = "**.example".parse()?;
/// assert!(pattern.matches(&"www.shop.example".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamePattern {
    depth: Depth,
    /// The name itself, or what follows the stars and their dot.
    suffix: Box<str>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Depth {
    Itself,
    OneLabel,
    Below,
}

impl NamePattern {
    /// Whether the name is meant; the `*` of a wildcard name counts as a label.
    pub fn matches(&self, name: &DnsName) -> bool {
        let Some(front) = name.as_str().strip_suffix(&*self.suffix) else {
            return false;
        };
        match (self.depth, front.strip_suffix('.')) {
            (Depth::Itself, _) => front.is_empty(),
            (Depth::OneLabel, Some(labels)) => !labels.contains('.'),
            (Depth::Below, Some(_)) => true,
            (Depth::OneLabel | Depth::Below, None) => false,
        }
    }
}

impl FromStr for NamePattern {
    type Err = InvalidNamePattern;

    fn from_str(text: &str) -> Result<Self, InvalidNamePattern> {
        let (depth, suffix) = match (text.strip_prefix("**."), text.strip_prefix("*.")) {
            (Some(suffix), _) => (Depth::Below, suffix),
            (None, Some(suffix)) => (Depth::OneLabel, suffix),
            (None, None) => (Depth::Itself, text),
        };
        // A suffix may be one label only, which alone would be no host name.
        let example =
            if depth == Depth::Itself { suffix.to_owned() } else { format!("x.{suffix}") };
        match example.parse::<DnsName>() {
            Ok(_) => Ok(Self { depth, suffix: suffix.into() }),
            Err(source) => Err(InvalidNamePattern { found: text.into(), source }),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stars = match self.depth {
            Depth::Itself => "",
            Depth::OneLabel => "*.",
            Depth::Below => "**.",
        };
        write!(f, "{stars}{}", self.suffix)
    }
}

/// A text that is no pattern for host names.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{found:?} is no pattern for host names; write shop.example, *.example or **.example")]
pub struct InvalidNamePattern {
    /// As written.
    pub found: String,
    /// What is wrong with it as a name.
    pub source: InvalidDnsName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_files_a_pattern_means() {
        let cases = [
            ("apps", "apps/shop/ingress.yaml", true),
            ("apps/", "apps/shop/ingress.yaml", true),
            ("apps", "apps2/ingress.yaml", false),
            ("apps", "clusters/apps/ingress.yaml", false),
            ("**/apps", "clusters/apps/ingress.yaml", true),
            ("apps/*", "apps/shop/deep/ingress.yaml", true),
            ("apps/*.yaml", "apps/shop/ingress.yaml", false),
            ("apps/**/*.yaml", "apps/shop/deep/ingress.yaml", true),
            ("apps/**/*.yaml", "apps/ingress.yaml", true),
            ("*.json", "ingress.json", true),
        ];
        for (pattern, path, want) in cases {
            let pattern: PathPattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(&path.parse().unwrap()), want, "{pattern:?} on {path}");
        }
    }

    #[test]
    fn leaving_out_wins_over_taking_in() {
        let discover = Discover {
            include: vec!["apps".parse().unwrap()],
            exclude: vec!["apps/legacy".parse().unwrap()],
            ..Discover::default()
        };
        let covers = |path: &str| discover.covers(&path.parse().unwrap());
        assert!(covers("apps/shop/ingress.yaml"));
        assert!(!covers("apps/legacy/ingress.yaml"));
        assert!(!covers("infra/ingress.yaml"));
    }

    #[test]
    fn which_names_a_pattern_means() {
        let cases = [
            ("shop.example", "shop.example", true),
            ("shop.example", "www.shop.example", false),
            ("*.example", "shop.example", true),
            ("*.example", "www.shop.example", false),
            ("*.example", "shopexample.test", false),
            ("**.example", "www.shop.example", true),
            ("**.shop.example", "shop.example", false),
            ("**.shop.example", "myshop.example", false),
            ("*.shop.example", "*.shop.example", true),
        ];
        for (pattern, name, want) in cases {
            let pattern: NamePattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(&name.parse().unwrap()), want, "{pattern} on {name}");
        }
    }

    #[test]
    fn no_pattern_allows_every_name() {
        let name = "shop.example".parse().unwrap();
        assert!(NamePatterns::default().allow(&name));
        assert!(!NamePatterns::from_iter(["*.test".parse().unwrap()]).allow(&name));
    }

    #[test]
    fn patterns_that_could_match_nothing() {
        for text in ["", "*", "**", "*.Example", "a.*.example", "example", "***.example"] {
            assert!(text.parse::<NamePattern>().is_err(), "{text}");
        }
        for text in ["", "/apps", "../apps", "a//b"] {
            assert!(text.parse::<PathPattern>().is_err(), "{text}");
        }
    }
}
