use Weight::{Advisory, Refused};

use super::*;
use crate::preflight::Failure;

fn failed(failure: Failure) -> Result<(), Fault> {
    Err(Fault::Failed { failure, hop: None })
}

/// Of the addresses of one name, each `4` or `6`, what its fault weighs; `-` for one that is well.
fn weights(ipv6: Ipv6, verdicts: &[(char, Result<(), Fault>)]) -> Vec<Weight> {
    let address = |(at, (family, verdict)): (u16, &(char, Result<(), Fault>))| {
        let address: IpAddr = match family {
            '4' => IpAddr::from([5, 9, 1, u8::try_from(at).unwrap()]),
            _ => IpAddr::from([0x2a01, 0x4f8, 0, 0, 0, 0, 0, at]),
        };
        (address, verdict.clone())
    };
    let verdicts: Vec<_> = (1..).zip(verdicts).map(address).collect();
    weigh(&verdicts, ipv6).into_iter().map(|(_, weight)| weight).collect()
}

#[test]
fn what_a_fault_of_one_address_means_for_the_name() {
    let well = || Ok(());
    let wrong = || Err(Fault::Status { status: 404, hop: None });
    let far = || failed(Failure::ConnectTimeout);
    let closed = || failed(Failure::Refused);
    let no_way = || failed(Failure::Unroutable);
    let private =
        || Err(Fault::Special { address: [10, 0, 0, 1].into(), purpose: "private", hop: None });
    let beyond = || {
        Err(Fault::Failed { failure: Failure::ConnectTimeout, hop: Some("http://a.com".into()) })
    };
    let cases = [
        ("all well", Ipv6::Warn, vec![('4', well()), ('6', well())], vec![]),
        (
            "one of three is wrong",
            Ipv6::Warn,
            vec![('4', well()), ('4', wrong()), ('4', well())],
            vec![Refused],
        ),
        ("one of two is closed", Ipv6::Warn, vec![('4', well()), ('4', closed())], vec![Refused]),
        ("one of two is silent", Ipv6::Warn, vec![('4', well()), ('4', far())], vec![Refused]),
        (
            "all are silent, perhaps to us alone",
            Ipv6::Warn,
            vec![('4', far()), ('4', far())],
            vec![Advisory; 2],
        ),
        ("the only one is closed", Ipv6::Warn, vec![('4', closed())], vec![Refused]),
        (
            "IPv6 is closed, and IPv4 is well",
            Ipv6::Warn,
            vec![('6', closed()), ('4', well())],
            vec![Advisory],
        ),
        ("the same, strictly", Ipv6::Strict, vec![('6', closed()), ('4', well())], vec![Refused]),
        (
            "IPv6 is wrong, and IPv4 is well",
            Ipv6::Warn,
            vec![('6', wrong()), ('4', well())],
            vec![Refused],
        ),
        (
            "IPv6 is closed, and IPv4 is wrong",
            Ipv6::Warn,
            vec![('6', closed()), ('4', wrong())],
            vec![Refused; 2],
        ),
        (
            "no way to IPv6 from here",
            Ipv6::Strict,
            vec![('6', no_way()), ('4', well())],
            vec![Advisory],
        ),
        ("a private address beside another", Ipv6::Warn, vec![('4', private()), ('4', well())], vec![Advisory]),
        ("only private ones", Ipv6::Warn, vec![('4', private()), ('6', private())], vec![Refused; 2]),
        ("a redirect leads to silence", Ipv6::Warn, vec![('4', beyond())], vec![Refused]),
    ];
    for (case, ipv6, verdicts, want) in cases {
        assert_eq!(weights(ipv6, &verdicts), want, "{case}");
    }
}
