//! Hooks of the repository's server.

use std::path::Path;

use super::World;

impl World {
    /// Makes the server run this hook (githooks(5)).
    pub(in crate::daemon::tests) fn hook(&self, name: &str, script: &str) {
        self.hook_of("remote.git", name, script);
    }

    pub(super) fn hook_of(&self, remote: &str, name: &str, script: &str) {
        let hooks = self.dir.path().join(remote).join("hooks");
        std::fs::create_dir_all(&hooks).unwrap();
        self.script(&hooks.join(name), script);
    }

    pub(super) fn script(&self, file: &Path, script: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let new = self.dir.path().join("script");
        std::fs::write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::rename(new, file).unwrap();
    }

    /// How often a hook has counted itself.
    pub(in crate::daemon::tests) fn hooked(&self) -> usize {
        let count = self.dir.path().join("remote.git/count");
        std::fs::read_to_string(count).unwrap().trim().parse().unwrap()
    }
}
