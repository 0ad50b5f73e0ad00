use std::net::IpAddr;

use super::Fault;

/// How much something is in the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Weight {
    /// A CA would refuse, from some vantage points at least.
    Refused,
    /// A CA may get by.
    Advisory,
}

/// What an IPv6 address means that takes no connection, beside an IPv4 address that is well.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ipv6 {
    /// A CA may get by: Boulder tries IPv4 then (va/http.go), and others need not.
    #[default]
    Warn,
    /// A CA would refuse.
    Strict,
}

/// How much each address of one name that has a fault is in the way, in the order given.
pub fn weigh(verdicts: &[(IpAddr, Result<(), Fault>)], ipv6: Ipv6) -> Vec<(IpAddr, Weight)> {
    let has_well_v4 =
        verdicts.iter().any(|(address, verdict)| address.is_ipv4() && verdict.is_ok());
    let is_of_the_way =
        |verdict: &Result<(), Fault>| verdict.as_ref().is_err_and(Fault::is_of_the_way);
    let all_are_far = verdicts.iter().all(|(_, verdict)| is_of_the_way(verdict));
    let is_special = |verdict: &Result<(), Fault>| verdict.as_ref().is_err_and(Fault::is_special);
    let all_are_special = verdicts.iter().all(|(_, verdict)| is_special(verdict));
    let weight = |(address, verdict): &(IpAddr, Result<(), Fault>)| {
        let fault = verdict.as_ref().err()?;
        let is_fallen_back_from =
            ipv6 == Ipv6::Warn && address.is_ipv6() && has_well_v4 && fault.is_of_dialling();
        // That there is no way from here proves nothing; nor does silence, where nothing of the name is heard from.
        let is_left_out = fault.is_special() && !all_are_special;
        let is_advisory =
            is_fallen_back_from || is_left_out || fault.is_unroutable() || all_are_far;
        Some((*address, if is_advisory { Weight::Advisory } else { Weight::Refused }))
    };
    verdicts.iter().filter_map(weight).collect()
}

#[cfg(test)]
mod tests;
