//! Where an offer is given and how it is reached (FHIR HealthcareService.location and telecom; HSDS location, address, phone).
//! Invariant: it is the programme's and concerns no person; what a location does not say puts it nowhere.

use super::says::{Place, plain};

/// A place where an offer is given. What is not said is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Location {
    /// What the place is called.
    pub name: String,
    /// Street, building, room.
    pub lines: Vec<String>,
    /// Town.
    pub city: String,
    /// County or other area around it.
    pub district: String,
    /// State or province.
    pub state: String,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2 code, in capitals.
    pub country: String,
}

impl Location {
    /// Whether it lies in the place's postal code, town or district, and in no other country than the place's.
    pub fn lies_in(&self, place: &Place) -> bool {
        let same = |own: &str, said: &str| !plain(own).is_empty() && plain(own) == plain(said);
        let abroad = !self.country.is_empty() && !place.country.is_empty() && self.country != place.country;
        let named = |name: &String| same(&self.city, name) || same(&self.district, name);
        !abroad && (same(&self.postal_code, &place.postal_code) || place.names.iter().any(named))
    }
}

/// By what a contact point is reached (FHIR ContactPoint.system).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum System {
    /// A telephone.
    Phone,
    /// Fax.
    Fax,
    /// E-mail.
    Email,
    /// Pager.
    Pager,
    /// A page or form on the web.
    Url,
    /// Text messages.
    Sms,
    /// Another one.
    Other,
}

/// A way to reach an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPoint {
    /// By what.
    pub system: System,
    /// Number or address.
    pub value: String,
    /// What is dialled after the number; empty for nothing.
    pub extension: String,
    /// What it is for, in words; empty where it does not say.
    pub description: String,
}
