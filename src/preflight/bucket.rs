//! The state bucket: there, versioned, private, TLS only.

use super::check::{Check, Subject};
use super::finding::Verdict;
use crate::aws::call;
use crate::engine::{CloudError, CloudResult};
use async_trait::async_trait;
use aws_sdk_s3::types::BucketVersioningStatus;
use serde_json::Value;

/// The check.
pub struct StateBucket;

/// What the bucket is like.
#[derive(Clone, Debug, Default, PartialEq)]
struct Facts {
    there: bool,
    versioned: bool,
    private: bool,
    tls_only: bool,
}

#[async_trait]
impl Check for StateBucket {
    fn name(&self) -> &'static str {
        "state-bucket"
    }

    fn concerns(&self, _: &Subject<'_>) -> bool {
        true
    }

    async fn look(&self, subject: &Subject<'_>) -> CloudResult<Verdict> {
        let facts = read(subject).await?;
        Ok(judge(&facts, subject.bucket, &format!("{} bootstrap {}", subject.command, subject.city.name)))
    }
}

async fn read(subject: &Subject<'_>) -> CloudResult<Facts> {
    let (s3, bucket, owner) = (subject.s3, subject.bucket, subject.aws.account.as_str());
    let versioning = s3.get_bucket_versioning().bucket(bucket).expected_bucket_owner(owner).send();
    let block = s3.get_public_access_block().bucket(bucket).expected_bucket_owner(owner).send();
    let policy = s3.get_bucket_policy().bucket(bucket).expected_bucket_owner(owner).send();
    let (versioning, block, policy) = tokio::join!(versioning, block, policy);
    let Some(versioning) = unless_absent(versioning.map_err(call("s3:GetBucketVersioning")))? else {
        return Ok(Facts::default());
    };
    let block = unless_absent(block.map_err(call("s3:GetPublicAccessBlock")))?;
    let block = block.as_ref().and_then(|answer| answer.public_access_block_configuration());
    let policy = unless_absent(policy.map_err(call("s3:GetBucketPolicy")))?;
    Ok(Facts {
        there: true,
        versioned: versioning.status() == Some(&BucketVersioningStatus::Enabled),
        private: block.is_some_and(|block| {
            [
                block.block_public_acls(),
                block.ignore_public_acls(),
                block.block_public_policy(),
                block.restrict_public_buckets(),
            ]
            .iter()
            .all(|on| *on == Some(true))
        }),
        tls_only: policy.as_ref().and_then(|answer| answer.policy()).is_some_and(refuses_plain_text),
    })
}

/// `None` where there is no bucket, or no such setting of it.
fn unless_absent<T>(answer: CloudResult<T>) -> CloudResult<Option<T>> {
    match answer {
        Err(CloudError { code, .. })
            if matches!(
                code.as_str(),
                "NoSuchBucket" | "NoSuchPublicAccessBlockConfiguration" | "NoSuchBucketPolicy"
            ) =>
        {
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// Whether a statement denies everything to whoever comes without TLS.
fn refuses_plain_text(policy: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let denies = |statement: &Value| {
        statement["Effect"] == "Deny" && statement["Condition"]["Bool"]["aws:SecureTransport"].as_str() == Some("false")
    };
    policy["Statement"].as_array().is_some_and(|all| all.iter().any(denies))
}

fn judge(facts: &Facts, bucket: &str, mend: &str) -> Verdict {
    let mut verdict = Verdict::default();
    if !facts.there {
        // `apply` says so itself when it takes the lock; in the sandbox it makes the bucket.
        verdict.warn(format!("there is no state bucket {bucket} yet"), format!("{mend} makes it"));
        return verdict;
    }
    for (good, what) in [
        (facts.versioned, "keeps no versions: a state that is overwritten by mistake is lost"),
        (facts.private, "can be made public"),
        (facts.tls_only, "can be read without TLS"),
    ] {
        if !good {
            verdict.fail(format!("s3://{bucket} {what}"), format!("{mend} mends it"));
        }
    }
    verdict.or_ok(format!("s3://{bucket} is versioned, private, TLS only"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;

    #[test]
    fn a_bucket_that_forgets_or_shows_or_listens_in_fails() {
        let good = Facts { there: true, versioned: true, private: true, tls_only: true };
        let level = |facts: &Facts| judge(facts, "states", "migrate bootstrap malmo").worst();
        assert_eq!(level(&good), Level::Ok);
        assert_eq!(level(&Facts { versioned: false, ..good.clone() }), Level::Fail);
        assert_eq!(level(&Facts { private: false, ..good.clone() }), Level::Fail);
        assert_eq!(level(&Facts { tls_only: false, ..good }), Level::Fail);
        assert_eq!(level(&Facts::default()), Level::Warn, "it is yet to be made");
    }

    #[test]
    fn a_policy_that_asks_for_tls_is_told_from_one_that_does_not() {
        let deny = r#"{"Statement":[{"Effect":"Deny","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}"#;
        assert!(refuses_plain_text(deny));
        assert!(!refuses_plain_text(&deny.replace("Deny", "Allow")));
        assert!(!refuses_plain_text(r#"{"Statement":[{"Effect":"Deny"}]}"#));
        assert!(!refuses_plain_text("not JSON"));
    }
}
