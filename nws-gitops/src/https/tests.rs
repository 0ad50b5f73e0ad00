use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::thread;
use std::time::Duration;

use super::*;
use crate::git::tests::{stand_in, turn};
use crate::{Git, GitError, Remedy};

const TOKEN: &str = "ghs_hunter2";

#[test]
fn files_that_will_do_and_those_that_will_not() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil, Option<&str>); 14] = [
        ("as it should be", |_| {}, None),
        ("a token without a line end", |dir| write(dir, "token", TOKEN), None),
        ("a token behind a link", |dir| relink(dir), None),
        ("the longest token", |dir| write(dir, "token", &"x".repeat(8192)), None),
        ("no token", |dir| fs::remove_file(dir.join("token")).unwrap(), Some("cannot read")),
        ("an empty token", |dir| write(dir, "token", "\n"), Some("it is empty")),
        ("a longer token", |dir| write(dir, "token", &"x".repeat(8193)), Some("8192 bytes")),
        ("two lines", |dir| write(dir, "token", "hunter2\nhunter2\n"), Some("a second line")),
        ("a name and a token", |dir| write(dir, "token", "me hunter2"), Some("white space")),
        (
            "others may read the token",
            |dir| chmod(dir, "token", 0o644),
            Some("(mode 0644); run chmod 600 on it"),
        ),
        ("others may read the CAs", |dir| chmod(dir, "ca.pem", 0o644), None),
        ("no CAs", |dir| fs::remove_file(dir.join("ca.pem")).unwrap(), Some("cannot read")),
        ("CAs in DER", |dir| write(dir, "ca.pem", "\u{30}\u{1}"), Some("holds no certificate")),
        (
            "a directory for CAs",
            |dir| {
                fs::remove_file(dir.join("ca.pem")).unwrap();
                fs::create_dir(dir.join("ca.pem")).unwrap();
            },
            Some("is no regular file"),
        ),
    ];
    for (case, spoil, want) in cases {
        let dir = files();
        spoil(dir.path());
        let said = https(dir.path()).map_err(|error| error.to_string());
        match (said, want) {
            (Ok(_), None) => {}
            (Err(said), Some(want)) => {
                assert!(said.contains(want) && !said.contains("hunter2"), "{case}: {said}");
            }
            (said, want) => panic!("{case}: {said:?} instead of {want:?}"),
        }
    }
}

#[test]
fn user_names() {
    for text in ["x-access-token", "git", "oauth2", "gitlab+deploy-token-7", "me@platform.example"]
    {
        assert_eq!(text.parse::<UserName>().unwrap().as_str(), text);
    }
    for text in ["", "me:hunter2", "two words", "a\nb"] {
        assert_eq!(text.parse::<UserName>(), Err(InvalidUserName), "{text}");
    }
}

#[test]
fn proxies() {
    use InvalidHttpsProxy::{Credentials, Host, Port, Scheme};
    for text in
        ["http://proxy.example:3128", "https://proxy.example:443", "http://[2001:db8::1]:3128"]
    {
        assert_eq!(text.parse::<HttpsProxy>().unwrap().as_str(), text);
    }
    assert_eq!("http://a:1/".parse::<HttpsProxy>().unwrap().as_str(), "http://a:1");
    let cases = [
        ("no scheme", "proxy.example:3128", Scheme),
        ("another scheme", "socks5://proxy.example:1080", Scheme),
        ("a password", "http://me:hunter2@proxy.example:3128", Credentials),
        ("no port", "http://proxy.example", Port),
        ("port nought", "http://proxy.example:0", Port),
        ("no host", "http://:3128", Host),
        ("a path", "http://proxy.example:3128/a", Host),
        ("a bare IPv6 address", "http://2001:db8::1:3128", Host),
        ("an option", "http://-x:3128", Host),
    ];
    for (case, text, want) in cases {
        assert_eq!(text.parse::<HttpsProxy>(), Err(want), "{case}");
    }
}

/// git itself is asked which credentials it would send where.
#[test]
fn the_token_is_for_its_host_alone() {
    let cases = [
        ("its host", "https://git.example:8443/org/gitops.git", true),
        ("its host, in capitals", "https://GIT.example:8443/", true),
        ("in clear", "http://git.example:8443/org/gitops.git", false),
        ("another port", "https://git.example/org/gitops.git", false),
        ("another host", "https://evil.example:8443/org/gitops.git", false),
        ("a host below", "https://a.git.example:8443/org/gitops.git", false),
        ("a proxy", "http://proxy.example:3128", false),
    ];
    for (case, url, want) in cases {
        let said = credentials(files().path(), url);
        assert_eq!(said.contains(&format!("password={TOKEN}\n")), want, "{case}: {said}");
        assert_eq!(said.contains("username=x-access-token\n"), want, "{case}: {said}");
    }
}

#[test]
fn a_token_is_found_whatever_its_path_is_and_however_it_ends() {
    for name in ["plain", "it's $(id) `id` \"odd\" ;#~\\", "two words"] {
        for end in ["", "\n"] {
            let dir = tempfile::tempdir().unwrap();
            let odd = dir.path().join(name);
            fs::create_dir(&odd).unwrap();
            fill(&odd);
            write(&odd, "token", &format!("{TOKEN}{end}"));
            let said = credentials(&odd, "https://git.example:8443/a.git");
            assert!(said.contains(&format!("password={TOKEN}\n")), "{name}: {said}");
        }
    }
}

#[test]
fn git_is_told_of_the_files_and_never_of_the_token() {
    let _turn = turn();
    let (home, files) = (tempfile::tempdir().unwrap(), files());
    let talker = "exec 2>&1; printf '<%s>\\n' \"$@\"; env | sort | grep -v '^\\(PWD\\|SHLVL\\|_\\|OLDPWD\\)='";
    let git = over(home.path(), stand_in(home.path(), "git", talker), files.path());
    let said = git.output("ls-remote", Some(home.path()), &["URL"]).unwrap().stdout();
    assert!(!said.contains(TOKEN), "{said}");
    let settings: Vec<_> = said.lines().filter(|line| line.starts_with("GIT_CONFIG_")).collect();
    let settings = settings.join("\n").replace(&files.path().display().to_string(), "FILES");
    expect_test::expect![[r#"
        GIT_CONFIG_COUNT=4
        GIT_CONFIG_GLOBAL=/dev/null
        GIT_CONFIG_KEY_0=credential.https://git.example:8443.username
        GIT_CONFIG_KEY_1=credential.https://git.example:8443.helper
        GIT_CONFIG_KEY_2=http.sslCAInfo
        GIT_CONFIG_KEY_3=http.proxy
        GIT_CONFIG_NOSYSTEM=1
        GIT_CONFIG_VALUE_0=x-access-token
        GIT_CONFIG_VALUE_1=!f() { [ "$1" = get ] || return 0; IFS= read -r token <'FILES/token'; [ -n "$token" ] && printf 'password=%s\n' "$token"; }; f
        GIT_CONFIG_VALUE_2=FILES/ca.pem
        GIT_CONFIG_VALUE_3=http://proxy.example:3128"#]]
    .assert_eq(&settings);
}

#[test]
fn a_token_that_is_exposed_or_gone_meanwhile_is_told_and_git_not_started() {
    let _turn = turn();
    let (home, files) = (tempfile::tempdir().unwrap(), files());
    let git = over(home.path(), stand_in(home.path(), "git", "echo started"), files.path());
    assert_eq!(git.run("fetch", home.path(), &[]).unwrap(), "started\n");
    chmod(files.path(), "token", 0o640);
    let told = git.run("fetch", home.path(), &[]).unwrap_err();
    assert!(told.to_string().ends_with("(mode 0640); run chmod 600 on it"), "{told}");
    assert_eq!(git.run("fsck", home.path(), &[]).unwrap(), "started\n", "it goes nowhere");
    fs::remove_file(files.path().join("token")).unwrap();
    assert!(matches!(git.run("push", home.path(), &[]), Err(GitError::Https(_))));
    write(files.path(), "token", "another");
    assert_eq!(git.run("push", home.path(), &[]).unwrap(), "started\n", "mended");
}

/// git itself goes there: the proxy learns the host's name, and neither a token nor a user.
#[test]
fn a_proxy_is_asked_for_the_host_alone_and_told_of_if_it_says_no() {
    let (home, files) = (tempfile::tempdir().unwrap(), files());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let mut client = listener.accept().unwrap().0;
        let lines = BufReader::new(&client).lines().map(Result::unwrap);
        let head: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
        client.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").unwrap();
        head
    });
    let url = "https://git.example/a.git".parse().unwrap();
    let options = HttpsOptions {
        token_file: Some(files.path().join("token")),
        proxy: Some(proxy.parse().unwrap()),
        ..HttpsOptions::default()
    };
    let git = Git::new(home.path(), "/usr/bin:/bin".into(), Duration::from_secs(60))
        .with_https(Https::new(&url, options).unwrap());
    let error = git.run("ls-remote", home.path(), &[url.as_str()]).unwrap_err();
    let GitError::Failed { remedy, .. } = &error else { panic!("{error}") };
    assert_eq!(*remedy, Some(Remedy::CheckProxy), "{error}");
    let head = asked.join().unwrap();
    assert_eq!(head[0], "CONNECT git.example:443 HTTP/1.1");
    assert!(!head.iter().any(|line| line.contains("Authorization")), "{head:?}");
}

#[test]
fn a_host_that_is_not_there_is_no_fault_of_the_token() {
    let (home, files) = (tempfile::tempdir().unwrap(), files());
    let url = "https://127.0.0.1:1/a.git".parse().unwrap();
    let options =
        HttpsOptions { token_file: Some(files.path().join("token")), ..Default::default() };
    let git = Git::new(home.path(), "/usr/bin:/bin".into(), Duration::from_secs(60))
        .with_https(Https::new(&url, options).unwrap());
    let error = git.run("ls-remote", home.path(), &[url.as_str()]).unwrap_err();
    let GitError::Failed { said, remedy, .. } = error else { panic!("{error}") };
    assert!(said.contains("Failed to connect"), "{said}");
    assert_eq!(remedy, None::<Remedy>);
}

/// What `git credential fill` (git-credential(1)) finds for a URL.
fn credentials(files: &Path, url: &str) -> String {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let asker =
        format!("printf 'url=%s\\n\\n' '{url}' | PATH=/usr/bin:/bin git \"$@\" credential fill");
    let git = over(home.path(), stand_in(home.path(), "git", &asker), files);
    git.output("--no-pager", Some(home.path()), &[]).unwrap().stdout()
}

fn over(home: &Path, path: std::ffi::OsString, files: &Path) -> Git {
    Git::new(home, path, Duration::from_secs(60)).with_https(https(files).unwrap())
}

fn https(files: &Path) -> Result<Https, HttpsError> {
    let options = HttpsOptions {
        token_file: Some(files.join("token")),
        ca_file: Some(files.join("ca.pem")),
        proxy: Some("http://proxy.example:3128".parse().unwrap()),
        ..HttpsOptions::default()
    };
    Https::new(&"https://git.example:8443/org/gitops.git".parse().unwrap(), options)
}

/// A directory with the files as they should be.
fn files() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    dir
}

fn fill(dir: &Path) {
    write(dir, "token", &format!("{TOKEN}\n"));
    write(dir, "ca.pem", "# ours\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
}

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
    chmod(dir, name, 0o600);
}

fn chmod(dir: &Path, name: &str, mode: u32) {
    fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn relink(dir: &Path) {
    fs::rename(dir.join("token"), dir.join("elsewhere")).unwrap();
    symlink("elsewhere", dir.join("token")).unwrap();
}
