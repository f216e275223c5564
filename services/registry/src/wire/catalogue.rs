//! The practice catalogue and the skill taxonomy on the wire.
//! Invariant: they are the kernel's, as they are.

use kernel::practice::Practice;
use kernel::skill::Skill;
use proto::registry as pb;

use super::codes::{evidence, sharing, skill_group};

/// A practice as everybody sees it.
pub fn practice(practice: &Practice) -> pb::Practice {
    pb::Practice {
        code: practice.code.to_owned(),
        name: practice.name.to_owned(),
        evidence: evidence::number(practice.evidence),
        evidence_source: practice.source.to_owned(),
    }
}

/// A skill as everybody sees it.
pub fn skill(skill: &Skill) -> pb::Skill {
    pb::Skill {
        code: skill.code.to_owned(),
        name: skill.name.to_owned(),
        group: skill_group::number(skill.group),
        sharing: sharing::number(skill.sharing),
        source: skill.source.to_owned(),
    }
}
