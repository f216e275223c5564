//! The scales that measures of a person are taken on here (domain.md section 2), and what their course says.
//! Invariant: a code is stable for ever; a score of a scale lies in its range, and more of it is better.

/// What a scale is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// How the person is doing in their own eyes.
    Recovery,
    /// How content the person is in an environment of their choice.
    Satisfaction,
    /// How well the person does there, by their own measure.
    Success,
    /// A skill area.
    SkillArea,
}

/// A scale. The range is our default, five steps: the domain names the scales and no instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// Its code.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it is about.
    pub about: About,
    /// The environment that it is about, as the contract numbers it; 0 for none.
    pub environment: i32,
    /// The lowest score.
    pub low: i32,
    /// The highest score.
    pub high: i32,
    /// Whether more is better; of a scale on which less is, false.
    pub higher_is_better: bool,
}

const fn scale(code: &'static str, name: &'static str, about: About, environment: i32) -> Scale {
    Scale { code, name, about, environment, low: 1, high: 5, higher_is_better: true }
}

use About::{Recovery, Satisfaction, SkillArea, Success};

/// Every scale.
pub const SCALES: [Scale; 19] = [
    scale("hopeful", "Hopeful", Recovery, 0),
    scale("empowered", "Empowered", Recovery, 0),
    scale("skilled", "Skilled", Recovery, 0),
    scale("supported", "Supported", Recovery, 0),
    scale("satisfied-living", "Satisfied where the person lives", Satisfaction, 1),
    scale("satisfied-working", "Satisfied where the person works", Satisfaction, 2),
    scale("satisfied-learning", "Satisfied where the person learns", Satisfaction, 3),
    scale("satisfied-social", "Satisfied where the person meets others", Satisfaction, 4),
    scale("successful-living", "Successful where the person lives", Success, 1),
    scale("successful-working", "Successful where the person works", Success, 2),
    scale("successful-learning", "Successful where the person learns", Success, 3),
    scale("successful-social", "Successful where the person meets others", Success, 4),
    scale("skill-family-relations", "Skill area: family relations", SkillArea, 0),
    scale("skill-communication", "Skill area: communication", SkillArea, 0),
    scale("skill-community-participation", "Skill area: community participation", SkillArea, 0),
    scale("skill-self-care", "Skill area: self-care", SkillArea, 0),
    scale("skill-money", "Skill area: money", SkillArea, 0),
    scale("skill-transportation", "Skill area: transportation", SkillArea, 0),
    scale("skill-vocational", "Skill area: vocational", SkillArea, 0),
];

/// The scale with that code.
pub fn named(code: &str) -> Option<&'static Scale> {
    SCALES.iter().find(|scale| scale.code == code)
}

/// Which way a person's scores go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
    /// For the better.
    Improving,
    /// Neither.
    Steady,
    /// For the worse.
    Declining,
}

impl Scale {
    /// Whether it has that score.
    pub fn holds(&self, score: f64) -> bool {
        (f64::from(self.low)..=f64::from(self.high)).contains(&score)
    }

    /// Which way the scores go, oldest first: by the latest against the first, where they lie at least a tenth of the range apart; none with fewer than
    /// two.
    pub fn course(&self, scores: &[f64]) -> Option<Course> {
        let (Some(first), Some(latest)) = (scores.first(), scores.last().filter(|_| scores.len() > 1)) else {
            return None;
        };
        let better = if self.higher_is_better { latest - first } else { first - latest };
        // A hair less than a tenth, since tenths are no binary fractions.
        let matters = f64::from(self.high - self.low) / 10.0 - 1e-9;
        Some(if better >= matters {
            Course::Improving
        } else if better <= -matters {
            Course::Declining
        } else {
            Course::Steady
        })
    }
}
