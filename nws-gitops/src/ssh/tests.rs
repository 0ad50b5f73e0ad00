use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

use super::*;
use crate::git::tests::{stand_in, turn};
use crate::{Git, GitError, Remedy};

const URL: &str = "ssh://git@git.example:2222/a.git";
const HOSTS: &str = "git.example ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ\n";

#[test]
fn files_that_will_do_and_those_that_will_not() {
    type Spoil = fn(&Path);
    let cases: [(&str, Spoil, Option<&str>); 13] = [
        ("as it should be", |_| {}, None),
        ("a key nobody may write", |dir| chmod(dir, "key", 0o400), None),
        ("a key behind a link", |dir| relink(dir, "key"), None),
        (
            "a key others may read",
            |dir| chmod(dir, "key", 0o604),
            Some("(mode 0604); run chmod 600 on it"),
        ),
        (
            "a key the group may read",
            |dir| chmod(dir, "key", 0o640),
            Some("(mode 0640); run chmod 600 on it"),
        ),
        ("no key", |dir| fs::remove_file(dir.join("key")).unwrap(), Some("cannot read")),
        ("a directory for a key", |dir| redirect(dir, "key"), Some("is no regular file")),
        ("hosts others may read", |dir| chmod(dir, "hosts", 0o644), None),
        (
            "hashed and marked hosts",
            |dir| rewrite(dir, "# ours\n\n@cert-authority *.example ssh-rsa AAAA"),
            None,
        ),
        ("no hosts file", |dir| fs::remove_file(dir.join("hosts")).unwrap(), Some("cannot read")),
        ("an empty hosts file", |dir| rewrite(dir, ""), Some("names no host")),
        (
            "nothing but comments",
            |dir| rewrite(dir, "# git.example ssh-rsa AAAA\n  # more words here\n"),
            Some("names no host"),
        ),
        (
            "a host without a key",
            |dir| rewrite(dir, "git.example ssh-ed25519\n"),
            Some("names no host"),
        ),
    ];
    for (case, spoil, want) in cases {
        let dir = files();
        spoil(dir.path());
        let said = ssh(dir.path()).map_err(|error| error.to_string());
        match (said, want) {
            (Ok(_), None) => {}
            (Err(said), Some(want)) => assert!(said.contains(want), "{case}: {said}"),
            (said, want) => panic!("{case}: {said:?} instead of {want:?}"),
        }
    }
}

#[test]
fn paths_that_ssh_would_read_otherwise() {
    for name in ["a${HOME}b", "a\nb", "a\u{7f}"] {
        let dir = files();
        let file = dir.path().join(name);
        fs::rename(dir.path().join("key"), &file).unwrap();
        let refused = Ssh::new(&file, &dir.path().join("hosts"));
        assert!(matches!(refused, Err(SshError::Path { .. })), "{name:?}");
    }
}

/// git's shell unwraps the one layer, ssh_config(5) the other.
#[test]
fn each_path_is_one_word_of_one_option() {
    let cases = [
        ("/k/plain", r#"'IdentityFile="/k/plain"'"#),
        ("/k/two words", r#"'IdentityFile="/k/two words"'"#),
        ("/k/50%h", r#"'IdentityFile="/k/50%%h"'"#),
        ("/k/a\"b", r#"'IdentityFile="/k/a\"b"'"#),
        ("/k/a\\b", r#"'IdentityFile="/k/a\\b"'"#),
        ("/k/it's", r#"'IdentityFile="/k/it'\''s"'"#),
        ("/k/$(id) `id` ;#~", r#"'IdentityFile="/k/$(id) `id` ;#~"'"#),
    ];
    for (path, want) in cases {
        let found = shell_quoted(&option("IdentityFile", Path::new(path)));
        assert_eq!(String::from_utf8(found).unwrap(), want, "{path}");
    }
}

#[test]
fn ssh_is_told_everything_and_its_environment_holds_nothing_else() {
    let _turn = turn();
    let (home, odd) = (tempfile::tempdir().unwrap(), files_in("it's 100% \"odd\""));
    let files = odd.path().join("it's 100% \"odd\"");
    let ssh = ssh(&files).unwrap();
    let said = talk(
        home.path(),
        Some(ssh),
        "printf '<%s>\\n' \"$@\"; /usr/bin/env | /usr/bin/cut -d= -f1",
    );
    let shown = files.display().to_string().replace('%', "%%").replace('"', "\\\"");
    let said = said.replace(&shown, "FILES");
    let (arguments, environment) = split(&said);
    expect_test::expect![[r#"
        <-F>
        </dev/null>
        <-o>
        <IdentityFile="FILES/key">
        <-o>
        <UserKnownHostsFile="FILES/hosts">
        <-o>
        <IdentitiesOnly=yes>
        <-o>
        <IdentityAgent=none>
        <-o>
        <StrictHostKeyChecking=yes>
        <-o>
        <GlobalKnownHostsFile=/dev/null>
        <-o>
        <UpdateHostKeys=no>
        <-o>
        <BatchMode=yes>
        <-o>
        <PasswordAuthentication=no>
        <-o>
        <KbdInteractiveAuthentication=no>
        <-o>
        <ControlMaster=no>
        <-o>
        <ControlPath=none>
        <-o>
        <ForwardAgent=no>
        <-o>
        <ClearAllForwardings=yes>
        <-o>
        <ConnectTimeout=15>
        <-o>
        <ConnectionAttempts=1>
        <-o>
        <ServerAliveInterval=10>
        <-o>
        <ServerAliveCountMax=3>
        <-o>
        <SendEnv=GIT_PROTOCOL>
        <-p>
        <2222>
        <git@git.example>
        <git-upload-pack '/a.git'>"#]]
    .assert_eq(&arguments.join("\n"));
    assert!(environment.contains(&"GIT_SSH_COMMAND"), "{environment:?}");
    assert!(!environment.iter().any(|name| name.starts_with("SSH_")), "{environment:?}");
}

#[test]
fn without_a_key_git_does_not_go_over_ssh_at_all() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let said = talk(home.path(), None, "echo ssh was started");
    assert!(!said.contains("started"), "{said}");
    assert_eq!(Remedy::of(&said), Some(Remedy::ConfigureSsh), "{said}");
}

#[test]
fn what_ssh_says_comes_with_what_helps() {
    let _turn = turn();
    let cases = [
        ("echo Host key verification failed. >&2; exit 255", Remedy::PinHostKey),
        (
            "echo 'git@git.example: Permission denied (publickey).' >&2; exit 255",
            Remedy::RegisterKey,
        ),
        ("echo 'ERROR: Repository not found.' >&2; exit 1", Remedy::CheckUrl),
    ];
    for (script, want) in cases {
        let (home, files) = (tempfile::tempdir().unwrap(), files());
        let path = stand_in(home.path(), "ssh", script);
        let error = listing(home.path(), path, Some(ssh(files.path()).unwrap())).unwrap_err();
        assert!(error.to_string().ends_with(&want.to_string()), "{script}: {error}");
    }
}

#[test]
fn a_machine_without_ssh_is_told_so() {
    let (home, files) = (tempfile::tempdir().unwrap(), files());
    // Only git itself is on this path.
    let dirs = ["/usr/local/bin", "/usr/bin", "/bin"];
    let git =
        dirs.map(|dir| Path::new(dir).join("git")).into_iter().find(|git| git.exists()).unwrap();
    symlink(git, home.path().join("git")).unwrap();
    let error =
        listing(home.path(), home.path().into(), Some(ssh(files.path()).unwrap())).unwrap_err();
    assert!(error.to_string().ends_with(&Remedy::InstallSsh.to_string()), "{error}");
}

fn listing(home: &Path, path: OsString, ssh: Option<Ssh>) -> Result<String, GitError> {
    over(home, path, ssh).run("ls-remote", home, &[URL])
}

/// What git passes on of an `ssh` that says everything on standard error.
fn talk(home: &Path, ssh: Option<Ssh>, script: &str) -> String {
    let path = stand_in(home, "ssh", &format!("exec >&2\n{script}"));
    over(home, path, ssh).output("ls-remote", Some(home), &[URL]).unwrap().stderr()
}

fn over(home: &Path, path: OsString, ssh: Option<Ssh>) -> Git {
    let git = Git::new(home, path, Duration::from_secs(60));
    match ssh {
        Some(ssh) => git.with_ssh(ssh),
        None => git,
    }
}

fn split(said: &str) -> (Vec<&str>, Vec<&str>) {
    let lines = said.lines().take_while(|line| !line.starts_with("fatal"));
    lines.partition(|line| line.starts_with('<'))
}

fn files() -> tempfile::TempDir {
    files_in("")
}

/// A temporary directory, in its directory of that name the two files as they should be.
fn files_in(name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let files = dir.path().join(name);
    fs::create_dir_all(&files).unwrap();
    fs::write(files.join("key"), "a key\n").unwrap();
    chmod(&files, "key", 0o600);
    fs::write(files.join("hosts"), HOSTS).unwrap();
    dir
}

fn ssh(files: &Path) -> Result<Ssh, SshError> {
    Ssh::new(&files.join("key"), &files.join("hosts"))
}

fn chmod(dir: &Path, name: &str, mode: u32) {
    fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
}

fn rewrite(dir: &Path, hosts: &str) {
    fs::write(dir.join("hosts"), hosts).unwrap();
}

fn relink(dir: &Path, name: &str) {
    fs::rename(dir.join(name), dir.join("elsewhere")).unwrap();
    symlink("elsewhere", dir.join(name)).unwrap();
}

fn redirect(dir: &Path, name: &str) {
    fs::remove_file(dir.join(name)).unwrap();
    fs::create_dir(dir.join(name)).unwrap();
}
