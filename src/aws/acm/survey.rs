//! The city's certificates. One that a listener uses is proven by it (AWS neither lets a certificate in use be deleted nor takes
//! one that isn't issued) and not asked for.

use crate::aws::memo::{Memo, MemoMap};
use crate::aws::{Survey, call, tags};
use crate::engine::CloudResult;
use aws_sdk_acm::types::{CertificateDetail, CertificateStatus, CertificateSummary};
use std::sync::Arc;

/// Certificate Manager's lists.
#[derive(Default)]
pub struct AcmLists {
    details: MemoMap<String, Option<CertificateDetail>>,
    usable: Memo<Vec<CertificateSummary>>,
    owners: MemoMap<String, Option<String>>,
}

impl Survey {
    /// Whether a listener of the load balancer named so proves the certificate, by serving with it.
    pub async fn certificate_serves(&self, load_balancer: &str, certificate: &str) -> CloudResult<bool> {
        if !self.proves() {
            return Ok(false);
        }
        let balancers = self.load_balancers(load_balancer).await?;
        let Some(arn) = balancers.first().and_then(|balancer| balancer.load_balancer_arn()) else {
            return Ok(false);
        };
        let listeners = self.listeners(arn).await?;
        let mut served = listeners.iter().flat_map(|listener| listener.certificates());
        Ok(served.any(|one| one.certificate_arn() == Some(certificate)))
    }

    /// All of a certificate; `None` if it isn't there.
    pub async fn certificate(&self, arn: &str) -> CloudResult<Arc<Option<CertificateDetail>>> {
        let ask = async {
            let answer = self.aws.acm.describe_certificate().certificate_arn(arn).send().await;
            match answer.map_err(call("acm:DescribeCertificate")) {
                Ok(answer) => Ok(answer.certificate),
                Err(error) if error.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.acm.details.get(arn.into(), ask).await
    }

    /// The account's certificates that are issued or may still be: for finding one whose record was lost.
    pub async fn usable_certificates(&self) -> CloudResult<Arc<Vec<CertificateSummary>>> {
        let ask = async {
            let request = self
                .aws
                .acm
                .list_certificates()
                .certificate_statuses(CertificateStatus::Issued)
                .certificate_statuses(CertificateStatus::PendingValidation);
            let pages = request.into_paginator().items().send();
            pages.collect::<Result<_, _>>().await.map_err(call("acm:ListCertificates"))
        };
        self.acm.usable.get(ask).await
    }

    /// The city that a certificate belongs to, by its tag.
    pub async fn certificate_owner(&self, arn: &str) -> CloudResult<Arc<Option<String>>> {
        let ask = async {
            let answer = self.aws.acm.list_tags_for_certificate().certificate_arn(arn).send().await;
            let found = answer.map_err(call("acm:ListTagsForCertificate"))?.tags.unwrap_or_default();
            Ok(found.into_iter().find(|tag| tag.key() == tags::CITY).and_then(|tag| tag.value))
        };
        self.acm.owners.get(arn.into(), ask).await
    }
}
