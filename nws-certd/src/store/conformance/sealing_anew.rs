//! Whether everything is to be sealed anew.

use time::Duration;

use super::{Bench, NOON};
use crate::store::{Step, Store as _};

#[tokio::test]
async fn what_is_to_be_sealed_anew_stays_so_over_restarts_until_it_is() {
    let bench = Bench::new().await;
    assert_eq!(bench.store.load().await.unwrap().sealing_anew_since, None);
    for at in [NOON, NOON + Duration::HOUR] {
        bench.store.write(Step::SealingAnewAsked { at }).await.unwrap();
    }
    let later = bench.later().await;
    assert_eq!(later.load().await.unwrap().sealing_anew_since, Some(NOON));

    for _ in 0..2 {
        later.write(Step::SealedAnew).await.unwrap();
    }
    assert_eq!(bench.later().await.load().await.unwrap().sealing_anew_since, None);
    let at = NOON + Duration::DAY;
    later.write(Step::SealingAnewAsked { at }).await.unwrap();
    assert_eq!(later.load().await.unwrap().sealing_anew_since, Some(at));
}
