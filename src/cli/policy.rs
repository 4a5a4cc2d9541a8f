//! `migrate policy`

use super::exit::{Exit, Hint};
use super::globals::Globals;
use super::open::cities;
use crate::aws::calls::Role;
use crate::aws::policy::{LONGEST_MANAGED, Scope, length, parts, whole};
use crate::state::layout;
use crate::view::{note, out};
use anyhow::anyhow;

/// Print the IAM policy that is enough for a role: each call that migrate may make, on the city's own resources where AWS allows.
/// Needs no AWS.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  migrate policy malmo --role plan > plan.json\n  migrate policy malmo --role apply --part 1 > apply-1.json\n\ndocs/security.md says how to make the roles."
)]
pub struct Args {
    /// The city.
    city: String,
    /// What the role is for.
    #[arg(long, value_name = "ROLE")]
    role: For,
    /// Only this part, counted from 1: a managed policy holds 6,144 characters, and a role takes ten of them.
    #[arg(long, value_name = "NUMBER")]
    part: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum For {
    /// Plan and status: reads only.
    Plan,
    /// Plan, status, apply and destroy.
    Apply,
    /// Import: all of apply's, and marking what somebody made by hand.
    Import,
    /// Bootstrap: the buckets of an account and region.
    Bootstrap,
}

/// Runs it.
pub fn run(globals: &Globals, args: &Args) -> anyhow::Result<Exit> {
    let city = cities(globals, std::slice::from_ref(&args.city))?.pop();
    let city = city.ok_or_else(|| anyhow!("no city {}", args.city))?;
    let bucket = globals.state_bucket.clone();
    let bucket = bucket.unwrap_or_else(|| layout::bucket(city.spec.account.as_str(), city.spec.region.as_str()));
    let roles: &[Role] = match args.role {
        For::Plan => &[Role::Plan],
        For::Apply => &[Role::Plan, Role::Apply],
        For::Import => &[Role::Plan, Role::Apply, Role::Import],
        For::Bootstrap => &[Role::Bootstrap],
    };
    let whole = whole(roles, &Scope::of(&city, &bucket));
    let parts = parts(&whole);
    let shown = match args.part {
        None => &whole,
        Some(part) => part.checked_sub(1).and_then(|index| parts.get(index)).ok_or_else(|| {
            anyhow!("there is no part {part}").context(Hint(format!("the policy has parts 1 to {}", parts.len())))
        })?,
    };
    out(&format!("{shown:#}\n"));
    if args.part.is_none() && parts.len() > 1 {
        note(&format!(
            "{} characters; a managed policy holds {LONGEST_MANAGED}: attach --part 1 to --part {} to the role",
            length(&whole),
            parts.len()
        ));
    }
    Ok(Exit::Done)
}
