//! How well an offer fits what somebody needs: a sum of reasons, each with its weight.
//! Invariant: pure and blind: it knows what the caller says and what the offer says, and not who the person is; what either leaves unsaid weighs
//! nothing. Weights are our defaults.

use kernel::Timestamp;

use super::offer::{Capacity, Content, Hours, Mode, Place, Room, same_language};

/// What is looked for, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Code of the practice; empty for any.
    pub practice: String,
    /// Life domain of the need, as the contract numbers it.
    pub life_domain: Option<i32>,
    /// Life domains of the goal.
    pub goal: Vec<i32>,
    /// Life domains of the person's preferences.
    pub preferred: Vec<i32>,
    /// How the person prefers to be reached.
    pub modes: Vec<Mode>,
    /// When the person can come.
    pub hours: Vec<Hours>,
    /// The person's languages.
    pub languages: Vec<String>,
    /// Where the person is.
    pub place: Option<Place>,
    /// The person's age in whole years.
    pub age: Option<u32>,
}

/// How a referral to the offer stands to the person's consent: as sending it would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consent {
    /// This directive covers it, by its id.
    Covers(String),
    /// None is needed: it stays in the agency, or the person asks.
    NotNeeded,
    /// It would need a directive, or an override.
    Needed,
    /// It would need a directive, since a 42 CFR Part 2 programme takes part.
    NeededForPart2,
    /// It cannot be told.
    Unknown,
}

/// Why an offer ranks where it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// It runs the practice asked for.
    Practice,
    /// It serves the life domain of the need.
    LifeDomain,
    /// It serves a life domain of the goal.
    Goal,
    /// It serves a life domain of a preference.
    Preference,
    /// It works in a way that the person prefers.
    Mode,
    /// It is open when the person can come.
    Hours,
    /// It is given in a language of the person.
    Language,
    /// It is given in none of them.
    LanguageMissing,
    /// It serves where the person is.
    Area,
    /// It does not.
    AreaOutside,
    /// It has room.
    CapacityHas,
    /// It has a waiting list.
    CapacityWaitlist,
    /// It shows after an assessment.
    CapacityAssessment,
    /// It has no room.
    CapacityNone,
    /// Its report is too old.
    CapacityStale,
    /// It never reported.
    CapacityUnknown,
    /// Consent covers it.
    ConsentCovers,
    /// No consent is needed.
    ConsentNotNeeded,
    /// It would need a directive.
    ConsentNeeded,
    /// Consent cannot be told.
    ConsentUnknown,
    /// The age is within what it names.
    Age,
    /// The age is not.
    AgeOutside,
    /// It is given where the person is.
    Nearby,
    /// It would need a directive, and no override is possible.
    ConsentNeededPart2,
}

impl Code {
    /// What it adds to the total.
    pub fn points(self) -> i32 {
        match self {
            Self::Practice => 30,
            Self::LifeDomain | Self::CapacityHas => 20,
            Self::Goal | Self::Language | Self::Area => 15,
            Self::ConsentCovers | Self::ConsentNotNeeded => 10,
            Self::CapacityAssessment => 8,
            Self::Preference | Self::Mode | Self::Hours | Self::Age | Self::Nearby => 5,
            Self::CapacityWaitlist => 4,
            Self::CapacityStale | Self::CapacityUnknown | Self::ConsentUnknown => 0,
            Self::ConsentNeeded | Self::ConsentNeededPart2 => 0,
            Self::CapacityNone => -10,
            Self::LanguageMissing => -15,
            Self::AreaOutside => -25,
            Self::AgeOutside => -50,
        }
    }

    /// The reason as a sentence.
    pub fn text(self) -> &'static str {
        match self {
            Self::Practice => "It runs the practice asked for.",
            Self::LifeDomain => "It serves the life domain of the need.",
            Self::Goal => "It serves a life domain of the goal.",
            Self::Preference => "It serves a life domain of the preferences.",
            Self::Mode => "It works in a preferred way.",
            Self::Hours => "It is open at hours that suit.",
            Self::Language => "It is given in a language asked for.",
            Self::LanguageMissing => "It is given in none of the languages asked for.",
            Self::Area => "It serves the place named.",
            Self::AreaOutside => "It does not serve the place named.",
            Self::CapacityHas => "It has room.",
            Self::CapacityWaitlist => "It has no room and keeps a waiting list.",
            Self::CapacityAssessment => "Whether it has room shows after an assessment.",
            Self::CapacityNone => "It has no room.",
            Self::CapacityStale => "Its last report of room is too old to be relied on.",
            Self::CapacityUnknown => "It has not reported whether it has room.",
            Self::ConsentCovers => "The person's consent covers a referral to it.",
            Self::ConsentNotNeeded => "A referral to it needs no directive.",
            Self::ConsentNeeded => "A referral to it would need a directive of the person's.",
            Self::ConsentUnknown => "Whether consent covers a referral to it is not known.",
            Self::Age => "The age is within what it names.",
            Self::AgeOutside => "The age is outside of what it names.",
            Self::Nearby => "It is given in the place named.",
            Self::ConsentNeededPart2 => "A referral to it goes by a directive of the person's alone.",
        }
    }
}

/// How an offer fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fit {
    /// Why, in the order of the codes.
    pub reasons: Vec<Code>,
    /// The directive that covers it, by its id; none where none does or is needed.
    pub directive: Option<String>,
}

impl Fit {
    /// The sum of the reasons.
    pub fn total(&self) -> i32 {
        self.reasons.iter().map(|code| code.points()).sum()
    }

    /// Whether its eligibility excludes the person.
    pub fn excludes(&self) -> bool {
        self.reasons.contains(&Code::AgeOutside)
    }
}

/// How the offer fits the wish at that instant. None where it serves neither the life domain nor the practice asked for.
pub fn weigh(
    wish: &Wish,
    content: &Content,
    capacity: Option<&Capacity>,
    consent: Consent,
    now: Timestamp,
) -> Option<Fit> {
    let serves = |domains: &[i32]| content.life_domains.iter().any(|domain| domains.contains(domain));
    let practice = !wish.practice.is_empty() && wish.practice == content.practice;
    let life_domain = wish.life_domain.is_some_and(|domain| serves(&[domain]));
    if !practice && !life_domain {
        return None;
    }
    let when = |holds: bool, code: Code| holds.then_some(code);
    let (by_consent, directive) = match consent {
        Consent::Covers(directive) => (Code::ConsentCovers, Some(directive)),
        Consent::NotNeeded => (Code::ConsentNotNeeded, None),
        Consent::Needed => (Code::ConsentNeeded, None),
        Consent::NeededForPart2 => (Code::ConsentNeededPart2, None),
        Consent::Unknown => (Code::ConsentUnknown, None),
    };
    let reasons = [
        when(practice, Code::Practice),
        when(life_domain, Code::LifeDomain),
        when(serves(&wish.goal), Code::Goal),
        when(serves(&wish.preferred), Code::Preference),
        when(wish.modes.iter().any(|mode| content.modes.contains(mode)), Code::Mode),
        when(wish.hours.iter().any(|own| content.hours.iter().any(|open| own.share(open))), Code::Hours),
        language(wish, content),
        area(wish, content),
        Some(room(capacity, now)),
        Some(by_consent),
        age(wish, content),
        when(nearby(wish, content), Code::Nearby),
    ];
    let mut reasons: Vec<Code> = reasons.into_iter().flatten().collect();
    reasons.sort_unstable();
    Some(Fit { reasons, directive })
}

fn language(wish: &Wish, content: &Content) -> Option<Code> {
    if wish.languages.is_empty() || content.languages.is_empty() {
        return None;
    }
    let spoken = |own: &String| content.languages.iter().any(|given| same_language(own, given));
    Some(if wish.languages.iter().any(spoken) { Code::Language } else { Code::LanguageMissing })
}

fn area(wish: &Wish, content: &Content) -> Option<Code> {
    let place = wish.place.as_ref().filter(|_| !content.areas.is_empty())?;
    let served: Vec<Option<bool>> = content.areas.iter().map(|area| area.serves(place)).collect();
    if served.contains(&Some(true)) {
        return Some(Code::Area);
    }
    // Where one of its areas may yet be the place's, nothing is said.
    (!served.contains(&None)).then_some(Code::AreaOutside)
}

/// Whether one can go there without leaving the place. Who lives elsewhere may travel, so that it is not speaks against nothing.
fn nearby(wish: &Wish, content: &Content) -> bool {
    wish.place.as_ref().is_some_and(|place| content.locations.iter().any(|at| at.lies_in(place)))
}

/// A report past its period is no room, whatever it said.
fn room(capacity: Option<&Capacity>, now: Timestamp) -> Code {
    let Some(capacity) = capacity else { return Code::CapacityUnknown };
    match capacity.at(now) {
        None => Code::CapacityStale,
        Some(Room::Has { .. }) => Code::CapacityHas,
        Some(Room::Waitlist) => Code::CapacityWaitlist,
        Some(Room::Assessment) => Code::CapacityAssessment,
        Some(Room::Full) => Code::CapacityNone,
    }
}

fn age(wish: &Wish, content: &Content) -> Option<Code> {
    let age = wish.age.filter(|_| content.eligibility.names_age())?;
    Some(if content.eligibility.excludes(age) { Code::AgeOutside } else { Code::Age })
}
