use nws_acme::generate_key;
use nws_acme::testing::RuntimeClock;
use nws_expiry::KeyType;
use time::macros::datetime;

use super::*;
use crate::account::AccountKeys;

/// A configuration with two CAs that share a key, its state directory, and keys to import.
struct World {
    dir: tempfile::TempDir,
    config: Config,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let text = format!(
            "state_dir = {state:?}\n\
             [[ca]]\ndirectory = \"https://ca.example/1\"\nterms_agreed = true\n\
             [[ca]]\ndirectory = \"https://ca.example/2\"\nterms_agreed = true\n\
             [git]\nurl = \"file:///srv/gitops.git\"\nencryption = \"none\"\n"
        );
        let file = dir.path().join("config.toml");
        fs::write(&file, text).unwrap();
        let config = Config::read(&file).unwrap();
        Self { dir, config }
    }

    fn clock() -> Arc<dyn Clock> {
        Arc::new(RuntimeClock::starting_at(datetime!(2026-03-01 12:00 UTC)))
    }

    /// Imports this text; paths are shown without the directory.
    async fn import(&self, text: &str, replace: bool) -> Result<String, String> {
        let file = self.dir.path().join("theirs.pem");
        fs::write(&file, text).unwrap();
        let import = Import { file, account: AccountName::default(), ca: None, replace };
        let shown = |text: String| text.replace(&format!("{}/", self.dir.path().display()), "");
        match import.run(&self.config, Self::clock()).await {
            Ok(said) => Ok(shown(said)),
            Err(failure) => Err(shown(failure.chain())),
        }
    }

    fn keys(&self) -> AccountKeys {
        let state = StateDir::hold(&self.config.state_dir).unwrap();
        let vault = Vault::open(&self.config.key_file).unwrap();
        AccountKeys::open(state.paths(), AccountName::default(), &vault).unwrap()
    }

    fn thumbprint(&self) -> String {
        self.keys().keys().current.thumbprint().to_string()
    }
}

fn pem(kind: KeyType) -> String {
    generate_key(kind).unwrap().to_pem().to_string()
}

fn thumbprint(pem: &str) -> String {
    match ImportedKey::from_file_text(pem).unwrap() {
        ImportedKey::P256(key) => key.thumbprint().to_string(),
        ImportedKey::Rsa(key) => key.thumbprint().to_string(),
    }
}

#[tokio::test]
async fn a_p256_key_becomes_the_account_key_where_there_is_none() {
    let world = World::new();
    let (first, second) = (pem(KeyType::EcdsaP256), pem(KeyType::EcdsaP256));
    assert_eq!(
        world.import(&first, false).await,
        Ok(format!("the key is that of account account, thumbprint {}\n", thumbprint(&first)))
    );
    assert_eq!(world.thumbprint(), thumbprint(&first));
    assert_eq!(
        world.import(&second, false).await,
        Err("there is an account key already, state/account.age; import under another name (--account), or write --replace if its accounts are to be given up".into())
    );
    let kept = "state/account.2026-03-01-120000.age";
    let said = world.import(&second, true).await.unwrap();
    assert!(said.ends_with(&format!("; the one before is kept in {kept}\n")), "{said}");
    assert_eq!(world.thumbprint(), thumbprint(&second));
    assert!(world.dir.path().join(kept).exists());
}

#[tokio::test]
async fn a_key_is_not_replaced_under_a_daemon_or_in_the_middle_of_a_change() {
    let world = World::new();
    let held = StateDir::hold(&world.config.state_dir).unwrap();
    let said = world.import(&pem(KeyType::EcdsaP256), true).await.unwrap_err();
    assert!(
        said.contains("is in use by another nws-certd; ask that one, or stop it first"),
        "{said}"
    );
    drop(held);
    world.keys().begin_change().unwrap();
    assert_eq!(
        world.import(&pem(KeyType::EcdsaP256), true).await,
        Err("the key of account account is being changed; run nws-certd account rollover until that is over, then import".into())
    );
}

#[tokio::test]
async fn what_cannot_be_imported_says_what_it_is_and_what_could() {
    let world = World::new();
    let said = world.import(&pem(KeyType::EcdsaP384), false).await.unwrap_err();
    assert!(
        said.starts_with("theirs.pem cannot be imported: ") && said.contains("P-384"),
        "{said}"
    );
    assert!(said.contains("P-256") && said.contains("RSA"), "what is supported: {said}");
    let said = world.import("hello", false).await.unwrap_err();
    assert!(said.contains("there is no account key: neither a PEM block"), "{said}");
    assert!(!world.config.state_dir.exists(), "nothing was made");
}

#[test]
fn an_rsa_key_is_for_one_ca() {
    let import = |ca: Option<&str>, account: &str| Import {
        file: PathBuf::new(),
        account: account.parse().unwrap(),
        ca: ca.map(Into::into),
        replace: false,
    };
    let known = ["https://ca.example/1", "https://ca.example/2"];
    let cases = [
        ("one of two", import(Some(known[1]), "account"), Ok(known[1])),
        (
            "either of two",
            import(None, "account"),
            Err("an RSA key is imported at the CA that has its account; name that one with --ca: https://ca.example/1, https://ca.example/2".to_owned()),
        ),
        (
            "none",
            import(None, "other"),
            Err("no such CA with account = \"other\" is configured; an RSA key is imported at the CA that has its account, so configure that one first".to_owned()),
        ),
    ];
    for (case, import, want) in cases {
        let all = known.map(|ca| (ca, AccountName::default()));
        let got = import.meant(all.iter().map(|(ca, name)| (*ca, name)));
        let got = got.map(|place| known[place]).map_err(|error| error.to_string());
        assert_eq!(got, want, "{case}");
    }
}
