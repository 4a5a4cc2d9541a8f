//! What the internet sees of the city's names: real DNS, or, where an emulator stands for AWS, the zone's own records.

use crate::aws::route53::names::{plain, same};
use crate::aws::{Aws, call};
use async_trait::async_trait;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use std::collections::BTreeSet;
use std::time::Duration;

/// A CAA record: which authority may issue certificates for a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaaRecord {
    /// `issue`, `issuewild`, `iodef`.
    pub tag: String,
    /// `amazon.com`, `;`.
    pub value: String,
}

/// Answers about names. An error is a text: nobody could be asked.
#[async_trait]
pub trait Resolver: Send + Sync {
    /// The name servers that the zone is delegated to, without a final dot, in lower case.
    async fn name_servers(&self, zone: &str) -> Result<BTreeSet<String>, String>;

    /// The CAA records of exactly this name.
    async fn caa(&self, name: &str) -> Result<Vec<CaaRecord>, String>;
}

/// The DNS of the machine that `migrate` runs on.
pub struct Internet(Option<TokioResolver>);

impl Internet {
    /// As the system is configured.
    pub fn new() -> Self {
        Self(TokioResolver::builder_tokio().ok().and_then(Self::patient))
    }

    fn patient(mut builder: ResolverBuilder<TokioRuntimeProvider>) -> Option<TokioResolver> {
        builder.options_mut().timeout = Duration::from_secs(3);
        builder.options_mut().attempts = 2;
        builder.build().ok()
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Vec<RData>, String> {
        let resolver = self.0.as_ref().ok_or("this machine has no DNS configured")?;
        match resolver.lookup(format!("{}.", plain(name)), kind).await {
            Ok(found) => Ok(found.answers().iter().map(|record| record.data.clone()).collect()),
            Err(error) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
            Err(error) => Err(format!("DNS doesn't answer: {error}")),
        }
    }
}

impl Default for Internet {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Resolver for Internet {
    async fn name_servers(&self, zone: &str) -> Result<BTreeSet<String>, String> {
        let servers = self.ask(zone, RecordType::NS).await?.into_iter();
        Ok(servers
            .filter_map(|data| if let RData::NS(name) = data { Some(plain(&name.0.to_utf8())) } else { None })
            .collect())
    }

    async fn caa(&self, name: &str) -> Result<Vec<CaaRecord>, String> {
        let records = self.ask(name, RecordType::CAA).await?.into_iter();
        let record = |data| match data {
            RData::CAA(caa) => {
                Some(CaaRecord { value: String::from_utf8_lossy(&caa.value).into_owned(), tag: caa.tag })
            }
            _ => None,
        };
        Ok(records.filter_map(record).collect())
    }
}

/// The records in the zone itself: an emulator's names are known to nobody else.
pub struct ZoneData<'a> {
    /// Whom to ask.
    pub aws: &'a Aws,
    /// The zone's id.
    pub zone: &'a str,
}

impl ZoneData<'_> {
    async fn records(&self, name: &str, kind: &str) -> Result<Vec<String>, String> {
        let ask = self.aws.route53.list_resource_record_sets().hosted_zone_id(self.zone);
        let answer =
            ask.send().await.map_err(call("route53:ListResourceRecordSets")).map_err(|error| error.to_string())?;
        let sets = answer.resource_record_sets().iter();
        let sets = sets.filter(|set| set.r#type().as_str() == kind && same(set.name(), name));
        Ok(sets.flat_map(|set| set.resource_records()).map(|record| record.value().to_owned()).collect())
    }
}

#[async_trait]
impl Resolver for ZoneData<'_> {
    async fn name_servers(&self, zone: &str) -> Result<BTreeSet<String>, String> {
        Ok(self.records(zone, "NS").await?.iter().map(|name| plain(name)).collect())
    }

    async fn caa(&self, name: &str) -> Result<Vec<CaaRecord>, String> {
        Ok(self.records(name, "CAA").await?.iter().filter_map(|text| written(text)).collect())
    }
}

/// A CAA record as Route 53 writes it: `0 issue "amazon.com"`.
fn written(text: &str) -> Option<CaaRecord> {
    let mut parts = text.splitn(3, ' ');
    let (_, tag, value) = (parts.next()?, parts.next()?, parts.next()?);
    Some(CaaRecord { tag: tag.to_owned(), value: value.trim_matches('"').to_owned() })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
    use hickory_resolver::proto::op::{Message, OpCode, ResponseCode};
    use hickory_resolver::proto::rr::rdata::{CAA, NS};
    use hickory_resolver::proto::rr::{Name, Record};
    use std::net::Ipv4Addr;
    use tokio::net::UdpSocket;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    /// A DNS server on loopback that knows one city, nothing of others, and is broken for one.
    async fn server() -> Internet {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut connection = ConnectionConfig::udp();
        connection.port = socket.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut packet = [0; 4096];
            loop {
                let (length, from) = socket.recv_from(&mut packet).await.unwrap();
                let asked = Message::from_vec(&packet[..length]).unwrap();
                let query = asked.queries[0].clone();
                let mut answer = Message::response(asked.metadata.id, OpCode::Query);
                answer.metadata.recursion_available = true;
                answer.metadata.response_code = match query.name().to_ascii().as_str() {
                    "city.example." => ResponseCode::NoError,
                    "broken.example." => ResponseCode::ServFail,
                    _ => ResponseCode::NXDomain,
                };
                let data = match query.query_type() {
                    RecordType::NS => RData::NS(NS(name("NS-1.AwsDns.example."))),
                    _ => RData::CAA(CAA::new_issue(false, Some(name("amazon.com")), Vec::new())),
                };
                if answer.metadata.response_code == ResponseCode::NoError {
                    answer.add_answer(Record::from_rdata(query.name().clone(), 60, data));
                }
                answer.add_query(query);
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        let server = NameServerConfig::new(Ipv4Addr::LOCALHOST.into(), true, vec![connection]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Internet(Internet::patient(builder))
    }

    #[tokio::test]
    async fn dns_is_asked_and_a_name_that_is_not_there_is_not_a_failure() {
        let dns = server().await;
        assert_eq!(dns.name_servers("City.example").await, Ok(BTreeSet::from(["ns-1.awsdns.example".to_owned()])));
        let amazon = CaaRecord { tag: "issue".into(), value: "amazon.com".into() };
        assert_eq!(dns.caa("city.example.").await, Ok(vec![amazon]));
        assert_eq!(dns.name_servers("nowhere.example").await, Ok(BTreeSet::new()));
        assert_eq!(dns.caa("nowhere.example").await, Ok(Vec::new()));
        let why = dns.caa("broken.example").await.unwrap_err();
        assert!(why.starts_with("DNS doesn't answer: "), "{why}");
        assert_eq!(Internet(None).caa("city.example").await, Err("this machine has no DNS configured".into()));
    }

    #[test]
    fn records_as_route_53_writes_them() {
        let record = |tag: &str, value: &str| Some(CaaRecord { tag: tag.into(), value: value.into() });
        assert_eq!(written("0 issue \"amazon.com\""), record("issue", "amazon.com"));
        assert_eq!(written("128 issuewild \";\""), record("issuewild", ";"));
        assert_eq!(written("0"), None);
    }
}
