//! Certificates that other clients have made.

use nws_gitops::Provenance;

use super::{Bench, CA, Made};
use crate::store::{Imported, Step, Store as _};

#[tokio::test]
async fn what_is_imported_is_in_the_outbox_and_keeps_what_was_there() {
    let bench = Bench::new().await;
    let old = bench.intend("a.example").await;
    bench.store.write(old.issued()).await.unwrap();
    let new = Made::new("a.example");
    let imported = |ca: Option<&str>| {
        let (certificate, chain) = (new.certificate.clone(), new.chain.clone());
        let (sealed_key, ca) = (new.sealed(), ca.map(str::to_owned));
        Step::Imported(Box::new(Imported { certificate, chain, sealed_key, ca }))
    };
    bench.store.write(imported(None)).await.unwrap();
    let facts = bench.later().await.load().await.unwrap();
    let issued = facts.certificates[0].issued.as_ref().unwrap();
    assert_eq!((&issued.chain, &issued.ca, &issued.profile), (&new.chain, &None, &None));
    assert_eq!(issued.at, new.chain.leaf().not_before());
    assert_eq!(bench.predecessor().await, (old.chain.to_pem(), old.sealed().0));

    bench.store.write(imported(Some(CA))).await.unwrap();
    let outgoing = bench.store.outbox(&new.certificate).await.unwrap().unwrap();
    let provenance = Provenance { ca: Some(CA.into()), profile: None };
    assert_eq!((outgoing.sealed_key, outgoing.provenance), (new.sealed(), provenance));
}
