use super::super::selection::tests::{certificate, held, replaced, report};
use super::*;

#[test]
fn what_the_branch_has_anew_is_done() {
    let old: Vec<_> = ["a.example", "b.example", "c.example", "d.example"]
        .map(|name| certificate(name, 1, 60))
        .into();
    let awaited = Awaited::of(&old);
    let failed = |one: &CertificateReport| CertificateReport {
        stage: Stage::Waiting,
        last_error: Some("connection refused".into()),
        ..one.clone()
    };
    let is_held = |one: &CertificateReport| CertificateReport {
        stage: Stage::Held,
        reason: Some("asked for".into()),
        last_error: Some("connection refused".into()),
        ..held(one.clone())
    };
    let issued = |one: &CertificateReport| CertificateReport {
        stage: Stage::Issued,
        ..replaced(one.clone())
    };
    let cases = [
        (vec![old[0].clone(), old[1].clone(), old[2].clone(), old[3].clone()], "0 of 4 replaced"),
        (vec![replaced(old[0].clone()), issued(&old[1]), old[2].clone()], "2 of 4 replaced"),
        (
            vec![replaced(old[0].clone()), failed(&old[1]), failed(&old[2]), old[3].clone()],
            "1 of 4 replaced, 2 not for now, as b.example: connection refused",
        ),
        (
            vec![is_held(&old[0]), old[1].clone(), old[2].clone(), old[3].clone()],
            "0 of 4 replaced, 1 not for now, as a.example: held by a.yaml (\"an audit\"); remove the annotation",
        ),
        (old.iter().cloned().map(replaced).collect(), "4 of 4 replaced"),
    ];
    for (now, want) in cases {
        let progress = awaited.progress(&report(now));
        assert_eq!(
            (progress.text().as_str(), progress.is_over()),
            (want, want == "4 of 4 replaced")
        );
    }
}
