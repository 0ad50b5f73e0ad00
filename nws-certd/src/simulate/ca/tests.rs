use time::macros::datetime;

use super::*;
use crate::simulate::certificate::Standing as Held;
use crate::simulate::world::blank;

const BEGINNING: OffsetDateTime = datetime!(2027-01-01 0:00 UTC);
const HOUR: i32 = 3_600;

fn limits(kind: LimitKind) -> Limits {
    let one = "1/1d".parse().ok();
    let none = Limits { renewals: Renewals::Free, ..Limits::NONE };
    match kind {
        LimitKind::NewOrders => Limits { new_orders: one, ..none },
        LimitKind::RegisteredDomain => Limits { registered_domain: one, ..none },
        LimitKind::ExactSet => Limits { exact_set: one, ..none },
        LimitKind::FailedValidations => Limits { failed_validations: one, ..none },
    }
}

/// One of 90 days that began so many hours ago.
fn one(had: Had, hours: i32) -> Certificate {
    let begins = -hours * HOUR;
    Certificate { had, begins, ends: begins + 2_160 * HOUR, ..blank(2_160 * HOUR) }
}

/// Whether a second order, a minute after one that brought a certificate or did not, is refused.
fn is_refused(limits: Limits, one: &Certificate, brought: bool) -> Option<LimitKind> {
    let names = Names::made(9);
    let mut ca = Ca::new(limits, Ari::Offered, Epoch(BEGINNING));
    ca.recalls(BEGINNING);
    ca.order(BEGINNING, 0, one, &names).unwrap();
    if brought {
        ca.issue(BEGINNING, BEGINNING, 0, one, &names);
    } else {
        ca.fail(BEGINNING, 0, &names);
    }
    ca.order(BEGINNING + Duration::MINUTE, 0, one, &names).err().map(|refusal| refusal.limit)
}

/// facts: Boulder `wfe2/wfe.go` NewOrder, `ra/ra.go` countCertificateIssued.
#[test]
fn what_is_used_up_is_refused_unless_it_is_exempt() {
    use LimitKind::{ExactSet, FailedValidations, NewOrders, RegisteredDomain};
    let (new, early) = (one(Had::Nothing, 0), one(Had::Here, 800));
    let (suggested, late) = (one(Had::Here, 1_440), one(Had::Here, 121 * 24));
    let called_back = Certificate { standing: Held::CalledBack, ..suggested };
    let cases = [
        ("new, for the account", NewOrders, &new, true, true),
        ("one from elsewhere is new", NewOrders, &one(Had::Elsewhere, 800), true, true),
        ("the same names", NewOrders, &early, true, false),
        ("the same names, too long ago", NewOrders, &late, true, true),
        ("new, for its domain", RegisteredDomain, &new, true, true),
        ("new, but it brought nothing", RegisteredDomain, &new, false, false),
        ("the same names, for their domain", RegisteredDomain, &early, true, false),
        ("the same names, for themselves", ExactSet, &early, true, true),
        ("when the CA suggests", ExactSet, &suggested, true, false),
        ("called back", ExactSet, &called_back, true, true),
        ("it failed", FailedValidations, &early, false, true),
        ("it failed when the CA suggests", FailedValidations, &suggested, false, false),
    ];
    for (case, kind, one, brought, refused) in cases {
        let want = refused.then_some(kind);
        assert_eq!(is_refused(limits(kind), one, brought), want, "{case}");
    }
    let counted = Limits { renewals: Renewals::Counted, ..limits(NewOrders) };
    assert_eq!(is_refused(counted, &suggested, true), Some(NewOrders), "nothing is exempt there");
}
