//! The words of the demo: names nobody bears, goals as somebody might say them, employers that are none.
//! Invariant: everybody's family name says that they are invented.

use proto::registry::HouseholdRelationship;

use super::chance::Chance;

/// Given names.
const GIVEN: [&str; 32] = [
    "Ana", "Bo", "Cleo", "Dara", "Eli", "Fay", "Gus", "Hana", "Ivo", "June", "Kofi", "Lena", "Milo", "Nia",
    "Otto", "Pia", "Quinn", "Rosa", "Sami", "Tess", "Uma", "Vito", "Wren", "Xenia", "Yara", "Zoe", "Abel",
    "Bea", "Cato", "Dina", "Emil", "Flor",
];
/// Family names.
const FAMILY: [&str; 8] = [
    "Testperson",
    "Sampleton",
    "Placeholder",
    "Inventedsson",
    "Exampleby",
    "Fictionwood",
    "Demoski",
    "Madeup-Jones",
];
const PRONOUNS: [&str; 4] = ["she/her", "he/him", "they/them", ""];
const WORK_GOALS: [&str; 8] = [
    "I want a job where I am on my feet, not behind a desk",
    "I want to earn my own money again",
    "I want to work with animals, even a few hours",
    "I want to cook for people and be paid for it",
    "I want to go back to driving a van",
    "I want work that starts after ten in the morning",
    "I want to fix bicycles for a living",
    "I want to find out which work I can keep",
];
const HOME_GOALS: [&str; 5] = [
    "I want a door that I can lock myself",
    "I want a kitchen of my own",
    "I want to live near the river, where it is quiet",
    "I want a home where my sister can visit",
    "I want to stay in one place for more than a year",
];
const WELL_GOALS: [&str; 5] = [
    "I want to sleep through most nights",
    "I want to get on a bus without turning back",
    "I want to say no without shouting",
    "I want to be less afraid of the phone",
    "I want my good days to be more than my bad ones",
];
const SOCIAL_GOALS: [&str; 4] = [
    "I want somebody to have lunch with",
    "I want to play music with others again",
    "I want to get to know people who do not know my file",
    "I want to be useful to somebody",
];
const STRENGTHS: [&str; 6] = [
    "I have patience with engines",
    "My sister believes in me",
    "I remember every bus line",
    "I get up early by myself",
    "I can make a room laugh",
    "I know how to be poor and still eat well",
];
const PREFERENCES: [&str; 6] = [
    "I would rather be written to than called",
    "Nothing before ten in the morning",
    "I want to be asked before anybody comes along",
    "I prefer small places to large ones",
    "Tell me first what will happen",
    "I would rather walk while we talk",
];
const EMPLOYERS: [&str; 10] = [
    "Imaginary Bakery",
    "Nowhere Hardware",
    "Sample Street Grocers",
    "Example Bicycle Works",
    "The Fictional Diner",
    "Madeup Laundry",
    "Invented Gardens",
    "Placeholder Parcels",
    "Demo Animal Shelter",
    "Testville Library",
];
const TITLES: [&str; 8] = [
    "baker's assistant",
    "stock clerk",
    "kitchen helper",
    "gardener",
    "driver's mate",
    "library page",
    "cleaner",
    "bicycle mechanic",
];

const WARNINGS: [&str; 4] = [
    "I stop opening my letters",
    "I sleep in my clothes",
    "I hear my name in the fan",
    "I answer in single words",
];
/// Somebody close, and who they are to the person.
const CLOSE: [(&str, &str); 4] = [
    ("Sister Testperson", "sister"),
    ("Old Friend Madeup", "friend"),
    ("Aunt Placeholder", "aunt"),
    ("Neighbour Sampleton", "neighbour"),
];

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub given: &'static str,
    pub family: &'static str,
    pub pronouns: &'static str,
    /// Year, month and day of birth.
    pub born: (i32, u32, u32),
}

/// The name of the one with this number: names go round before they repeat.
pub fn named(number: u32, chance: &mut Chance) -> Named {
    let (given, family) =
        (number as usize % GIVEN.len(), (number as usize / GIVEN.len() + number as usize) % FAMILY.len());
    let year = i32::try_from(chance.between(1958, 2004)).unwrap_or(1980);
    Named {
        given: GIVEN[given],
        family: FAMILY[family],
        pronouns: chance.pick(PRONOUNS),
        born: (year, chance.between(1, 12), chance.between(1, 28)),
    }
}

/// A goal about work.
pub fn work_goal(chance: &mut Chance) -> &'static str {
    chance.pick(WORK_GOALS)
}
/// A goal about a home.
pub fn home_goal(chance: &mut Chance) -> &'static str {
    chance.pick(HOME_GOALS)
}
/// A goal about feeling well.
pub fn well_goal(chance: &mut Chance) -> &'static str {
    chance.pick(WELL_GOALS)
}
/// A goal about others.
pub fn social_goal(chance: &mut Chance) -> &'static str {
    chance.pick(SOCIAL_GOALS)
}
/// Something to count on.
pub fn strength(chance: &mut Chance) -> &'static str {
    chance.pick(STRENGTHS)
}
/// How somebody would have things.
pub fn preference(chance: &mut Chance) -> &'static str {
    chance.pick(PREFERENCES)
}
/// Who might employ somebody, and as what.
pub fn lead(chance: &mut Chance) -> (&'static str, &'static str) {
    (chance.pick(EMPLOYERS), chance.pick(TITLES))
}
/// What tells somebody that a crisis is near.
pub fn warning(chance: &mut Chance) -> &'static str {
    chance.pick(WARNINGS)
}
/// What an emergency is.
pub fn emergency(chance: &mut Chance) -> &'static str {
    chance.pick([
        "collapsed at an invented bus stop; what they take is not known",
        "brought in at night, not able to say what happened",
        "an invented reaction to something that nobody has named",
    ])
}
/// Somebody close, and who they are.
pub fn close(chance: &mut Chance) -> (&'static str, &'static str) {
    chance.pick(CLOSE)
}
/// The given name of somebody who lives with the person, and who they are to them.
pub fn companion(chance: &mut Chance) -> (&'static str, HouseholdRelationship) {
    chance.pick([
        ("Partner-of", HouseholdRelationship::Partner),
        ("Brother-of", HouseholdRelationship::Relative),
        ("Grown-child-of", HouseholdRelationship::Child),
    ])
}

/// A name in which the two letters after the third changed places, as fingers do.
pub fn mistyped(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() > 4 {
        letters.swap(3, 4);
    }
    letters.into_iter().collect()
}

/// A name like that one, as twins have it.
pub fn like(name: &str) -> String {
    format!("{name}a")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_leaves_all_letters_and_a_twins_name_begins_the_same() {
        assert_eq!((mistyped("Testperson"), mistyped("Eli")), ("Tespterson".to_owned(), "Eli".to_owned()));
        assert!(FAMILY.iter().all(|name| mistyped(name) != *name));
        assert!(GIVEN.iter().all(|name| like(name).starts_with(name)));
    }
}
