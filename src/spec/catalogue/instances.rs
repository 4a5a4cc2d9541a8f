//! EC2 instance types.

use super::{PerRegion, in_region};

use Architecture::{Arm, X86};

/// The processor architecture that an image must be built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86,
    /// 64-bit ARM (Graviton).
    Arm,
}

impl Architecture {
    /// The name that EC2 and ECS optimised images use.
    pub fn name(self) -> &'static str {
        match self {
            X86 => "x86_64",
            Arm => "arm64",
        }
    }
}

/// An instance type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceTypeData {
    /// Its name.
    pub name: &'static str,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Its processors.
    pub architecture: Architecture,
    hourly: PerRegion,
}

impl InstanceTypeData {
    /// CPU units that tasks can reserve: ECS registers 1024 a vCPU, all of them (D).
    pub fn cpu_units(&self) -> u32 {
        self.vcpus * 1024
    }

    /// Memory in MiB that tasks can use.
    ///
    /// The kernel and the ECS agent keep some: AWS's example registers 7,985 of 8,192 MiB (D), small types keep a larger share. 7 % and 64 MiB is on
    /// the safe side of both (E).
    pub fn task_memory(&self) -> u32 {
        self.memory - self.memory * 7 / 100 - 64
    }

    /// USD per hour on demand; `None` where no price was found.
    pub fn hourly(&self, region: &str) -> Option<f64> {
        in_region(self.hourly, region)
    }
}

const fn t(name: &'static str, vcpus: u32, gib: u32, architecture: Architecture, hourly: PerRegion) -> InstanceTypeData {
    InstanceTypeData { name, vcpus, memory: gib * 1024, architecture, hourly }
}

/// The type of that name.
pub fn instance(name: &str) -> Option<&'static InstanceTypeData> {
    INSTANCES.iter().find(|data| data.name == name)
}

/// Name, vCPUs, memory in GiB, architecture (D), price (see [`super::PRICES_AS_OF`]).
#[rustfmt::skip]
pub static INSTANCES: &[InstanceTypeData] = &[
    t("t3.micro", 2, 1, X86, Some([0.0108, 0.0114, 0.012])),
    t("t3.small", 2, 2, X86, Some([0.0216, 0.0228, 0.024])),
    t("t3.medium", 2, 4, X86, Some([0.0432, 0.0456, 0.048])),
    t("t3.large", 2, 8, X86, Some([0.0864, 0.0912, 0.096])),
    t("t3.xlarge", 4, 16, X86, None),
    t("t3.2xlarge", 8, 32, X86, None),
    t("t3a.micro", 2, 1, X86, None),
    t("t3a.small", 2, 2, X86, None),
    t("t3a.medium", 2, 4, X86, None),
    t("t3a.large", 2, 8, X86, None),
    t("t3a.xlarge", 4, 16, X86, None),
    t("t3a.2xlarge", 8, 32, X86, None),
    t("t4g.micro", 2, 1, Arm, Some([0.0086, 0.0092, 0.0096])),
    t("t4g.small", 2, 2, Arm, Some([0.0172, 0.0184, 0.0192])),
    t("t4g.medium", 2, 4, Arm, Some([0.0344, 0.0368, 0.0384])),
    t("t4g.large", 2, 8, Arm, Some([0.0688, 0.0736, 0.0768])),
    t("t4g.xlarge", 4, 16, Arm, None),
    t("t4g.2xlarge", 8, 32, Arm, None),
    t("m5.large", 2, 8, X86, Some([0.102, 0.107, 0.115])),
    t("m5.xlarge", 4, 16, X86, None),
    t("m5.2xlarge", 8, 32, X86, None),
    t("m5.4xlarge", 16, 64, X86, None),
    t("m6i.large", 2, 8, X86, None),
    t("m6i.xlarge", 4, 16, X86, None),
    t("m6i.2xlarge", 8, 32, X86, None),
    t("m6i.4xlarge", 16, 64, X86, None),
    t("m7i.large", 2, 8, X86, None),
    t("m7i.xlarge", 4, 16, X86, None),
    t("m7i.2xlarge", 8, 32, X86, None),
    t("m7i.4xlarge", 16, 64, X86, None),
    t("m6g.medium", 1, 4, Arm, None),
    t("m6g.large", 2, 8, Arm, Some([0.082, 0.086, 0.092])),
    t("m6g.xlarge", 4, 16, Arm, None),
    t("m6g.2xlarge", 8, 32, Arm, None),
    t("m6g.4xlarge", 16, 64, Arm, None),
    t("m7g.medium", 1, 4, Arm, None),
    t("m7g.large", 2, 8, Arm, None),
    t("m7g.xlarge", 4, 16, Arm, None),
    t("m7g.2xlarge", 8, 32, Arm, None),
    t("m7g.4xlarge", 16, 64, Arm, None),
    t("c5.large", 2, 4, X86, None),
    t("c5.xlarge", 4, 8, X86, None),
    t("c5.2xlarge", 8, 16, X86, None),
    t("c5.4xlarge", 16, 32, X86, None),
    t("c6i.large", 2, 4, X86, None),
    t("c6i.xlarge", 4, 8, X86, None),
    t("c6i.2xlarge", 8, 16, X86, None),
    t("c6i.4xlarge", 16, 32, X86, None),
    t("c7i.large", 2, 4, X86, None),
    t("c7i.xlarge", 4, 8, X86, None),
    t("c7i.2xlarge", 8, 16, X86, None),
    t("c7i.4xlarge", 16, 32, X86, None),
    t("c6g.medium", 1, 2, Arm, None),
    t("c6g.large", 2, 4, Arm, None),
    t("c6g.xlarge", 4, 8, Arm, None),
    t("c6g.2xlarge", 8, 16, Arm, None),
    t("c6g.4xlarge", 16, 32, Arm, None),
    t("c7g.medium", 1, 2, Arm, None),
    t("c7g.large", 2, 4, Arm, None),
    t("c7g.xlarge", 4, 8, Arm, None),
    t("c7g.2xlarge", 8, 16, Arm, None),
    t("c7g.4xlarge", 16, 32, Arm, None),
    t("r5.large", 2, 16, X86, None),
    t("r5.xlarge", 4, 32, X86, None),
    t("r5.2xlarge", 8, 64, X86, None),
    t("r5.4xlarge", 16, 128, X86, None),
    t("r6i.large", 2, 16, X86, None),
    t("r6i.xlarge", 4, 32, X86, None),
    t("r6i.2xlarge", 8, 64, X86, None),
    t("r6i.4xlarge", 16, 128, X86, None),
    t("r6g.medium", 1, 8, Arm, None),
    t("r6g.large", 2, 16, Arm, None),
    t("r6g.xlarge", 4, 32, Arm, None),
    t("r6g.2xlarge", 8, 64, Arm, None),
    t("r6g.4xlarge", 16, 128, Arm, None),
    t("r7g.medium", 1, 8, Arm, None),
    t("r7g.large", 2, 16, Arm, None),
    t("r7g.xlarge", 4, 32, Arm, None),
    t("r7g.2xlarge", 8, 64, Arm, None),
    t("r7g.4xlarge", 16, 128, Arm, None),
];
