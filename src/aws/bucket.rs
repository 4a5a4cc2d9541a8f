//! The two buckets of an account and region: states, and access logs. Made by `migrate bootstrap`, never deleted by `migrate`.

use super::call;
use crate::engine::CloudResult;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration,
    ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};
use serde_json::{Value, json};

/// What a bucket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// States: every version is kept for a year.
    States,
    /// Access logs of load balancers: kept for 90 days.
    LoadBalancerLogs,
}

/// Makes the bucket if it isn't there, and brings it to versioned, encrypted, private, TLS only. True if it was made.
pub async fn ensure(s3: &Client, bucket: &str, account: &str, region: &str, purpose: Purpose) -> CloudResult<bool> {
    let made = create(s3, bucket, region).await?;
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    s3.put_public_access_block()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .public_access_block_configuration(block)
        .send()
        .await
        .map_err(call("s3:PutPublicAccessBlock"))?;
    let versioned = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    s3.put_bucket_versioning()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .versioning_configuration(versioned)
        .send()
        .await
        .map_err(call("s3:PutBucketVersioning"))?;
    s3.put_bucket_encryption()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .server_side_encryption_configuration(encryption()?)
        .send()
        .await
        .map_err(call("s3:PutBucketEncryption"))?;
    s3.put_bucket_policy()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .policy(policy(bucket, account, region, purpose).to_string())
        .send()
        .await
        .map_err(call("s3:PutBucketPolicy"))?;
    s3.put_bucket_lifecycle_configuration()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .lifecycle_configuration(lifecycle(purpose)?)
        .send()
        .await
        .map_err(call("s3:PutBucketLifecycleConfiguration"))?;
    Ok(made)
}

async fn create(s3: &Client, bucket: &str, region: &str) -> CloudResult<bool> {
    // us-east-1 is the one region that must not be named.
    let place = (region != "us-east-1").then(|| {
        CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region)).build()
    });
    let create = s3.create_bucket().bucket(bucket).set_create_bucket_configuration(place);
    match create.send().await.map_err(call("s3:CreateBucket")) {
        Ok(_) => Ok(true),
        Err(error) if error.code == "BucketAlreadyOwnedByYou" => Ok(false),
        Err(error) => Err(error),
    }
}

/// S3's own keys: the load balancer can't write to a bucket with KMS keys, and the state holds no secret.
fn encryption() -> CloudResult<ServerSideEncryptionConfiguration> {
    let by_default =
        ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build().map_err(built)?;
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).build();
    ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(built)
}

fn lifecycle(purpose: Purpose) -> CloudResult<BucketLifecycleConfiguration> {
    let all = LifecycleRuleFilter::builder().prefix("").build();
    let rule = LifecycleRule::builder().id("migrate").status(ExpirationStatus::Enabled).filter(all);
    let rule = match purpose {
        Purpose::States => {
            rule.noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(365).build())
        }
        Purpose::LoadBalancerLogs => rule
            .expiration(LifecycleExpiration::builder().days(90).build())
            .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(1).build()),
    };
    BucketLifecycleConfiguration::builder().rules(rule.build().map_err(built)?).build().map_err(built)
}

fn policy(bucket: &str, account: &str, region: &str, purpose: Purpose) -> Value {
    let (whole, objects) = (format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*"));
    let mut statements = vec![json!({
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [whole, objects],
        "Condition": { "Bool": { "aws:SecureTransport": "false" } }
    })];
    if purpose == Purpose::LoadBalancerLogs {
        statements.push(json!({
            "Sid": "LoadBalancersWriteTheirLogs",
            "Effect": "Allow",
            "Principal": { "Service": "logdelivery.elasticloadbalancing.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": format!("arn:aws:s3:::{bucket}/*/AWSLogs/{account}/*"),
            "Condition": { "ArnLike": { "aws:SourceArn": format!("arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/*") } }
        }));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn built(error: aws_smithy_types::error::operation::BuildError) -> crate::engine::CloudError {
    crate::engine::CloudError::internal(error.to_string())
}
