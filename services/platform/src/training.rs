//! Practices and skills on the wire: the codes that offers, plan items, sessions and contacts name, and the stance beside them.
//! Invariant: a request names codes of the catalogues alone; what is stored was checked when it was stored and is read as it is.

use kernel::practice::is_practice;
use kernel::skill::{Approach, is_skill};

use crate::error::BadField;

crate::codes!(mod stance: kernel::skill::Stance = proto::types::Stance { BuildIndependence, Accommodate, Expose, Avoid });

/// Most skills of one plan item, session or contact.
const MAX_SKILLS: usize = 10;

/// A code of the practice catalogue. Required.
///
/// # Errors
/// A text that is none.
pub fn practice(field: &str, code: &str) -> Result<String, BadField> {
    if is_practice(code) {
        Ok(code.to_owned())
    } else {
        Err(BadField::new(
            field,
            "is not a code of the practice catalogue, such as \"ips\"; ListPractices of the registry lists them",
        ))
    }
}

/// The skills in a request's fields `skills` and `stance`; none where it names none.
///
/// # Errors
/// A code that is no skill's, too many, skills without a stance, or a stance without skills.
pub fn approach(skills: &[String], stance: i32) -> Result<Option<Approach>, BadField> {
    if skills.len() > MAX_SKILLS {
        return Err(BadField::new("skills", format!("are more than {MAX_SKILLS}")));
    }
    if let Some(i) = skills.iter().position(|code| !is_skill(code)) {
        let why = "is not a code of the skill taxonomy, such as \"job-search\"; ListSkills of the registry lists them";
        return Err(BadField::new(format!("skills[{i}]"), why));
    }
    match (skills.is_empty(), stance) {
        (true, 0) => Ok(None),
        (true, _) => Err(BadField::new("stance", "stands without skills; name the skills it is about")),
        (false, number) => {
            let mut skills = skills.to_vec();
            skills.sort_unstable();
            skills.dedup();
            Ok(Some(Approach { skills, stance: stance::parse("stance", number)? }))
        }
    }
}

/// The contract's fields `skills` and `stance`.
pub fn written(approach: Option<&Approach>) -> (Vec<String>, i32) {
    approach
        .map_or_else(Default::default, |approach| (approach.skills.clone(), stance::number(approach.stance)))
}

/// The skills in a stored event.
pub fn stored(skills: Vec<String>, stance: i32) -> Option<Approach> {
    stance::stored(stance).map(|stance| Approach { skills, stance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::skill::Stance;

    #[test]
    fn skills_and_their_stance_go_together_and_are_codes_of_the_taxonomy() {
        let skills = |codes: &[&str]| codes.iter().map(|&code| code.to_owned()).collect::<Vec<_>>();
        assert_eq!(approach(&[], 0), Ok(None));
        let both = approach(&skills(&["stress", "money", "stress"]), 2).unwrap().unwrap();
        assert_eq!(both, Approach { skills: skills(&["money", "stress"]), stance: Stance::Accommodate });
        let (codes, number) = written(Some(&both));
        assert_eq!(stored(codes, number), Some(both));
        assert_eq!(stored(vec![], 0), None);
        let wrong = |codes: &[&str], number| approach(&skills(codes), number).unwrap_err();
        assert_eq!(wrong(&["money"], 0).field, "stance");
        assert_eq!(wrong(&["money"], 9).field, "stance");
        assert_eq!(wrong(&[], 1).field, "stance");
        assert_eq!(wrong(&["money"; 11], 1).field, "skills");
        let unknown = wrong(&["money", "juggling"], 1);
        assert_eq!((unknown.field.as_str(), unknown.why.contains("ListSkills")), ("skills[1]", true));
    }

    #[test]
    fn a_practice_is_one_of_the_catalogue() {
        assert_eq!(practice("practice", "cbt"), Ok("cbt".to_owned()));
        let wrong = practice("content.practice", "CBT").unwrap_err();
        assert_eq!((wrong.field.as_str(), wrong.why.contains("ListPractices")), ("content.practice", true));
    }
}
