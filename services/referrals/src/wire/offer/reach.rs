//! Where an offer is given and how it is reached, on the wire.
//! Invariant: each has one mapping, used by requests, replies and events alike; what an event holds was checked when it was written.

use platform::error::BadField;
use platform::wire;
use proto::referrals as pb;

use super::says::{country, each, few};
use crate::domain::offer::{ContactPoint, Location, System};

/// Most locations and contact points of an offer, and most lines of an address.
const MANY: usize = 20;
const LINES: usize = 5;
/// Longest of their texts, in characters; longest postal code and extension.
const TEXT: usize = 200;
const CODE: usize = 20;

platform::codes!(mod system: crate::domain::offer::System = proto::referrals::ContactSystem {
    Phone, Fax, Email, Pager, Url, Sms, Other,
});

/// Where an offer is given.
pub(super) fn locations(given: &[pb::OfferLocation]) -> Result<Vec<Location>, BadField> {
    few("locations", given, MANY)?;
    each("locations", given, |field, location| {
        let text = |name: &str, text: &str, max: usize| {
            let text = wire::optional_text(&format!("{field}.{name}"), text, max)?;
            Ok::<_, BadField>(text.unwrap_or_default())
        };
        let lines = format!("{field}.lines");
        few(&lines, &location.lines, LINES)?;
        let read = Location {
            name: text("name", &location.name, TEXT)?,
            lines: each(&lines, &location.lines, |field, line| wire::text(field, line, TEXT))?,
            city: text("city", &location.city, TEXT)?,
            district: text("district", &location.district, TEXT)?,
            state: text("state", &location.state, TEXT)?,
            postal_code: text("postal_code", &location.postal_code, CODE)?,
            country: country(&format!("{field}.country"), &location.country)?,
        };
        let placed = [&read.name, &read.city, &read.district, &read.postal_code];
        if read.lines.is_empty() && placed.iter().all(|text| text.is_empty()) {
            return Err(BadField::new(
                field,
                "names no place; give it a name, a street, a town or a postal code",
            ));
        }
        Ok(read)
    })
}

pub(super) fn locations_out(locations: &[Location]) -> Vec<pb::OfferLocation> {
    let out = |location: &Location| pb::OfferLocation {
        name: location.name.clone(),
        lines: location.lines.clone(),
        city: location.city.clone(),
        district: location.district.clone(),
        state: location.state.clone(),
        postal_code: location.postal_code.clone(),
        country: location.country.clone(),
    };
    locations.iter().map(out).collect()
}

pub(super) fn locations_stored(stored: Vec<pb::OfferLocation>) -> Vec<Location> {
    let location = |location: pb::OfferLocation| Location {
        name: location.name,
        lines: location.lines,
        city: location.city,
        district: location.district,
        state: location.state,
        postal_code: location.postal_code,
        country: location.country,
    };
    stored.into_iter().map(location).collect()
}

/// How an offer is reached.
pub(super) fn telecom(given: &[pb::OfferContactPoint]) -> Result<Vec<ContactPoint>, BadField> {
    few("telecom", given, MANY)?;
    each("telecom", given, |field, point| {
        let of = |name: &str| format!("{field}.{name}");
        let system = system::parse(&of("system"), point.system)?;
        let text = |name: &str, text: &str, max: usize| {
            Ok::<_, BadField>(wire::optional_text(&of(name), text, max)?.unwrap_or_default())
        };
        let read = ContactPoint {
            system,
            value: wire::text(&of("value"), &point.value, TEXT)?,
            extension: text("extension", &point.extension, CODE)?,
            description: text("description", &point.description, TEXT)?,
        };
        if let Some(why) = no_value(system, &read.value) {
            return Err(BadField::new(of("value"), why));
        }
        if !read.extension.is_empty() && matches!(system, System::Email | System::Url) {
            return Err(BadField::new(of("extension"), "is for numbers alone; leave it empty"));
        }
        Ok(read)
    })
}

/// Why nothing of that sort is reached by it.
fn no_value(system: System, value: &str) -> Option<&'static str> {
    let on_the_web = ["http://", "https://"].iter().any(|scheme| value.starts_with(scheme));
    let (fits, why) = match system {
        System::Phone | System::Fax | System::Pager | System::Sms => {
            (value.chars().any(|c| c.is_ascii_digit()), "is no number; it has no digit")
        }
        System::Email => (value.contains('@'), "is no e-mail address; it has no \"@\""),
        System::Url => (on_the_web, "is no address on the web; it begins with http:// or https://"),
        System::Other => (true, ""),
    };
    (!fits).then_some(why)
}

pub(super) fn telecom_out(telecom: &[ContactPoint]) -> Vec<pb::OfferContactPoint> {
    let out = |point: &ContactPoint| pb::OfferContactPoint {
        system: system::number(point.system),
        value: point.value.clone(),
        extension: point.extension.clone(),
        description: point.description.clone(),
    };
    telecom.iter().map(out).collect()
}

/// Contact points from an event; none where this release does not know by what one is reached.
pub(super) fn telecom_stored(stored: Vec<pb::OfferContactPoint>) -> Option<Vec<ContactPoint>> {
    let point = |point: pb::OfferContactPoint| {
        let system = system::stored(point.system)?;
        let (value, extension, description) = (point.value, point.extension, point.description);
        Some(ContactPoint { system, value, extension, description })
    };
    stored.into_iter().map(point).collect()
}
