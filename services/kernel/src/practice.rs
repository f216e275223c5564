//! The practice catalogue: what services do with people (domain.md section 1), and what a practice demands of whoever refers to it or runs it.
//! Invariant: a code is stable for ever. What a practice demands follows from the practice alone; no offer and no case of it can leave it out.

/// How well a practice is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Best practice.
    Best,
    /// Promising.
    Promising,
    /// Under study.
    UnderStudy,
    /// Not graded here: that says nothing for or against it.
    NotGraded,
}

/// A practice, how well it is proven, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Practice {
    /// Its code: lowercase words joined by hyphens.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// How well it is proven.
    pub evidence: Evidence,
    /// Where the grade comes from; empty where it is not graded.
    pub source: &'static str,
}

/// Individual Placement and Support, by its code in the practice catalogue.
pub const IPS: &str = "ips";

/// Where the grades come from where no study is named.
const DOMAIN: &str =
    "Throughline, domain description, section 1 (practice catalogue); no study is named there";

const fn plain(code: &'static str, name: &'static str) -> Practice {
    Practice { code, name, evidence: Evidence::NotGraded, source: "" }
}

const fn graded(
    code: &'static str,
    name: &'static str,
    evidence: Evidence,
    source: &'static str,
) -> Practice {
    Practice { code, name, evidence, source }
}

/// Every practice. The last seven are no practices of psychosocial rehabilitation but what HMIS projects (2.02.6) run beside them: an offer of
/// theirs needs a code too.
pub const PRACTICES: [Practice; 35] = [
    graded(
        IPS,
        "IPS supported employment",
        Evidence::Best,
        "Throughline, domain description, section 1 (practice catalogue); see Marshall and others, Supported Employment: Assessing the Evidence, \
         Psychiatric Services, 2014",
    ),
    graded("wellness", "Wellness programme", Evidence::Best, DOMAIN),
    graded("peer-support", "Peer support", Evidence::Promising, DOMAIN),
    plain("supported-education", "Supported education"),
    plain("cbt", "Cognitive behavioural therapy"),
    graded(
        "cbt-supported-employment",
        "Cognitive behavioural therapy with supported employment",
        Evidence::UnderStudy,
        DOMAIN,
    ),
    plain("interpersonal-therapy", "Interpersonal therapy"),
    plain("cbt-insomnia", "Cognitive behavioural therapy for insomnia"),
    plain("psychodynamic", "Psychodynamic therapy"),
    plain("couples-family-therapy", "Couples and family therapy"),
    plain("group-therapy", "Group therapy"),
    plain("cognitive-remediation", "Cognitive remediation"),
    plain("social-skills-training", "Social skills training"),
    plain("psychoeducation", "Psychoeducation"),
    plain("family-psychoeducation", "Family psychoeducation"),
    plain("assertive-community-treatment", "Assertive community treatment"),
    plain("clubhouse", "Clubhouse"),
    plain("vocational-rehabilitation", "Vocational rehabilitation"),
    plain("motivational-enhancement", "Motivational enhancement"),
    plain("relapse-prevention", "Relapse prevention"),
    plain("case-management", "Case management"),
    plain("care-coordination", "Care coordination"),
    plain("self-help", "Self-help and support groups"),
    plain("supported-housing", "Supported housing"),
    plain("skills-training", "Skills training"),
    plain("outreach", "Outreach"),
    plain("medication-management", "Medication management"),
    plain("neuromodulation", "Neuromodulation"),
    plain("emergency-shelter", "Emergency shelter"),
    plain("day-shelter", "Day shelter"),
    plain("transitional-housing", "Transitional housing"),
    plain("permanent-housing", "Permanent housing"),
    plain("rapid-rehousing", "Rapid rehousing"),
    plain("homelessness-prevention", "Homelessness prevention"),
    plain("other", "Another service"),
];

/// Whether there is a practice of that code.
pub fn is_practice(code: &str) -> bool {
    PRACTICES.iter().any(|practice| practice.code == code)
}

/// Whether a practice excludes nobody: the first principle of IPS is that everybody who wants to work may, and that nobody is turned away, held or
/// discharged for symptoms, substance use, housing, record, attendance or readiness (domain: vocational, zero exclusion). Only wanting work,
/// age, area and language can make somebody ineligible.
pub fn zero_exclusion(practice: &str) -> bool {
    practice == IPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_names_one_practice_and_a_grade_has_its_source() {
        for (place, practice) in PRACTICES.iter().enumerate() {
            assert!(!PRACTICES[..place].iter().any(|other| other.code == practice.code), "{}", practice.code);
            let letters = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(practice.code.chars().all(letters) && !practice.name.is_empty(), "{}", practice.code);
            assert_eq!(
                practice.evidence == Evidence::NotGraded,
                practice.source.is_empty(),
                "{}",
                practice.code
            );
            assert!(is_practice(practice.code));
        }
        assert!(!is_practice("IPS") && !is_practice(""));
    }
}
