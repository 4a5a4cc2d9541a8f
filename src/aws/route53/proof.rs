//! The CNAME records that prove a name to Certificate Manager. They are the same for every certificate of an account with that name, also for
//! those that others have made: so only what bears our mark is taken away, and only when no other certificate needs it.

use super::names::{plain, same};
use super::pair::Changes;
use super::write::{record, submit};
use crate::aws::{Aws, call};
use crate::engine::CloudResult;
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, CertificateSummary, Filters, KeyAlgorithm};
use aws_sdk_route53::types::{ChangeAction, ResourceRecordSet, RrType};
use std::collections::{BTreeMap, BTreeSet};

/// The time to live of what we make, in seconds. A certificate is renewed through the same records, so it hardly matters; nobody else
/// chooses it, and no tag fits on a record.
const MARK: u32 = 307;
/// The one of what we made before there was a mark.
const UNMARKED: u32 = 300;

/// Name to value of the records in a certificate's detail, without final dots.
pub fn of(detail: &CertificateDetail) -> BTreeMap<String, String> {
    let records = detail.domain_validation_options().iter().filter_map(|option| option.resource_record());
    records.map(|record| (plain(record.name()), plain(record.value()))).collect()
}

/// The record as it is this moment.
async fn now(aws: &Aws, zone: &str, name: &str) -> CloudResult<Option<ResourceRecordSet>> {
    let list = aws.route53.list_resource_record_sets().hosted_zone_id(zone).start_record_name(name);
    let answer = list.start_record_type(RrType::Cname).max_items(1).send().await;
    let answer = answer.map_err(call("route53:ListResourceRecordSets"))?;
    let cname = |one: &&ResourceRecordSet| *one.r#type() == RrType::Cname && same(one.name(), name);
    Ok(answer.resource_record_sets().iter().find(cname).cloned())
}

fn value(found: &ResourceRecordSet) -> Option<String> {
    found.resource_records().first().map(|record| plain(record.value()))
}

/// Makes the records that aren't there. One that somebody else made stays as it is.
pub async fn make(aws: &Aws, zone: &str, certificate: &str, records: &BTreeMap<String, String>) -> CloudResult<()> {
    let mut changes = Changes::new();
    for (name, wanted) in records {
        let found = now(aws, zone, name).await?;
        if found.as_ref().and_then(value).as_ref() != Some(wanted) {
            let record = record(name, RrType::Cname, MARK, std::slice::from_ref(wanted))?;
            changes.push((ChangeAction::Upsert, record));
        }
    }
    submit(aws, zone, &format!("proof for {certificate}"), changes).await?;
    Ok(())
}

/// Takes those away that we made, `marked` or before there was a mark, and that no certificate but `certificate` needs.
pub async fn release(
    aws: &Aws,
    zone: &str,
    certificate: &str,
    records: &BTreeMap<String, String>,
    marked: bool,
) -> CloudResult<()> {
    let mut ours = Vec::new();
    for (name, wanted) in records {
        let Some(found) = now(aws, zone, name).await? else { continue };
        let ttl = found.ttl().and_then(|ttl| u32::try_from(ttl).ok());
        let made = ttl == Some(MARK) || (!marked && ttl == Some(UNMARKED));
        if made && value(&found).as_ref() == Some(wanted) {
            ours.push(found);
        }
    }
    if ours.is_empty() {
        return Ok(());
    }
    let needed = needed(aws, certificate, records).await?;
    let changes = ours.into_iter().filter(|record| !needed.contains(&plain(record.name())));
    let changes = changes.map(|record| (ChangeAction::Delete, record)).collect();
    submit(aws, zone, "no certificate needs these any more", changes).await?;
    Ok(())
}

/// The domain that a record proves, with or without a wildcard: what comes after its own label.
fn domain(record: &str) -> &str {
    record.split_once('.').map_or(record, |(_, domain)| domain)
}

/// Of `records`, those that other certificates of the account and region need.
async fn needed(aws: &Aws, certificate: &str, records: &BTreeMap<String, String>) -> CloudResult<BTreeSet<String>> {
    // Without a filter, keys other than RSA's short ones aren't told (D).
    let keys = [
        KeyAlgorithm::EcPrime256v1,
        KeyAlgorithm::EcSecp384r1,
        KeyAlgorithm::EcSecp521r1,
        KeyAlgorithm::Rsa1024,
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::Rsa3072,
        KeyAlgorithm::Rsa4096,
    ];
    let request = aws
        .acm
        .list_certificates()
        .certificate_statuses(CertificateStatus::Issued)
        .certificate_statuses(CertificateStatus::PendingValidation)
        .includes(Filters::builder().set_key_types(Some(keys.into())).build());
    let pages = request.into_paginator().items().send();
    let all: Vec<CertificateSummary> = pages.collect::<Result<_, _>>().await.map_err(call("acm:ListCertificates"))?;
    let domains: BTreeSet<&str> = records.keys().map(|record| domain(record)).collect();
    let mut needed = BTreeSet::new();
    for other in all.iter().filter(|one| one.certificate_arn() != Some(certificate) && shares(one, &domains)) {
        let Some(arn) = other.certificate_arn() else { continue };
        match aws.acm.describe_certificate().certificate_arn(arn).send().await.map_err(call("acm:DescribeCertificate"))
        {
            Ok(answer) => needed.extend(answer.certificate().map(of).unwrap_or_default().into_keys()),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(needed)
}

/// Whether a certificate may hold for one of the domains: a summary tells at most a hundred of its names (D).
fn shares(certificate: &CertificateSummary, domains: &BTreeSet<&str>) -> bool {
    let names = certificate.subject_alternative_name_summaries().iter().map(String::as_str);
    let mut names = names.chain(certificate.domain_name());
    certificate.has_additional_subject_alternative_names() == Some(true)
        || names.any(|name| domains.contains(plain(name).trim_start_matches("*.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_shares_a_proof_by_its_name_or_by_its_wildcard() {
        let domains = ["www.city.example"].into();
        let named = |name: &str| CertificateSummary::builder().domain_name(name).build();
        assert!(shares(&named("www.city.example"), &domains) && shares(&named("*.www.city.example"), &domains));
        assert!(!shares(&named("*.city.example"), &domains) && !shares(&named("api.city.example"), &domains));
        let many = CertificateSummary::builder().has_additional_subject_alternative_names(true).build();
        assert!(shares(&many, &domains), "who knows");
        assert_eq!(domain("_3f2a.www.city.example"), "www.city.example");
    }
}
