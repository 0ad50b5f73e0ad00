use super::*;
use crate::{files, programs, tls};

/// The folder of a world in which one certificate was served, with its key.
struct World {
    folder: tempfile::TempDir,
    key: String,
}

impl World {
    fn with(encryption: &str) -> Self {
        let (folder, key) = (tempfile::tempdir().unwrap(), tls::placeholder().unwrap().key);
        let world = Self { folder, key };
        world.write("nws-certd.toml", &format!("[git]\nencryption = \"{encryption}\"\n"));
        world.write("edge-a/shop_shop-tls.pem", &world.key);
        world.write("webhook-secret", "known to both sides of it");
        world.write("nws-certd.log", "INFO all is well");
        world
    }

    fn write(&self, name: &str, text: &str) {
        files::write(&self.folder.path().join(name), text).unwrap();
    }

    fn git(&self) -> PathBuf {
        programs::find("git").unwrap()
    }

    async fn git_commits(&self, text: &str) {
        self.write("gitops.git/secret", text);
        let run = async |args: &[&str]| {
            let mut command = process::isolated(&self.git());
            command.current_dir(self.folder.path().join("gitops.git")).args(args);
            process::output(command, LISTED).await.unwrap()
        };
        run(&["init", "--quiet", "--bare", "."]).await;
        run(&["hash-object", "-w", "secret"]).await;
        fs::remove_file(self.folder.path().join("gitops.git/secret")).unwrap();
    }

    async fn told(&self) -> String {
        let told = check(&self.git(), self.folder.path()).await;
        let folder = format!("{}/", self.folder.path().display());
        told.map_or_else(|error| error.to_string().replace(&folder, ""), |()| "nothing".to_owned())
    }
}

#[tokio::test]
async fn a_key_is_told_wherever_it_does_not_belong() {
    let of_edge = "what is secret in edge-a/shop_shop-tls.pem";
    for place in
        ["nws-certd.log", "said.log", "state/state.db", "root.pem", "cluster-of-edge-a.log"]
    {
        let world = World::with("none");
        assert_eq!(world.told().await, "nothing");
        world.write(place, &format!("before {:?} after", world.key));
        assert_eq!(world.told().await, format!("{place} has {of_edge}"));
    }
    let world = World::with("none");
    world.write("said.log", "Authorization: known to both sides of it");
    assert_eq!(world.told().await, "said.log has what is secret in webhook-secret");
}

#[tokio::test]
async fn a_key_that_nobody_knows_is_told_in_what_the_daemon_has_written() {
    let world = World::with("none");
    let another = tls::placeholder().unwrap().key;
    world.write("certbot/live/privkey.pem", "");
    world.write("root.pem", &another);
    assert_eq!(world.told().await, "nothing");
    world.write("state/crash", &another);
    assert_eq!(world.told().await, "state/crash has a private key");
}

#[tokio::test]
async fn a_key_in_git_is_told_unless_it_was_to_be_there() {
    for (encryption, want) in [
        ("none", "nothing"),
        ("sops-age", "an object of gitops.git has what is secret in edge-a/shop_shop-tls.pem"),
    ] {
        let world = World::with(encryption);
        world.git_commits(&world.key).await;
        assert_eq!(world.told().await, want, "{encryption}");
    }
}

#[tokio::test]
async fn a_folder_without_a_key_was_not_searched() {
    let world = World::with("none");
    fs::remove_dir_all(world.folder.path().join("edge-a")).unwrap();
    fs::remove_file(world.folder.path().join("webhook-secret")).unwrap();
    assert!(world.told().await.starts_with("no private key is known"));
}
