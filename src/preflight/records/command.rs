//! Commands for mends, that can be pasted into a shell.

use super::zone::Zone;
use crate::aws::route53::names::plain;
use aws_sdk_route53::types::ResourceRecordSet;
use serde_json::{Map, Value, json};

/// One batch of changes: `CREATE`, `DELETE` or `UPSERT`, and the record set.
pub fn change(zone: &str, changes: Vec<(&str, Value)>) -> String {
    let changes: Vec<Value> =
        changes.into_iter().map(|(action, set)| json!({ "Action": action, "ResourceRecordSet": set })).collect();
    let batch = json!({ "Changes": changes }).to_string().replace('\'', "'\\''");
    format!("aws route53 change-resource-record-sets --hosted-zone-id {zone} --change-batch '{batch}'")
}

/// A plain A record.
pub fn plain_record(name: &str, ttl: i64, addresses: &[String]) -> Value {
    let values: Vec<Value> = addresses.iter().map(|address| json!({ "Value": address })).collect();
    json!({ "Name": name, "Type": "A", "TTL": ttl, "ResourceRecords": values })
}

/// The command that puts a plain record in the place of these.
pub fn replace(zone: &str, sets: &[&ResourceRecordSet], record: Value) -> String {
    let mut changes: Vec<_> = sets.iter().map(|set| ("DELETE", as_written(set))).collect();
    changes.push(("CREATE", record));
    change(zone, changes)
}

/// A record set as the AWS CLI writes it; what is deleted must be told exactly as it is.
pub fn as_written(set: &ResourceRecordSet) -> Value {
    let mut all = Map::new();
    let mut put = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            all.insert(field.to_owned(), value);
        }
    };
    put("Name", Some(plain(set.name()).into()));
    put("Type", Some(set.r#type().as_str().into()));
    put("SetIdentifier", set.set_identifier().map(Value::from));
    put("Weight", set.weight().map(Value::from));
    put("Region", set.region().map(|region| region.as_str().into()));
    put("Failover", set.failover().map(|role| role.as_str().into()));
    put("MultiValueAnswer", set.multi_value_answer().map(Value::from));
    let place = set.geo_location().map(|place| {
        let fields = [
            ("ContinentCode", place.continent_code()),
            ("CountryCode", place.country_code()),
            ("SubdivisionCode", place.subdivision_code()),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
            .collect::<Map<_, _>>()
    });
    put("GeoLocation", place.map(Value::from));
    put("TTL", set.ttl().map(Value::from));
    let values: Vec<Value> = set.resource_records().iter().map(|record| json!({ "Value": record.value() })).collect();
    put("ResourceRecords", (!values.is_empty()).then(|| values.into()));
    let alias = set.alias_target().map(|alias| {
        let (zone, name) = (alias.hosted_zone_id(), alias.dns_name());
        json!({ "HostedZoneId": zone, "DNSName": name, "EvaluateTargetHealth": alias.evaluate_target_health() })
    });
    put("AliasTarget", alias);
    put("HealthCheckId", set.health_check_id().map(Value::from));
    Value::from(all)
}

/// The values that a wildcard gives.
pub fn values(zone: &Zone, name: &str) -> Vec<String> {
    let sets = zone.answers(name);
    let records = sets.iter().filter(|set| set.r#type().as_str() == "A").flat_map(|set| set.resource_records());
    records.map(|record| record.value().to_owned()).collect()
}
