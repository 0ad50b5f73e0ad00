use clap::Parser as _;
use clap::error::ErrorKind;
use nws_acme::RevocationReason;

use super::*;

fn parse(line: &str) -> Result<Command, ErrorKind> {
    let words = ["nws-certd"].into_iter().chain(line.split(' '));
    Args::try_parse_from(words).map(|args| args.command).map_err(|error| error.kind())
}

#[test]
fn what_is_replaced_is_named_or_selected() {
    let Ok(Command::Renew(renew)) = parse("renew Shop.example. blog.example") else {
        panic!("two hosts")
    };
    assert_eq!((renew.hosts.join(" "), renew.all), ("shop.example blog.example".into(), false));
    let Ok(Command::Renew(renew)) = parse("renew --all --where host=a*,ca=b --where ca=c --yes")
    else {
        panic!("an incident")
    };
    assert_eq!(
        (renew.conditions.len(), renew.all, renew.yes, renew.no_wait),
        (2, true, true, false)
    );
    let cases = [
        ("renew", ErrorKind::MissingRequiredArgument),
        ("issue", ErrorKind::MissingRequiredArgument),
        ("renew --all shop.example", ErrorKind::ArgumentConflict),
        ("renew --where host=a", ErrorKind::MissingRequiredArgument),
        ("renew shop.example --where host=a", ErrorKind::ArgumentConflict),
        ("renew shop.example --yes", ErrorKind::ArgumentConflict),
        ("renew --all --where colour=red", ErrorKind::ValueValidation),
        ("renew http://shop.example/", ErrorKind::ValueValidation),
    ];
    for (line, want) in cases {
        assert_eq!(parse(line).err(), Some(want), "{line}");
    }
}

#[test]
fn one_certificate_is_revoked_for_a_reason() {
    let Ok(Command::Revoke(revoke)) = parse("revoke --serial 0x00:0A --reason superseded") else {
        panic!("a serial")
    };
    assert_eq!((revoke.by.serial.as_deref(), revoke.by.host), (Some("a"), None));
    assert_eq!((revoke.reason, revoke.replace), (RevocationReason::Superseded, false));
    let Ok(Command::Revoke(revoke)) = parse("revoke shop.example --replace --yes") else {
        panic!("a host")
    };
    assert_eq!((revoke.by.host.as_deref(), revoke.replace), (Some("shop.example"), true));
    assert_eq!(revoke.reason, RevocationReason::Unspecified);
    let cases = [
        ("revoke", ErrorKind::MissingRequiredArgument),
        ("revoke shop.example --serial 0a", ErrorKind::ArgumentConflict),
        ("revoke --serial none", ErrorKind::ValueValidation),
        ("revoke shop.example --reason boredom", ErrorKind::ValueValidation),
    ];
    for (line, want) in cases {
        assert_eq!(parse(line).err(), Some(want), "{line}");
    }
}

#[test]
fn what_is_imported_is_named_or_all_of_it() {
    let Ok(Command::Import(ImportCommand::Repo { secrets, all, how })) =
        parse("import repo shop/shop-tls blog/blog-tls --dry-run")
    else {
        panic!("two Secrets")
    };
    assert_eq!((secrets.len(), all, how.dry_run), (2, false, true));
    let Ok(Command::Import(ImportCommand::Certbot(from))) = parse("import certbot --account")
    else {
        panic!("certbot's usual folder")
    };
    assert_eq!(from.dir, PathBuf::from("/etc/letsencrypt"));
    assert_eq!((from.account.account, from.account.replace_account), (true, false));
    let cases = [
        ("import repo", ErrorKind::MissingRequiredArgument),
        ("import repo shop/shop-tls --all", ErrorKind::ArgumentConflict),
        ("import repo shop-tls", ErrorKind::ValueValidation),
        ("import lego /srv/lego --replace-account", ErrorKind::MissingRequiredArgument),
        ("import acme.sh", ErrorKind::InvalidSubcommand),
    ];
    for (line, want) in cases {
        assert_eq!(parse(line).err(), Some(want), "{line}");
    }
}

#[test]
fn an_edge_is_told_of_checked_values_only() {
    let Ok(Command::EdgeConfig(EdgeConfigCommand::Haproxy { backends, send_proxy, edge })) =
        parse("edge-config haproxy --backend 10.0.0.1:80 --backend 10.0.0.2:80 --edge a")
    else {
        panic!("two replicas")
    };
    assert_eq!((backends.backends.len(), send_proxy, edge.leave_others), (2, false, false));
    let listen: Vec<_> = edge.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, [":80", "[::]:80"]);
    let cases = [
        ("edge-config", ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand),
        ("edge-config haproxy --backend 10.0.0.1", ErrorKind::ValueValidation),
        ("edge-config haproxy --edge a;b", ErrorKind::ValueValidation),
        ("edge-config nginx --send-proxy", ErrorKind::UnknownArgument),
        ("edge-config haproxy-stateless --map accounts.map", ErrorKind::ValueValidation),
        ("edge-config redirect", ErrorKind::MissingRequiredArgument),
        ("edge-config redirect --central acme.example", ErrorKind::ValueValidation),
        ("edge-config redirect --central http://a.example --for apache", ErrorKind::InvalidValue),
    ];
    for (line, want) in cases {
        assert_eq!(parse(line).err(), Some(want), "{line}");
    }
}

#[test]
fn the_command_line_is_consistent() {
    <Args as clap::CommandFactory>::command().debug_assert();
}
