use std::sync::{Mutex, MutexGuard, PoisonError};

use super::*;

#[test]
fn versions_as_git_states_them() {
    let cases = [
        ("git version 2.39.5\n", Some((2, 39))),
        ("git version 2.39.3 (Apple Git-145)\n", Some((2, 39))),
        ("git version 3.0\n", Some((3, 0))),
        ("git version 2.50.1.windows.1\n", Some((2, 50))),
        ("hg version 6", None),
        ("git version unknown", None),
    ];
    for (said, want) in cases {
        assert_eq!(Version::parse(said).map(|v| (v.major, v.minor)), want, "{said}");
    }
}

/// A script cannot be run while another thread's child still holds it open for writing, so these tests take turns.
static TURN: Mutex<()> = Mutex::new(());

pub(crate) fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn a_command_beyond_its_limit_is_killed_with_its_children() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let sleeper = stand_in(home.path(), "git", "sleep 1000 & sleep 1000");
    let git = Git::new(home.path(), sleeper, Duration::from_millis(50));
    assert!(matches!(git.version(), Err(GitError::TimedOut { command: "version", .. })));
}

/// The file grows in what its length says alone, by a megabyte in a tenth of a second.
#[test]
fn a_transfer_has_its_limit_for_each_megabyte_and_another_command_for_all_it_does() {
    const LIMIT: Duration = Duration::from_secs(1);
    const GROW: &str = "i=0; while [ $i -lt 20 ]; do i=$((i+1)); truncate -s ${i}M \"$GIT_DIR/objects/pack/tmp_pack_$$\"; sleep 0.1; done";
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("objects/pack")).unwrap();
    let git = Git::new(home.path(), stand_in(home.path(), "git", GROW), LIMIT);
    git.run("fetch", home.path(), &[]).unwrap();
    assert!(matches!(git.run("fsck", home.path(), &[]), Err(GitError::TimedOut { .. })));

    let stuck = stand_in(home.path(), "git", &format!("{GROW}; sleep 1000 & sleep 1000"));
    let git = Git::new(home.path(), stuck, LIMIT);
    let error = git.run("fetch", home.path(), &[]).unwrap_err();
    assert!(matches!(error, GitError::TimedOut { command: "fetch", .. }), "{error}");
}

#[test]
fn output_is_bounded_and_never_blocks() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let talker = stand_in(
        home.path(),
        "git",
        "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2; exit 3",
    );
    let git = Git::new(home.path(), talker, Duration::from_secs(60));
    let output = git.output("version", None, &[]).unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!((output.stdout.len(), output.stderr.len()), (1 << 20, 1 << 20));
}

#[test]
fn an_old_git_and_no_git_are_told_apart() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let nowhere = Git::new(home.path(), "/nonexistent".into(), Duration::from_secs(60));
    assert!(matches!(nowhere.version(), Err(GitError::Start { .. })));
    let old = Git::new(
        home.path(),
        stand_in(home.path(), "git", "echo git version 2.30.2"),
        Duration::from_secs(60),
    );
    assert_eq!(
        old.version().unwrap_err().to_string(),
        "git 2.30 is too old; install git 2.39 or newer"
    );
}

#[test]
fn nothing_of_the_callers_environment_reaches_git() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let git = Git::new(
        home.path(),
        stand_in(home.path(), "git", "env | cut -d= -f1"),
        Duration::from_secs(60),
    );
    let said = git.output("version", None, &[]).unwrap().stdout();
    let mut names: Vec<_> =
        said.lines().filter(|name| !matches!(*name, "PWD" | "SHLVL" | "_" | "OLDPWD")).collect();
    names.sort_unstable();
    let want = [
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_TERMINAL_PROMPT",
        "HOME",
        "LC_ALL",
        "PATH",
    ];
    assert_eq!(names, want);
}

#[test]
fn words_fit_into_one_line() {
    assert_eq!(
        words("remote: frozen\u{1b}[31m  \n\n  until monday\n"),
        "remote: frozen[31m; until monday"
    );
    assert_eq!(words(&"a".repeat(5000)).len(), 1000);
    let framed = "@@@@@@\n@    WARNING: IT HAS CHANGED!     @\n@@@@@@\nHost key verification failed.\r\n\
        fatal: Could not read from remote repository.\n\nPlease make sure you have the correct access rights\nand the repository exists.\n";
    assert_eq!(words(framed), "WARNING: IT HAS CHANGED!; Host key verification failed.");
}

/// A `PATH` on which this script is what `name` starts, before the system's own.
pub(crate) fn stand_in(dir: &Path, name: &str, script: &str) -> OsString {
    use std::os::unix::fs::PermissionsExt;
    let file = dir.join(name);
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut path = dir.as_os_str().to_owned();
    path.push(":/usr/bin:/bin");
    path
}

#[test]
fn known_words_and_what_helps() {
    let cases = [
        (
            "Host key verification failed.\nfatal: Could not read from remote repository.",
            Some(Remedy::PinHostKey),
        ),
        (
            "No ED25519 host key is known for git.example and you have requested strict checking.\nHost key verification failed.",
            Some(Remedy::PinHostKey),
        ),
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            Some(Remedy::CompareHostKey),
        ),
        ("git@git.example: Permission denied (publickey).", Some(Remedy::RegisterKey)),
        ("git@git.example: Permission denied (publickey,password).", Some(Remedy::RegisterKey)),
        (
            "ERROR: The key you are authenticating with has been marked as read only.",
            Some(Remedy::GrantWrite),
        ),
        ("ERROR: Permission to org/gitops.git denied to deploy key", Some(Remedy::GrantWrite)),
        (
            "remote: This deploy key does not have write access to this project.",
            Some(Remedy::GrantWrite),
        ),
        (
            "Gitea: Deploy Key: 4:certd is not authorized to write to org/gitops.",
            Some(Remedy::GrantWrite),
        ),
        (
            "remote: ERROR: You are not allowed to push code to this project.",
            Some(Remedy::GrantWrite),
        ),
        ("remote: You are not allowed to push code to protected branches on this project.", None),
        (
            "fatal: detected dubious ownership in repository at '/srv/gitops.git'",
            Some(Remedy::OwnRepository),
        ),
        (
            "ERROR: Repository not found.\nfatal: Could not read from remote repository.",
            Some(Remedy::CheckUrl),
        ),
        ("fatal: '/srv/gone.git' does not appear to be a git repository", Some(Remedy::CheckUrl)),
        ("fatal: repository 'https://git.example/gone.git/' not found", Some(Remedy::CheckUrl)),
        (
            "remote: ERROR: The project you were looking for could not be found or you don't have permission to view it.",
            Some(Remedy::CheckUrl),
        ),
        ("fatal: transport 'ssh' not allowed", Some(Remedy::ConfigureSsh)),
        ("ssh -F /dev/null: 1: ssh: not found", Some(Remedy::InstallSsh)),
        (
            "fatal: could not read Username for 'https://git.example': terminal prompts disabled",
            Some(Remedy::ConfigureToken),
        ),
        (
            "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://git.example/a.git/'",
            Some(Remedy::ReplaceToken),
        ),
        (
            "fatal: unable to access 'https://git.example/a.git/': The requested URL returned error: 403",
            Some(Remedy::GrantAccess),
        ),
        (
            "remote: Permission to org/gitops.git denied to certd.\nfatal: unable to access 'https://git.example/org/gitops.git/': The requested URL returned error: 403",
            Some(Remedy::GrantWrite),
        ),
        (
            "fatal: unable to access 'https://git.example/a.git/': server certificate verification failed. CAfile: none CRLfile: none",
            Some(Remedy::TrustCa),
        ),
        (
            "fatal: unable to access 'https://git.example/a.git/': SSL certificate problem: unable to get local issuer certificate",
            Some(Remedy::TrustCa),
        ),
        (
            "fatal: unable to access 'https://git.example/a.git/': SSL: no alternative certificate subject name matches target host name 'git.example'",
            Some(Remedy::TrustCa),
        ),
        (
            "fatal: unable to access 'https://git.example/a.git/': The requested URL returned error: 301",
            Some(Remedy::FollowMove),
        ),
        (
            "fatal: unable to access 'https://git.example/a.git/': Received HTTP code 407 from proxy after CONNECT",
            Some(Remedy::CheckProxy),
        ),
        (
            "fatal: unable to access 'https://git.example/a.git/': The requested URL returned error: 503",
            None,
        ),
        (
            "remote: error: GH006: Protected branch update failed for refs/heads/main.\nremote: - Commits must have verified signatures.",
            Some(Remedy::SignCommits),
        ),
        ("remote: GitLab: Commit must be signed with a GPG key", Some(Remedy::SignCommits)),
        (
            "remote: Gitea: Branch main is protected from unverified commit 0123abc",
            Some(Remedy::SignCommits),
        ),
        (
            "fatal: unable to write loose object file: No space left on device",
            Some(Remedy::MakeRoom),
        ),
        ("ssh: connect to host git.example port 22: Connection refused", None),
        ("fatal: the remote end hung up unexpectedly", None),
    ];
    for (said, want) in cases {
        assert_eq!(Remedy::of(said), want, "{said}");
    }
}

/// git refuses a repository of another user, and its own advice would have no effect on us.
#[test]
fn a_repository_of_another_user() {
    let _turn = turn();
    let home = tempfile::tempdir().unwrap();
    let other = stand_in(
        home.path(),
        "git",
        "PATH=/usr/bin:/bin GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git \"$@\"",
    );
    let git = Git::new(home.path(), other, Duration::from_secs(60));
    let (bare, mirror) = (home.path().join("bare"), home.path().join("mirror"));
    for dir in [&bare, &mirror] {
        std::fs::create_dir(dir).unwrap();
        git.run("init", dir, &["--quiet", "--bare"]).unwrap();
    }
    let url = format!("file://{}", bare.display());
    let error = git.run("ls-remote", &mirror, &[&url]).unwrap_err().to_string();
    assert!(error.ends_with(&format!("; {}", Remedy::OwnRepository)), "{error}");
}
