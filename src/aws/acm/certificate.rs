//! `acm:certificate`: one certificate for all of the city's host names, validated through DNS.
//!
//! It is ready as soon as it says which DNS records prove the names; that it is issued is what [`route53:validation-records`]
//! waits for, once it has made them.
//!
//! [`route53:validation-records`]: crate::aws::route53::validation

use crate::aws::route53::proof;
use crate::aws::{Aws, Found, Making, Resource, Sought, Survey, call, tags};
use crate::engine::cloud::Readiness;
use crate::engine::kind::{Identity, KindInfo, Latency, ReplaceOrder};
use crate::engine::{CloudError, CloudResult};
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, KeyAlgorithm, Tag, ValidationMethod};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A certificate.
pub struct Certificate;

/// What the city wants of its certificate. Its key is RSA with 2048 bits: every client that reads today's site understands it, and
/// a move must not lock out the old ones for the sake of a faster handshake.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CertificateProps {
    /// The name that it is issued to, at most 64 characters.
    pub name: String,
    /// All names that it holds for, `name` among them.
    pub names: BTreeSet<String>,
    /// The name of the load balancer that serves with it.
    pub load_balancer: String,
    /// The zone that its names are proven in: what proves only names of this one goes with it.
    #[serde(default)]
    pub zone: Option<String>,
}

/// Where it is, and how its names are proven.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CertificateOutputs {
    /// ARN.
    pub arn: String,
    /// Name to value of the CNAME records that prove the names, without final dots.
    #[serde(default)]
    pub records: BTreeMap<String, String>,
}

fn readiness(detail: &CertificateDetail) -> Readiness {
    let told = detail.domain_validation_options();
    match hopeless(detail) {
        Some(reason) => Readiness::Failed(reason),
        None if !told.is_empty() && told.iter().all(|option| option.resource_record().is_some()) => Readiness::Ready,
        None => Readiness::Pending("waiting for its validation records".into()),
    }
}

/// Why the certificate will never be issued; `None` while there is hope.
pub fn hopeless(detail: &CertificateDetail) -> Option<String> {
    let status = detail.status()?;
    if matches!(status, CertificateStatus::Issued | CertificateStatus::PendingValidation) {
        return None;
    }
    let reason = detail.failure_reason().map_or(String::new(), |reason| format!(": {}", reason.as_str()));
    Some(format!("{}{reason}", status.as_str()))
}

/// The city's certificate for exactly these names, found without a record of it.
async fn lost(survey: &Survey, props: &CertificateProps) -> CloudResult<Option<String>> {
    for one in survey.usable_certificates().await?.iter().filter(|one| one.domain_name() == Some(&props.name)) {
        let names: BTreeSet<&str> = one.subject_alternative_name_summaries().iter().map(String::as_str).collect();
        let arn = one.certificate_arn().unwrap_or_default();
        if names == props.names.iter().map(String::as_str).collect()
            && survey.certificate_owner(arn).await?.as_deref() == Some(&survey.aws.city)
        {
            return Ok(Some(arn.to_owned()));
        }
    }
    Ok(None)
}

impl Resource for Certificate {
    const INFO: KindInfo = KindInfo {
        immutable: &["name", "names"],
        // A certificate can't change, so what was recorded holds as long as it exists.
        unread: &["name", "names", "load_balancer", "zone"],
        replace: ReplaceOrder::CreateFirst,
        settles: true,
        vanishes: true,
        create: Latency::estimated(1, 5, 30),
        serves: true,
        ..KindInfo::new("acm:certificate", Identity::Token)
    };
    const FOUND_BY: Option<&'static str> = Some("arn");
    type Props = CertificateProps;
    type Outputs = CertificateOutputs;

    async fn read(survey: &Survey, sought: Sought<'_, Self>) -> CloudResult<Option<Found<Self>>> {
        if let Some(recorded) = sought.recorded
            && !recorded.records.is_empty()
            && survey.certificate_serves(&sought.props.load_balancer, &recorded.arn).await?
        {
            return Ok(Some(Found::ready(sought.props.clone(), recorded.clone())));
        }
        let arn = match sought.recorded {
            Some(recorded) => Some(recorded.arn.clone()),
            None => lost(survey, sought.props).await?,
        };
        let Some(arn) = arn else {
            return Ok(None);
        };
        let detail = survey.certificate(&arn).await?;
        let Some(detail) = detail.as_ref() else {
            return Ok(None);
        };
        let props = CertificateProps {
            name: detail.domain_name().unwrap_or_default().into(),
            names: detail.subject_alternative_names().iter().cloned().collect(),
            load_balancer: sought.props.load_balancer.clone(),
            zone: sought.props.zone.clone(),
        };
        let outputs = CertificateOutputs { arn, records: proof::of(detail) };
        Ok(Some(Found { props, outputs, readiness: readiness(detail) }))
    }

    async fn create(aws: &Aws, making: Making<'_>, props: &CertificateProps) -> CloudResult<CertificateOutputs> {
        let tag = |(key, value): (String, String)| {
            Tag::builder().key(key).value(value).build().map_err(|e| CloudError::internal(e.to_string()))
        };
        let tags = tags::of(aws, making).into_iter().map(tag).collect::<CloudResult<_>>()?;
        let made = aws
            .acm
            .request_certificate()
            .domain_name(&props.name)
            .set_subject_alternative_names(Some(props.names.iter().cloned().collect()))
            .validation_method(ValidationMethod::Dns)
            .key_algorithm(KeyAlgorithm::Rsa2048)
            .idempotency_token(making.token)
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(call("acm:RequestCertificate"))?;
        let arn =
            made.certificate_arn.ok_or_else(|| CloudError::internal("RequestCertificate answered without an ARN"))?;
        Ok(CertificateOutputs { arn, records: BTreeMap::new() })
    }

    async fn update(
        _: &Aws,
        _: Making<'_>,
        outputs: CertificateOutputs,
        _: &CertificateProps,
        _: &CertificateProps,
    ) -> CloudResult<CertificateOutputs> {
        Ok(outputs)
    }

    async fn delete(
        aws: &Aws,
        _: Making<'_>,
        outputs: &CertificateOutputs,
        props: &CertificateProps,
    ) -> CloudResult<()> {
        let arn = &outputs.arn;
        let detail = aws.acm.describe_certificate().certificate_arn(arn).send().await;
        let detail = detail.map_err(call("acm:DescribeCertificate"))?.certificate;
        let users = detail.as_ref().map(|detail| detail.in_use_by().len()).unwrap_or(0);
        // While a listener has it, it may have to be renewed; AWS would refuse the delete below then.
        if let (0, Some(zone)) = (users, &props.zone) {
            proof::release(aws, zone, arn, &outputs.records, true).await?;
        }
        aws.acm.delete_certificate().certificate_arn(arn).send().await.map_err(call("acm:DeleteCertificate"))?;
        Ok(())
    }
}
