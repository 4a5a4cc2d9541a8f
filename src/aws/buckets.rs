//! The buckets of an account that keep states, for a city whose own can't be named.

use super::call;
use crate::engine::CloudResult;
use crate::state::{S3Store, layout};
use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;

/// A bucket of states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub bucket: String,
    /// Where it is.
    pub region: String,
}

impl Place {
    /// The bucket of an account and region.
    pub fn of(account: &str, region: &str) -> Self {
        Self { bucket: layout::bucket(account, region), region: region.into() }
    }

    /// The store in it.
    pub fn store(&self, s3: &Client, account: &str) -> S3Store {
        let there = s3.config().to_builder().region(Region::new(self.region.clone()));
        S3Store::new(Client::from_conf(there.build()), &self.bucket, account)
    }
}

/// The client for buckets: by path where an emulator is asked, which has one name for all of them.
pub fn client(config: &SdkConfig) -> Client {
    let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(config.endpoint_url().is_some());
    Client::from_conf(s3.build())
}

/// The buckets of states that an account has, by their names.
///
/// # Errors
/// As every call.
pub async fn all(s3: &Client, account: &str) -> CloudResult<Vec<Place>> {
    let prefix = layout::bucket(account, "");
    let mut pages = s3.list_buckets().prefix(&prefix).into_paginator().send();
    let mut places = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(call("s3:ListBuckets"))?;
        let regions = page.buckets().iter().filter_map(|bucket| bucket.name()?.strip_prefix(&prefix));
        places.extend(regions.map(|region| Place::of(account, region)));
    }
    Ok(places)
}
