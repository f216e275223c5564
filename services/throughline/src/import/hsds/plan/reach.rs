//! Where a service is given and how it is reached: its locations with their addresses; its phones, its e-mail address and its page.
//! Invariant: what is wrong with one of them is told with its row and left out; a phone or an address of anything but the service is not taken for its own.

use proto::referrals::{ContactSystem, OfferContactPoint, OfferLocation};

use super::{Planner, once, plain};
use crate::import::hsds::directory::{Record, Service};
use crate::import::table::Fault;

/// Most locations and contact points that an offer names.
const MANY: usize = 20;
/// Longest of their texts, in characters; longest postal code and extension.
const TEXT: usize = 200;
const CODE: usize = 20;

impl Planner<'_> {
    /// The places where people come to it, one for each address.
    pub(super) fn locations(&mut self, service: &Service) -> Vec<OfferLocation> {
        let mut found = vec![];
        for location in &service.locations {
            if !matches!(location.own.text("location_type").to_lowercase().as_str(), "" | "physical") {
                continue;
            }
            let named = self.each(std::slice::from_ref(&location.own), |_, own| {
                brief(own, "name", TEXT).map(|name| Some(OfferLocation { name, ..Default::default() }))
            });
            let named = named.into_iter().next().unwrap_or_default();
            let addresses = self.each(&location.addresses, |planner, row| planner.address(&named, row));
            if addresses.is_empty() && !named.name.is_empty() {
                found.push(named);
            }
            found.extend(addresses);
        }
        self.few(once(found), MANY)
    }

    fn address(&mut self, named: &OfferLocation, row: &Record) -> Result<Option<OfferLocation>, Fault> {
        match row.text("address_type").to_lowercase().as_str() {
            "" | "physical" => {}
            "postal" | "virtual" => {
                self.directory.note("postal and virtual addresses, not read");
                return Ok(None);
            }
            _ => return Err(Fault::new("address_type", "is no type: physical, postal or virtual")),
        }
        let mut lines = vec![brief(row, "address_1", TEXT)?, brief(row, "address_2", TEXT)?];
        lines.retain(|line| !line.is_empty());
        let address = OfferLocation {
            name: named.name.clone(),
            lines,
            city: brief(row, "city", TEXT)?,
            district: brief(row, "region", TEXT)?,
            state: brief(row, "state_province", TEXT)?,
            postal_code: brief(row, "postal_code", CODE)?,
            country: row.text("country").to_uppercase(),
        };
        let two_letters =
            address.country.len() == 2 && address.country.bytes().all(|b| b.is_ascii_uppercase());
        if !two_letters && !address.country.is_empty() {
            return Err(Fault::new("country", "is no ISO 3166-1 alpha-2 code such as \"US\""));
        }
        if address.lines.is_empty() && address.city.is_empty() && address.postal_code.is_empty() {
            return Err(Fault::new(
                "address_1",
                "is empty, and so are city and postal_code; say where it is",
            ));
        }
        Ok(Some(address))
    }

    /// Its phones, then its e-mail address and its page.
    pub(super) fn telecom(&mut self, service: &Service) -> Vec<OfferContactPoint> {
        let mut found = self.each(&service.phones, |_, row| phone(row).map(Some));
        let own = std::slice::from_ref(&service.own);
        found.extend(self.each(own, |_, own| {
            let email = point(own, "email", ContactSystem::Email)?;
            let at = email.as_ref().is_none_or(|email| email.value.contains('@'));
            if at { Ok(email) } else { Err(Fault::new("email", "is no e-mail address; it has no \"@\"")) }
        }));
        found.extend(self.each(own, |_, own| {
            let url = point(own, "url", ContactSystem::Url)?;
            let on_the_web = |url: &OfferContactPoint| {
                ["http://", "https://"].iter().any(|scheme| url.value.starts_with(scheme))
            };
            let why = "is no address on the web; it begins with http:// or https://";
            if url.as_ref().is_none_or(on_the_web) { Ok(url) } else { Err(Fault::new("url", why)) }
        }));
        self.few(once(found), MANY)
    }
}

/// A phone by its number and type. What has no system here keeps its type as a word.
fn phone(row: &Record) -> Result<OfferContactPoint, Fault> {
    let kind = row.text("type").to_lowercase();
    let system = match kind.as_str() {
        "" | "voice" | "cell" => ContactSystem::Phone,
        "text" => ContactSystem::Sms,
        "fax" => ContactSystem::Fax,
        "pager" => ContactSystem::Pager,
        "video" | "textphone" => ContactSystem::Other,
        _ => {
            let why = "is no type: voice, cell, text, fax, pager, video or textphone";
            return Err(Fault::new("type", why));
        }
    };
    let value = brief(row, "number", TEXT)?;
    if !value.chars().any(|c| c.is_ascii_digit()) {
        let why = if value.is_empty() { "is empty" } else { "is no number; it has no digit" };
        return Err(Fault::new("number", why));
    }
    let mut words = brief(row, "description", TEXT - 20)?;
    if system == ContactSystem::Other {
        words = if words.is_empty() { kind } else { format!("{kind}: {words}") };
    }
    let extension = brief(row, "extension", CODE)?;
    Ok(OfferContactPoint { system: system.into(), value, extension, description: words })
}

/// What one of a service's own fields reaches it by.
fn point(own: &Record, column: &str, system: ContactSystem) -> Result<Option<OfferContactPoint>, Fault> {
    let value = brief(own, column, TEXT)?;
    let point = OfferContactPoint { system: system.into(), value, ..Default::default() };
    Ok((!point.value.is_empty()).then_some(point))
}

/// A text of at most so many characters.
fn brief(row: &Record, column: &str, most: usize) -> Result<String, Fault> {
    let text = plain(row.text(column));
    if text.chars().count() > most {
        return Err(Fault::new(column, format!("is longer than {most} characters")));
    }
    Ok(text)
}
