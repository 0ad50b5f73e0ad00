use std::num::NonZeroUsize;

use nws_gitops::Deletion;

use super::*;

#[test]
fn nothing_is_removed_unless_it_is_said_after_how_long() {
    let said = |table: &str| read(&format!("{WHOLE}\n[deletion]\n{table}")).unwrap().deletion;
    assert_eq!(read(WHOLE).unwrap().deletion.rules, None);
    assert_eq!(said("").rules, None);
    let usual = Deletion {
        grace: time::Duration::days(30),
        apply_within: time::Duration::days(1),
        max_per_commit: NonZeroUsize::new(10).unwrap(),
        max_share: 10,
    };
    let deletion = said("grace = \"30d\"");
    assert_eq!((deletion.rules, deletion.even_if_served), (Some(usual), false));
    let all = "grace = \"1h\"\napply_within = \"5m\"\nmax_per_commit = 3\nmax_share = \"100%\"\neven_if_served = true";
    let deletion = said(all);
    let rules = Deletion {
        grace: time::Duration::HOUR,
        apply_within: time::Duration::minutes(5),
        max_per_commit: NonZeroUsize::new(3).unwrap(),
        max_share: 100,
    };
    assert_eq!((deletion.rules, deletion.even_if_served), (Some(rules), true));
}

#[test]
fn what_cannot_be_said_of_deletion_says_what_to_write() {
    check_faults(
        &format!("{WHOLE}\n[deletion]\nmax_share = \"5%\""),
        expect![[
            r#"config.toml: deletion.grace: is missing, without which nothing is removed; write how long a secret has to be unwanted, for instance "30d", or remove the table"#
        ]],
    );
    check_faults(
        &format!("{WHOLE}\n[deletion]\ngrace = \"0s\"\nmax_per_commit = 0\nmax_share = \"101%\""),
        expect![[r#"
            config.toml: deletion.grace: is zero; write at least "1s"
            config.toml: deletion.max_per_commit: is no whole number from 1 on; write one, for instance 10
            config.toml: deletion.max_share: "101%" is no share; write a whole number from 0 to 100 and %, for instance "10%""#]],
    );
}
