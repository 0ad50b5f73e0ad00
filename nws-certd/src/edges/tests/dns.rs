//! A resolver on a port of its own.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, SOA};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::net::UdpSocket;

/// What it says of one name and kind of record.
pub(crate) enum Reply {
    /// Those of the kind.
    Addresses(Vec<IpAddr>),
    /// Another name, and its addresses.
    Alias(&'static str, Vec<IpAddr>),
    /// Records of any kind.
    Records(Vec<RData>),
    Code(ResponseCode),
    /// These, which a resolver that checks signatures gives only to whom nothing is to be checked for.
    Bogus(Vec<IpAddr>),
    Silence,
}

pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Dns {
    pub(crate) async fn answering(
        zone: impl Fn(&str, RecordType) -> Reply + Send + 'static,
    ) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = Self { address: socket.local_addr().unwrap(), asked: Arc::default() };
        let asked = Arc::clone(&dns.asked);
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((len, peer)) = socket.recv_from(&mut packet).await {
                let request = Message::from_vec(&packet[..len]).unwrap();
                let query = &request.queries[0];
                let (name, kind) = (query.name().to_string(), query.query_type());
                asked.lock().unwrap().push(format!("{name} {kind}"));
                if let Some(response) = respond(&request, zone(&name, kind)) {
                    socket.send_to(&response.to_vec().unwrap(), peer).await.unwrap();
                }
            }
        });
        dns
    }

    /// Every question so far, as `name. TYPE`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn respond(request: &Message, reply: Reply) -> Option<Message> {
    let query = request.queries[0].clone();
    let reply = match reply {
        Reply::Bogus(addresses) if request.metadata.checking_disabled => {
            Reply::Addresses(addresses)
        }
        Reply::Bogus(_) => Reply::Code(ResponseCode::ServFail),
        other => other,
    };
    let mut response = Message::response(request.metadata.id, request.metadata.op_code);
    response.metadata.recursion_desired = true;
    response.metadata.recursion_available = true;
    let mut add = |owner: &Name, addresses: Vec<IpAddr>| {
        for data in addresses.into_iter().map(RData::from) {
            if data.record_type() == query.query_type() {
                response.answers.push(Record::from_rdata(owner.clone(), 300, data));
            }
        }
    };
    match reply {
        Reply::Addresses(addresses) => add(query.name(), addresses),
        Reply::Alias(canonical, addresses) => {
            let canonical = Name::from_ascii(canonical).unwrap();
            add(&canonical, addresses);
            let alias = RData::CNAME(CNAME(canonical));
            response.answers.insert(0, Record::from_rdata(query.name().clone(), 300, alias));
        }
        Reply::Records(records) => {
            let owned = |data| Record::from_rdata(query.name().clone(), 300, data);
            response.answers.extend(records.into_iter().map(owned));
        }
        Reply::Code(code) => {
            response.metadata.response_code = code;
            let root = Name::root();
            let soa = SOA::new(root.clone(), root.clone(), 1, 300, 300, 300, 300);
            response.add_authority(Record::from_rdata(root, 300, RData::SOA(soa)));
        }
        Reply::Silence | Reply::Bogus(_) => return None,
    }
    response.add_query(query);
    Some(response)
}
