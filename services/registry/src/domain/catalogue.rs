//! The practices and skills that plans name (domain words of psychosocial rehabilitation).
//! Invariant: a code is stable for ever; a plan item names codes of these lists alone.

/// A practice and how well it is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Practice {
    /// Its code.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// How well it is proven, in the words of the catalogue.
    pub evidence: &'static str,
}

const fn practice(code: &'static str, name: &'static str) -> Practice {
    Practice { code, name, evidence: "not graded here" }
}

/// Every practice.
pub const PRACTICES: [Practice; 28] = [
    Practice { code: "ips", name: "IPS supported employment", evidence: "best" },
    Practice { code: "wellness", name: "Wellness programme", evidence: "best" },
    Practice { code: "peer-support", name: "Peer support", evidence: "promising" },
    practice("supported-education", "Supported education"),
    practice("cbt", "Cognitive behavioural therapy"),
    Practice {
        code: "cbt-supported-employment",
        name: "Cognitive behavioural therapy with supported employment",
        evidence: "under study",
    },
    practice("interpersonal-therapy", "Interpersonal therapy"),
    practice("cbt-insomnia", "Cognitive behavioural therapy for insomnia"),
    practice("psychodynamic", "Psychodynamic therapy"),
    practice("couples-family-therapy", "Couples and family therapy"),
    practice("group-therapy", "Group therapy"),
    practice("cognitive-remediation", "Cognitive remediation"),
    practice("social-skills-training", "Social skills training"),
    practice("psychoeducation", "Psychoeducation"),
    practice("family-psychoeducation", "Family psychoeducation"),
    practice("assertive-community-treatment", "Assertive community treatment"),
    practice("clubhouse", "Clubhouse"),
    practice("vocational-rehabilitation", "Vocational rehabilitation"),
    practice("motivational-enhancement", "Motivational enhancement"),
    practice("relapse-prevention", "Relapse prevention"),
    practice("case-management", "Case management"),
    practice("care-coordination", "Care coordination"),
    practice("self-help", "Self-help and support groups"),
    practice("supported-housing", "Supported housing"),
    practice("skills-training", "Skills training"),
    practice("outreach", "Outreach"),
    practice("medication-management", "Medication management"),
    practice("neuromodulation", "Neuromodulation"),
];

/// Every skill: practical, interpersonal, intrapersonal, in that order.
pub const SKILLS: [&str; 29] = [
    "daily-living",
    "money",
    "transportation",
    "cooking",
    "self-care",
    "job-search",
    "job-keeping",
    "interviewing",
    "keeping-a-tenancy",
    "community-participation",
    "communication",
    "conversation",
    "assertiveness",
    "asking-for-help",
    "conflict",
    "family",
    "friendship-and-romance",
    "work-relations",
    "emotional-understanding",
    "emotion-regulation",
    "cognitive-restructuring",
    "problem-solving",
    "stress",
    "attention-and-memory",
    "self-awareness",
    "accepting-vulnerability",
    "self-esteem",
    "behaviour-management",
    "resilience",
];

/// Whether there is a practice of that code.
pub fn is_practice(code: &str) -> bool {
    PRACTICES.iter().any(|practice| practice.code == code)
}

/// Whether there is a skill of that code.
pub fn is_skill(code: &str) -> bool {
    SKILLS.contains(&code)
}
