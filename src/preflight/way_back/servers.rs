//! Today's servers: they run, they pass EC2's checks, their addresses are still theirs, and they answer there.

use super::super::check::Subject;
use super::super::finding::Verdict;
use super::super::legacy::{self, Server};
use crate::aws::ec2::servers;
use crate::aws::web::{Answer, Question};
use crate::aws::{Aws, call};
use crate::engine::{CloudError, CloudResult};
use crate::spec::Legacy;
use futures_util::future::{join, join_all};
use std::net::Ipv4Addr;

/// What EC2 says of a server whose checks fail.
const IMPAIRED: &str = "impaired";

pub async fn look(subject: &Subject<'_>) -> CloudResult<Verdict> {
    let legacy = &subject.city.spec.legacy;
    let looked = async {
        let found = servers::of(subject.aws, &legacy.instances).await?;
        let servers: Vec<Server> = found.iter().map(legacy::server).collect();
        let impaired = impaired(subject.aws, &servers).await?;
        Ok::<_, CloudError>((servers, impaired))
    };
    let (looked, answers) = join(looked, join_all(legacy.addresses.iter().map(|at| answer(subject, *at)))).await;
    let (servers, impaired) = looked?;
    Ok(judge(legacy, &servers, &impaired, &answers))
}

/// The ids of those that fail EC2's own checks of the instance or of what it runs on.
async fn impaired(aws: &Aws, servers: &[Server]) -> CloudResult<Vec<String>> {
    let running: Vec<String> = servers.iter().filter(|one| one.runs()).map(|one| one.id.clone()).collect();
    if running.is_empty() {
        return Ok(Vec::new());
    }
    let ask = aws.ec2.describe_instance_status().set_instance_ids(Some(running)).send().await;
    let answer = ask.map_err(call("ec2:DescribeInstanceStatus"))?;
    let fails = answer.instance_statuses().iter().filter(|one| {
        let both = [one.instance_status(), one.system_status()];
        both.into_iter().flatten().any(|one| one.status().is_some_and(|status| status.as_str() == IMPAIRED))
    });
    Ok(fails.filter_map(|one| Some(one.instance_id()?.to_owned())).collect())
}

/// What an address answers to those who ask for the health path, on the servers' port or on those that everybody uses; the best of them.
async fn answer(subject: &Subject<'_>, at: Ipv4Addr) -> (Ipv4Addr, Answer) {
    let legacy = &subject.city.spec.legacy;
    let (address, host) = (at.to_string(), legacy.records.first().map_or_else(|| at.to_string(), ToString::to_string));
    let mut ports = vec![legacy.port, 443, 80];
    ports.dedup();
    let asked = ports.into_iter().map(|port| {
        let path = legacy.health_path.as_str();
        subject.aws.web.get(Question { address: &address, port, tls: port == 443, host: &host, path })
    });
    let rank = |answer: &Answer| match answer {
        Answer::Silence(_) => 0,
        Answer::Status(status) if !well(*status) => 1,
        Answer::Unasked | Answer::Status(_) => 2,
    };
    let best = join_all(asked).await.into_iter().max_by_key(rank);
    (at, best.unwrap_or(Answer::Unasked))
}

/// A redirect to HTTPS is a sign of life too.
fn well(status: u16) -> bool {
    (200..400).contains(&status)
}

fn judge(legacy: &Legacy, servers: &[Server], impaired: &[String], answers: &[(Ipv4Addr, Answer)]) -> Verdict {
    let mut verdict = Verdict::default();
    if servers.is_empty() {
        verdict.fail(
            "none of today's servers (`legacy.instances`) is there any more: nobody would take the users",
            "bring them back, or stay on the new side: `migrate finish` ends the move",
        );
        return verdict;
    }
    for server in servers.iter().filter(|server| !server.runs()) {
        let (id, state) = (&server.id, &server.state);
        verdict.fail(
            format!("{id} would take the users, but is {state}"),
            format!("aws ec2 start-instances --instance-ids {id}, and see that its public address is the same"),
        );
    }
    for id in impaired {
        verdict.fail(
            format!("{id} would take the users, but fails EC2's status checks"),
            format!("aws ec2 describe-instance-status --instance-ids {id} says which; mend it, or reboot it"),
        );
    }
    for (address, answer) in answers {
        let theirs = servers.iter().any(|server| server.addresses.contains(address));
        let whose = if theirs { "" } else { ", which is no address of those servers," };
        let mend = || match theirs {
            true => format!("see why: curl -i http://{address}:{}{}", legacy.port, legacy.health_path),
            false => "give the servers this address back (`legacy.addresses`): the records lead there".to_owned(),
        };
        match answer {
            Answer::Unasked if theirs => {}
            Answer::Status(status) if well(*status) => {}
            Answer::Status(status) => {
                verdict.fail(format!("{address}{whose} answers {status} to {}", legacy.health_path), mend())
            }
            Answer::Silence(why) => verdict.fail(format!("{address}{whose} doesn't answer: {why}"), mend()),
            Answer::Unasked => verdict.warn(format!("{address} is no address of those servers"), mend()),
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preflight::Level;
    use crate::spec::testing::malmo;

    fn servers(legacy: &Legacy) -> Vec<Server> {
        let one = |(n, address): (usize, &Ipv4Addr)| Server {
            id: format!("i-{n}"),
            state: "running".into(),
            addresses: vec![*address],
        };
        legacy.addresses.iter().enumerate().map(one).collect()
    }

    #[test]
    fn whoever_is_stopped_ill_silent_or_somebody_else_is_no_way_back() {
        let legacy = malmo().spec.legacy;
        let all = servers(&legacy);
        let says = |answer: Answer| legacy.addresses.iter().map(|at| (*at, answer.clone())).collect::<Vec<_>>();
        let well = says(Answer::Status(301));
        assert_eq!(judge(&legacy, &all, &[], &well), Verdict::default());
        assert_eq!(judge(&legacy, &all, &[], &says(Answer::Unasked)), Verdict::default());
        let mut stopped = all.clone();
        stopped[1].state = "stopped".into();
        let moved: Vec<Server> = all.iter().map(|one| Server { addresses: Vec::new(), ..one.clone() }).collect();
        for (servers, impaired, answers) in [
            (&[][..], vec![], &well),
            (&stopped, vec![], &well),
            (&all, vec!["i-0".to_owned()], &well),
            (&all, vec![], &says(Answer::Status(503))),
            (&all, vec![], &says(Answer::Silence("connection refused".into()))),
            (&moved, vec![], &says(Answer::Silence("connection refused".into()))),
        ] {
            assert_eq!(judge(&legacy, servers, &impaired, answers).worst(), Level::Fail, "{servers:?} {answers:?}");
        }
        assert_eq!(judge(&legacy, &moved, &[], &says(Answer::Unasked)).worst(), Level::Warn);
    }
}
