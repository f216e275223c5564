//! The skill taxonomy: what people train, with whom, and how what they do goes about it (domain.md section 1).
//! Invariant: a code is stable for ever.

/// What kind of skill it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Of daily life, work and home.
    Practical,
    /// Between people.
    Interpersonal,
    /// Within the person.
    Intrapersonal,
}

/// Whether psychosocial rehabilitation (PSR) and psychotherapy both train it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// Both train the same.
    Shared,
    /// Each trains a part that the other builds on.
    Complementary,
    /// Psychotherapy alone.
    TherapyOnly,
    /// PSR alone.
    PsrOnly,
}

/// A skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skill {
    /// Its code: lowercase words joined by hyphens.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What kind.
    pub group: Group,
    /// Who trains it.
    pub sharing: Sharing,
    /// Who says that it is a skill, and who says who trains it.
    pub source: &'static str,
}

/// How a plan item, session or contact goes about its skills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stance {
    /// Build independence.
    BuildIndependence,
    /// Accommodate.
    Accommodate,
    /// Expose.
    Expose,
    /// Avoid.
    Avoid,
}

/// The skills that something is about, and how it goes about them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approach {
    /// Codes of skills, at least one, each once, in order of the alphabet.
    pub skills: Vec<String>,
    /// How it goes about them.
    pub stance: Stance,
}

/// Where the pairs come from: every skill of theirs is complementary.
const PAIRS: &str = "Throughline, domain description, section 1 (skills) and section 8, S3 (pairs that reinforce each other); no study is named there";

/// Where all others come from.
const DEFAULT: &str = "Throughline, domain description, section 1 (skills); no study is named there, and who trains it is this system's default";

const fn skill(code: &'static str, name: &'static str, group: Group, sharing: Sharing) -> Skill {
    let source = match sharing {
        Complementary => PAIRS,
        Shared | TherapyOnly | PsrOnly => DEFAULT,
    };
    Skill { code, name, group, sharing, source }
}

use Group::{Interpersonal, Intrapersonal, Practical};
use Sharing::{Complementary, PsrOnly, Shared, TherapyOnly};

/// Every skill. Which of the four each is in is our default: complementary are those that reinforce each other in pairs (domain.md section 8, S3),
/// PSR's alone are those of place and task, therapy's alone those that are worked on in thought.
pub const SKILLS: [Skill; 29] = [
    skill("daily-living", "Daily living", Practical, PsrOnly),
    skill("money", "Money", Practical, Complementary),
    skill("transportation", "Transportation", Practical, PsrOnly),
    skill("cooking", "Cooking", Practical, PsrOnly),
    skill("self-care", "Self-care", Practical, Shared),
    skill("job-search", "Job search", Practical, PsrOnly),
    skill("job-keeping", "Job keeping", Practical, Complementary),
    skill("interviewing", "Interviewing", Practical, PsrOnly),
    skill("keeping-a-tenancy", "Keeping a tenancy", Practical, PsrOnly),
    skill("community-participation", "Community participation", Practical, PsrOnly),
    skill("communication", "Verbal and nonverbal communication", Interpersonal, Shared),
    skill("conversation", "Conversation", Interpersonal, Complementary),
    skill("assertiveness", "Assertiveness", Interpersonal, Shared),
    skill("asking-for-help", "Asking for help", Interpersonal, Complementary),
    skill("conflict", "Conflict", Interpersonal, Shared),
    skill("family", "Family", Interpersonal, Shared),
    skill("friendship-and-romance", "Friendship and romance", Interpersonal, Shared),
    skill("work-relations", "Work relations", Interpersonal, Shared),
    skill("emotional-understanding", "Emotional understanding", Intrapersonal, TherapyOnly),
    skill("emotion-regulation", "Emotion regulation", Intrapersonal, Complementary),
    skill("cognitive-restructuring", "Cognitive restructuring", Intrapersonal, TherapyOnly),
    skill("problem-solving", "Problem solving", Intrapersonal, Shared),
    skill("stress", "Stress", Intrapersonal, Complementary),
    skill("attention-and-memory", "Attention and memory", Intrapersonal, Shared),
    skill("self-awareness", "Self-awareness", Intrapersonal, Complementary),
    skill("accepting-vulnerability", "Accepting vulnerability", Intrapersonal, Complementary),
    skill("self-esteem", "Self-esteem", Intrapersonal, Shared),
    skill("behaviour-management", "Behaviour management", Intrapersonal, Shared),
    skill("resilience", "Resilience", Intrapersonal, Shared),
];

/// Whether there is a skill of that code.
pub fn is_skill(code: &str) -> bool {
    SKILLS.iter().any(|skill| skill.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_one_skill() {
        for (place, skill) in SKILLS.iter().enumerate() {
            assert!(!SKILLS[..place].iter().any(|other| other.code == skill.code), "{}", skill.code);
            assert!(is_skill(skill.code) && !skill.name.is_empty());
            let paired = skill.sharing == Complementary;
            let (pairs, default) = (skill.source.contains("S3"), skill.source.contains("default"));
            assert_eq!((pairs, default), (paired, !paired), "{} is honest about its source", skill.code);
        }
        assert!(!is_skill("Money") && !is_skill(""));
    }

    #[test]
    fn what_reinforces_each_other_in_pairs_is_complementary() {
        for code in [
            "asking-for-help",
            "accepting-vulnerability",
            "job-keeping",
            "emotion-regulation",
            "conversation",
        ] {
            let skill = SKILLS.iter().find(|skill| skill.code == code).unwrap();
            assert_eq!(skill.sharing, Complementary, "{code}");
        }
    }
}
