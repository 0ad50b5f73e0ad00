use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::*;

#[test]
fn keys_that_will_do_and_files_that_will_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    for (name, args) in [
        ("ed25519", &["-t", "ed25519"][..]),
        ("ecdsa-256", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa-384", &["-t", "ecdsa", "-b", "384"]),
        ("rsa", &["-t", "rsa", "-b", "2048"]),
    ] {
        keygen(&path(name), "", args);
        let key = SigningKey::read(&path(name)).unwrap();
        assert!(key.sign(b"x").unwrap().ends_with("-----END SSH SIGNATURE-----"), "{name}");
    }
    keygen(&path("p521"), "", &["-t", "ecdsa", "-b", "521"]);
    keygen(&path("locked"), "a passphrase", &["-t", "ed25519"]);
    keygen(&path("pem"), "", &["-t", "rsa", "-b", "2048", "-m", "PEM"]);
    let whole = fs::read_to_string(path("ed25519")).unwrap();
    write(&path("cut"), &whole.replace("AAA", ""));
    write(&path("prose"), "no key\n");
    write(&path("exposed"), &whole);
    fs::set_permissions(path("exposed"), fs::Permissions::from_mode(0o644)).unwrap();
    let cases = [
        (
            "ed25519.pub",
            "FILE is a public key; name the file of the private one, mostly the same without .pub",
        ),
        (
            "locked",
            "the private key in FILE has a passphrase; take it away with: ssh-keygen -p -N \"\" -f FILE",
        ),
        (
            "pem",
            "FILE holds a private key, but not as OpenSSH writes it; turn it into one with: ssh-keygen -p -N \"\" -f FILE",
        ),
        ("cut", "the private key in FILE is damaged; copy it again"),
        (
            "prose",
            "FILE holds no private key; make one with: ssh-keygen -t ed25519 -N \"\" -f FILE",
        ),
        ("exposed", "others can read FILE (mode 0644); run chmod 600 on it"),
        (
            "nothing",
            "cannot read FILE; it must exist and be readable by the user nws-certd runs as",
        ),
    ];
    for (name, want) in cases {
        let file = path(name);
        let said = SigningKey::read(&file).unwrap_err().to_string();
        assert_eq!(said.replace(&file.display().to_string(), "FILE"), want, "{name}");
    }
}

#[test]
fn a_key_is_known_by_its_fingerprint_and_shown_by_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    keygen(&file, "", &["-t", "ed25519"]);
    let key = SigningKey::read(&file).unwrap();
    let listed = run("ssh-keygen", &["-l", "-f", file.to_str().unwrap()]);
    assert!(listed.contains(&key.fingerprint()), "{listed}");
    assert_eq!(format!("{key:?}"), format!("SigningKey(\"{}\")", key.fingerprint()));
}

fn keygen(file: &Path, passphrase: &str, kind: &[&str]) {
    let file = file.to_str().unwrap();
    run("ssh-keygen", &[&["-q", "-C", "", "-N", passphrase, "-f", file], kind].concat());
}

#[expect(clippy::disallowed_methods, reason = "the keys are what ssh-keygen makes")]
fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}
