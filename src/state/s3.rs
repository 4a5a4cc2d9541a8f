//! The store in an S3 bucket, by `If-Match` and `If-None-Match`.

use super::store::{Condition, Object, Store, StoreError};
use crate::aws::error::call;
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::BucketVersioningStatus;

/// A bucket.
#[derive(Clone, Debug)]
pub struct S3Store {
    client: Client,
    bucket: String,
    account: String,
}

impl S3Store {
    /// The bucket of that name, if `account` owns it: a bucket of that name in another account is refused by S3.
    pub fn new(client: Client, bucket: &str, account: &str) -> Self {
        Self { client, bucket: bucket.into(), account: account.into() }
    }

    /// The client that it works with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whether every version of an object is kept.
    ///
    /// # Errors
    /// As every call; in particular that there is no such bucket.
    pub async fn versioned(&self) -> Result<bool, StoreError> {
        let ask = self.client.get_bucket_versioning().bucket(&self.bucket).expected_bucket_owner(&self.account);
        let answer = ask.send().await.map_err(call("s3:GetBucketVersioning")).map_err(|e| self.error("", e))?;
        Ok(answer.status() == Some(&BucketVersioningStatus::Enabled))
    }

    fn error(&self, key: &str, error: crate::engine::CloudError) -> StoreError {
        match error.code.as_str() {
            "PreconditionFailed" | "ConditionalRequestConflict" => StoreError::Conflict { key: key.into() },
            "NoSuchBucket" => StoreError::NoBucket { bucket: self.bucket.clone() },
            _ => StoreError::Call { place: format!("s3://{}/{key}", self.bucket), cause: error },
        }
    }
}

#[async_trait]
impl Store for S3Store {
    fn place(&self) -> String {
        format!("s3://{}", self.bucket)
    }

    async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let get = self.client.get_object().bucket(&self.bucket).key(key).expected_bucket_owner(&self.account);
        let object = match get.send().await.map_err(call("s3:GetObject")) {
            Ok(object) => object,
            Err(error) if error.code == "NoSuchKey" => return Ok(None),
            Err(error) => return Err(self.error(key, error)),
        };
        let etag = object.e_tag().unwrap_or_default().to_owned();
        let bytes = object
            .body
            .collect()
            .await
            .map_err(|e| StoreError::Failed(format!("reading s3://{}/{key}: {e}", self.bucket)))?;
        Ok(Some(Object { bytes: bytes.to_vec(), etag }))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: &Condition) -> Result<String, StoreError> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .expected_bucket_owner(&self.account)
            .content_type("application/json")
            .body(ByteStream::from(bytes));
        let put = match condition {
            Condition::Absent => put.if_none_match("*"),
            Condition::Unchanged(etag) => put.if_match(etag),
        };
        let answer = put.send().await.map_err(call("s3:PutObject")).map_err(|e| match e.code.as_str() {
            // The object that should be unchanged is gone.
            "NoSuchKey" => StoreError::Conflict { key: key.into() },
            _ => self.error(key, e),
        })?;
        Ok(answer.e_tag().unwrap_or_default().to_owned())
    }

    async fn delete(&self, key: &str, etag: &str) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(key)
            .expected_bucket_owner(&self.account)
            .if_match(etag);
        match delete.send().await.map_err(call("s3:DeleteObject")) {
            Err(error) if error.code != "NoSuchKey" => Err(self.error(key, error)),
            _ => Ok(()),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        let list =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).expected_bucket_owner(&self.account);
        let mut pages = list.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(call("s3:ListObjectsV2")).map_err(|e| self.error(prefix, e))?;
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
        }
        Ok(keys)
    }
}
