//! A DNS server: zones as maps, on UDP and TCP at one port of loopback (RFC 1035).
//!
//! It answers as a resolver does that has everything at hand: it follows CNAMEs through all of its names, says NXDOMAIN
//! of names that are not there and NODATA of those that have other records, with the TTL of the absence (RFC 2308), and
//! sends what does not fit into a datagram over TCP only. On request it fails, refuses, says nothing or cuts.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, SOA, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

use super::LabError;

/// TTL of every record, in seconds.
pub const TTL: u32 = 300;
/// TTL of every absence.
pub const ABSENCE_TTL: u32 = 900;
/// Most octets of a datagram to a client that names no size (RFC 1035 §2.3.4).
const SMALL: u16 = 512;
/// Longest string within a TXT record.
const LONGEST_STRING: usize = 255;

/// What the server does wrong about one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DnsFault {
    /// Answers SERVFAIL.
    ServFail,
    /// Answers REFUSED.
    Refused,
    /// Says nothing.
    Silence,
    /// Cuts every datagram, so that the answer is to be had over TCP only.
    Cut,
    /// Cuts the answer over TCP, too.
    CutAlways,
}

#[derive(Debug, Default)]
struct State {
    records: BTreeMap<String, Vec<(u32, RData)>>,
    faults: BTreeMap<String, DnsFault>,
    asked: Vec<(String, String, bool)>,
}

/// Everything that a server knows. Clones are the same, and may be changed while it runs.
#[derive(Debug, Clone, Default)]
pub struct DnsZone(Arc<Mutex<State>>);

impl DnsZone {
    /// A zone without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a TXT record, split into strings where it is long.
    pub fn txt(&self, name: &str, text: &str) -> &Self {
        let strings: Vec<&[u8]> = text.as_bytes().chunks(LONGEST_STRING).collect();
        self.add(name, RData::TXT(TXT::from_bytes(strings)))
    }

    /// Adds a CNAME. A target that is no name adds nothing.
    pub fn cname(&self, name: &str, target: &str) -> &Self {
        absolute(target).map_or(self, |target| self.add(name, RData::CNAME(CNAME(target))))
    }

    /// Adds an MX record.
    pub fn mx(&self, name: &str, preference: u16, host: &str) -> &Self {
        absolute(host).map_or(self, |host| self.add(name, RData::MX(MX::new(preference, host))))
    }

    /// Adds an A or AAAA record.
    pub fn address(&self, name: &str, address: IpAddr) -> &Self {
        let data = match address {
            IpAddr::V4(v4) => RData::A(A(v4)),
            IpAddr::V6(v6) => RData::AAAA(AAAA(v6)),
        };
        self.add(name, data)
    }

    /// Adds a PTR record under a name such as `7.2.0.192.in-addr.arpa`.
    pub fn ptr(&self, name: &str, host: &str) -> &Self {
        absolute(host).map_or(self, |host| self.add(name, RData::PTR(PTR(host))))
    }

    /// Takes every record of a name away.
    pub fn remove(&self, name: &str) -> &Self {
        self.lock().records.remove(&key(name));
        self
    }

    /// Makes a fault out of a name, or with `None` none any more.
    pub fn fault(&self, name: &str, fault: Option<DnsFault>) -> &Self {
        match fault {
            Some(fault) => drop(self.lock().faults.insert(key(name), fault)),
            None => drop(self.lock().faults.remove(&key(name))),
        }
        self
    }

    /// What was asked so far: name, type, and whether it came over TCP.
    pub fn asked(&self) -> Vec<(String, String, bool)> {
        self.lock().asked.clone()
    }

    fn add(&self, name: &str, data: RData) -> &Self {
        self.lock().records.entry(key(name)).or_default().push((TTL, data));
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer in octets; `None` for what gets none.
    fn respond(&self, request: &[u8], over_tcp: bool) -> Option<Vec<u8>> {
        let request = Message::from_vec(request).ok()?;
        let query = request.queries.first()?.clone();
        let name = key(&query.name().to_ascii());
        let mut state = self.lock();
        state.asked.push((name.clone(), query.query_type().to_string(), over_tcp));
        let mut response = Message::response(request.metadata.id, OpCode::Query);
        response.metadata.recursion_desired = request.metadata.recursion_desired;
        response.metadata.recursion_available = true;
        response.add_query(query.clone());
        let fault = state.faults.get(&name).copied();
        match fault {
            Some(DnsFault::Silence) => return None,
            Some(DnsFault::ServFail) => response.metadata.response_code = ResponseCode::ServFail,
            Some(DnsFault::Refused) => response.metadata.response_code = ResponseCode::Refused,
            Some(DnsFault::Cut | DnsFault::CutAlways) | None => {
                state.fill(&mut response, query.name(), query.query_type());
            }
        }
        let room = if over_tcp { u16::MAX } else { request.edns.as_ref().map_or(SMALL, |_| request.max_payload()) };
        let cut = fault == Some(DnsFault::CutAlways) || (fault == Some(DnsFault::Cut) && !over_tcp);
        let octets = response.to_vec().ok()?;
        if cut || octets.len() > usize::from(room) {
            response.answers.clear();
            response.authorities.clear();
            response.metadata.truncation = true;
            return response.to_vec().ok();
        }
        Some(octets)
    }
}

impl State {
    fn fill(&self, response: &mut Message, asked: &Name, kind: RecordType) {
        let mut name = asked.clone();
        let mut seen = BTreeSet::new();
        while seen.insert(key(&name.to_ascii())) {
            let Some(records) = self.records.get(&key(&name.to_ascii())) else {
                let exists = self.has_names_below(&name);
                self.say_nothing(response, if exists { ResponseCode::NoError } else { ResponseCode::NXDomain });
                return;
            };
            let target = |data: &RData| if let RData::CNAME(target) = data { Some(target.0.clone()) } else { None };
            let alias = records.iter().find_map(|(_, data)| target(data)).filter(|_| kind != RecordType::CNAME);
            let wanted = |data: &RData| data.record_type() == if alias.is_some() { RecordType::CNAME } else { kind };
            let found = records.iter().filter(|(_, data)| wanted(data));
            let found: Vec<Record> =
                found.map(|(ttl, data)| Record::from_rdata(name.clone(), *ttl, data.clone())).collect();
            if found.is_empty() {
                self.say_nothing(response, ResponseCode::NoError);
                return;
            }
            response.add_answers(found);
            match alias {
                Some(target) => name = target,
                None => return,
            }
        }
    }

    fn has_names_below(&self, name: &Name) -> bool {
        let below = format!(".{}", key(&name.to_ascii()));
        self.records.keys().any(|known| known.ends_with(&below))
    }

    #[expect(clippy::unused_self, reason = "it reads as what the zone says")]
    fn say_nothing(&self, response: &mut Message, code: ResponseCode) {
        response.metadata.response_code = code;
        let Some(top) = absolute("lab.example") else { return };
        let soa = SOA::new(top.clone(), top.clone(), 1, 3600, 600, 86_400, ABSENCE_TTL);
        response.add_authority(Record::from_rdata(top, ABSENCE_TTL, RData::SOA(soa)));
    }
}

/// A running server; it stops when it is dropped.
#[derive(Debug)]
pub struct DnsServer {
    address: SocketAddr,
    zone: DnsZone,
    tasks: [JoinHandle<()>; 2],
}

impl DnsServer {
    /// Starts a server on a free port.
    pub async fn start(zone: DnsZone) -> Result<Self, LabError> {
        let (udp, tcp) = sockets().await.map_err(LabError::Listen)?;
        let address = udp.local_addr().map_err(LabError::Listen)?;
        let tasks = [tokio::spawn(serve_udp(udp, zone.clone())), tokio::spawn(serve_tcp(tcp, zone.clone()))];
        Ok(Self { address, zone, tasks })
    }

    /// For `[dns] resolver`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it answers from.
    pub fn zone(&self) -> &DnsZone {
        &self.zone
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Both sockets at one port. The one that is free for UDP may be taken for TCP.
async fn sockets() -> io::Result<(UdpSocket, TcpListener)> {
    let mut tries = 0;
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if tries >= 20 => return Err(error),
            Err(_) => tries += 1,
        }
    }
}

async fn serve_udp(socket: UdpSocket, zone: DnsZone) {
    let mut request = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut request).await {
        if let Some(response) = request.get(..length).and_then(|request| zone.respond(request, false)) {
            // A client that has gone is none of ours.
            let _sent = socket.send_to(&response, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, zone: DnsZone) {
    while let Ok((stream, _)) = listener.accept().await {
        let zone = zone.clone();
        tokio::spawn(async move { while_it_asks(stream, &zone).await.unwrap_or_default() });
    }
}

/// Requests with their length before them (RFC 1035 §4.2.2), until the client leaves.
async fn while_it_asks(mut stream: TcpStream, zone: &DnsZone) -> io::Result<()> {
    loop {
        let length = stream.read_u16().await?;
        let mut request = vec![0; usize::from(length)];
        stream.read_exact(&mut request).await?;
        if let Some(response) = zone.respond(&request, true) {
            stream.write_u16(u16::try_from(response.len()).map_err(io::Error::other)?).await?;
            stream.write_all(&response).await?;
        }
    }
}

fn key(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn absolute(name: &str) -> Option<Name> {
    Name::from_ascii(format!("{}.", name.trim_end_matches('.'))).ok()
}
