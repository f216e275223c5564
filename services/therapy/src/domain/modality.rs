//! Which practices a profession may work in.
//! Invariant: a modality is a code of the practice catalogue.

use std::fmt;

use kernel::practice::is_practice;

/// A practice code of the catalogue, for example "cbt".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Modality(String);

/// What a text that is no practice code answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a code of the practice catalogue, such as \"cbt\"; ListPractices of the registry lists them")]
pub struct NotACode;

impl Modality {
    /// The modality with this code.
    pub fn new(code: &str) -> Result<Self, NotACode> {
        if is_practice(code) { Ok(Self(code.to_owned())) } else { Err(NotACode) }
    }
    /// The code nearest to what another service wrote, which may be of an older catalogue: "Peer support" is "peer-support".
    pub fn like(text: &str) -> Self {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let mut code = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
        code.truncate(60);
        if code.is_empty() { Self("therapy".to_owned()) } else { Self(code) }
    }
    /// A code that was checked when it was stored.
    pub fn stored(code: impl Into<String>) -> Self {
        Self(code.into())
    }
    /// Its code.
    pub fn code(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Modality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a practitioner is by profession (FHIR PractitionerRole.code).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profession {
    /// Licensed therapist.
    Therapist,
    /// Psychologist.
    Psychologist,
    /// Psychiatrist.
    Psychiatrist,
    /// Counselor.
    Counselor,
    /// Occupational therapist.
    OccupationalTherapist,
    /// Social worker.
    SocialWorker,
    /// Peer support worker.
    PeerSupportWorker,
}

impl Profession {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Therapist,
        Self::Psychologist,
        Self::Psychiatrist,
        Self::Counselor,
        Self::OccupationalTherapist,
        Self::SocialWorker,
        Self::PeerSupportWorker,
    ];

    /// Whether the profession may work in the modality. Our default, not a scope-of-practice law: those who treat by
    /// licence may work in every practice, the others in what their training covers.
    pub fn permits(self, modality: &Modality) -> bool {
        let code = modality.code();
        match self {
            Self::Therapist | Self::Psychologist | Self::Psychiatrist => true,
            Self::Counselor | Self::SocialWorker => {
                !matches!(code, "psychodynamic" | "cognitive-remediation")
            }
            Self::OccupationalTherapist => matches!(
                code,
                "cognitive-remediation"
                    | "social-skills-training"
                    | "skills-training"
                    | "psychoeducation"
                    | "family-psychoeducation"
                    | "group-therapy"
            ),
            Self::PeerSupportWorker => {
                matches!(code, "peer-support" | "self-help" | "psychoeducation" | "skills-training")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modality_is_a_code_of_the_practice_catalogue() {
        assert_eq!(Modality::new("cbt-insomnia").map(|m| m.to_string()), Ok("cbt-insomnia".to_owned()));
        for bad in ["", "CBT", "cbt insomnia", "juggling"] {
            assert_eq!(Modality::new(bad), Err(NotACode), "{bad:?}");
        }
    }

    #[test]
    fn whatever_another_service_wrote_comes_to_a_code() {
        for (text, code) in [("cbt", "cbt"), ("Peer support", "peer-support"), (" ?! ", "therapy")] {
            assert_eq!(Modality::like(text).code(), code);
        }
    }

    #[test]
    fn a_profession_permits_what_its_training_covers() {
        let cbt = Modality::stored("cbt");
        assert!(Profession::Therapist.permits(&cbt));
        assert!(Profession::Counselor.permits(&cbt));
        assert!(!Profession::PeerSupportWorker.permits(&cbt));
        assert!(!Profession::OccupationalTherapist.permits(&cbt));
        assert!(!Profession::SocialWorker.permits(&Modality::stored("psychodynamic")));
        assert!(Profession::PeerSupportWorker.permits(&Modality::stored("peer-support")));
    }
}
