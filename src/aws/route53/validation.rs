//! `route53:validation-records`: the CNAME records that prove a certificate's names. Ready when the certificate is issued.

use super::names::{plain, same};
use super::proof;
use crate::aws::acm::certificate::hopeless;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency};
use crate::engine::{CloudResult, Input};
use aws_sdk_acm::types::CertificateStatus;
use aws_sdk_route53::types::{ResourceRecordSet, RrType};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The records of one certificate.
pub struct ValidationRecords;

/// Which records, and what for.
#[derive(Debug, Serialize, Deserialize)]
pub struct ValidationProps {
    /// The zone's id.
    pub zone: String,
    /// The certificate's ARN.
    pub certificate: Input,
    /// Name to value, without final dots.
    pub records: Input<BTreeMap<String, String>>,
    /// The name of the load balancer that serves with the certificate.
    pub load_balancer: String,
}

/// What was proven.
#[derive(Debug, Serialize, Deserialize)]
pub struct ValidationOutputs {
    /// The ARN of the certificate, issued.
    pub certificate: String,
    /// Whether the records that we made bear our mark; those of earlier versions don't.
    #[serde(default)]
    pub marked: bool,
}

/// Those of the wanted records that are in the zone, with the values that they have there.
fn present(zone: &[ResourceRecordSet], wanted: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let value = |name: &str| {
        let found = zone.iter().find(|one| *one.r#type() == RrType::Cname && same(one.name(), name))?;
        found.resource_records().first().map(|record| plain(record.value()))
    };
    wanted.keys().filter_map(|name| Some((name.clone(), value(name)?))).collect()
}

async fn readiness(survey: &Survey, load_balancer: &str, certificate: &str) -> CloudResult<Readiness> {
    if survey.certificate_serves(load_balancer, certificate).await? {
        return Ok(Readiness::Ready);
    }
    let detail = survey.certificate(certificate).await?;
    let Some(detail) = detail.as_ref() else {
        return Ok(Readiness::Failed(format!("{certificate} is gone")));
    };
    Ok(match (detail.status(), hopeless(detail)) {
        (_, Some(reason)) => Readiness::Failed(reason),
        (Some(CertificateStatus::Issued), None) => Readiness::Ready,
        _ => Readiness::Pending("PENDING_VALIDATION".into()),
    })
}

impl Resource for ValidationRecords {
    const INFO: KindInfo = KindInfo {
        immutable: &["zone"],
        settles: true,
        // A listener takes the new certificate in the same run.
        volatile: &["certificate"],
        create: Latency { low: 2, typical: 61, high: 1800, source: crate::engine::kind::Source::Measured },
        update: Latency { low: 2, typical: 61, high: 1800, source: crate::engine::kind::Source::Measured },
        ..KindInfo::new("route53:validation-records", Identity::Same(&["zone", "certificate"]))
    };
    type Props = ValidationProps;
    type Outputs = ValidationOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        let (Some(certificate), Some(wanted)) = (sought.props.certificate.get(), sought.props.records.get()) else {
            return Ok(None);
        };
        let records = present(&survey.records_for(&sought.props.zone, sought.wanted).await?, wanted);
        if records.is_empty() {
            return Ok(None);
        }
        let props = ValidationProps {
            zone: sought.props.zone.clone(),
            certificate: certificate.clone().into(),
            records: Input::Known(records),
            load_balancer: sought.props.load_balancer.clone(),
        };
        let readiness = readiness(survey, &sought.props.load_balancer, certificate).await?;
        let marked = sought.recorded.is_none_or(|recorded| recorded.marked);
        let outputs = ValidationOutputs { certificate: certificate.clone(), marked };
        Ok(Some(Found { props, outputs, readiness }))
    }

    async fn create(aws: &Aws, _: Making<'_>, props: &ValidationProps) -> CloudResult<ValidationOutputs> {
        put(aws, props).await
    }

    async fn update(
        aws: &Aws,
        _: Making<'_>,
        outputs: ValidationOutputs,
        _: &ValidationProps,
        new: &ValidationProps,
    ) -> CloudResult<ValidationOutputs> {
        // What only the certificate before needed goes with that one, when no listener has it any more.
        Ok(ValidationOutputs { marked: outputs.marked, ..put(aws, new).await? })
    }

    async fn delete(aws: &Aws, _: Making<'_>, outputs: &ValidationOutputs, props: &ValidationProps) -> CloudResult<()> {
        proof::release(aws, &props.zone, &outputs.certificate, props.records.known()?, outputs.marked).await
    }
}

async fn put(aws: &Aws, props: &ValidationProps) -> CloudResult<ValidationOutputs> {
    let certificate = props.certificate.known()?.clone();
    proof::make(aws, &props.zone, &certificate, props.records.known()?).await?;
    Ok(ValidationOutputs { certificate, marked: true })
}
