//! Coded values that the contract and a domain name alike.
//! Invariant: both lists are matched in full, so a value added to one side alone does not compile.

/// Makes a module that turns a domain's enumeration into the contract's and back; the variants have the same names on both sides.
///
/// `codes!(pub mod outcome: crate::domain::referral::Outcome = proto::referrals::Outcome { Enrolled, Waitlisted })` gives
/// `outcome::number(value)`, `outcome::parse(field, number)` for requests and `outcome::stored(number)` for events.
#[macro_export]
macro_rules! codes {
    ($vis:vis mod $name:ident: $domain:path = $wire:path { $($variant:ident),+ $(,)? }) => {
        #[allow(dead_code, reason = "not every direction is used for every code")]
        $vis mod $name {
            use $domain as Domain;
            use $wire as Wire;

            /// The contract's number.
            pub fn number(value: Domain) -> i32 {
                match value { $(Domain::$variant => Wire::$variant.into(),)+ }
            }
            /// The value in a request's field.
            pub fn parse(field: &str, number: i32) -> Result<Domain, $crate::error::BadField> {
                stored(number).ok_or_else(|| {
                    $crate::error::BadField::new(field, "is missing or not one of the contract's values")
                })
            }
            /// The value in a stored event; none where it was not given.
            pub fn stored(number: i32) -> Option<Domain> {
                match Wire::try_from(number).ok()? {
                    Wire::Unspecified => None,
                    $(Wire::$variant => Some(Domain::$variant),)+
                }
            }
        }
    };
}
