//! `migrate bootstrap`

use super::exit::Exit;
use super::globals::Globals;
use super::open::{self, Opened};
use crate::aws::bucket;
use crate::phases::names;
use crate::view::{note, out};
use anyhow::Context;

/// Make the bucket for the states and the one for the load balancers' logs in a city's account and region: versioned, encrypted,
/// private, TLS only. What is there already is brought to that.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  migrate bootstrap malmo      for Malmö's account and region; every city there shares the buckets"
)]
pub struct Args {
    /// A city whose account and region it is for.
    city: String,
}

/// Runs it.
pub async fn run(globals: &Globals, args: Args) -> anyhow::Result<Exit> {
    let opened = open::one(globals, &args.city).await?;
    opened.check_account().await?;
    for name in make(&opened).await? {
        out(&format!("s3://{name} is there: versioned, encrypted, private, TLS only\n"));
    }
    Ok(Exit::Done)
}

/// Makes both buckets; answers with their names.
pub async fn make(city: &Opened) -> anyhow::Result<[String; 2]> {
    let s3 = city.store.client();
    let (account, region) = (&city.aws.account, &city.aws.region);
    let logs = names::log_bucket(account, region);
    for (name, purpose) in [(&city.bucket, bucket::Purpose::States), (&logs, bucket::Purpose::LoadBalancerLogs)] {
        let made = bucket::ensure(s3, name, account, region, purpose)
            .await
            .with_context(|| format!("making the bucket {name}"))?;
        if made {
            note(&format!("made s3://{name}"));
        }
    }
    Ok([city.bucket.clone(), logs])
}
