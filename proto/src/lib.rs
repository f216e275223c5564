//! The public contract: what agencies call and what logs hold, generated at build from the .proto files beside this crate.
//! Invariant: nothing here is written by hand but this list of modules.

#![allow(missing_docs, clippy::all, clippy::wildcard_enum_match_arm)] // Generated code has its own habits.

/// Every file of the contract, for gRPC reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// Types of the contract's own imports.
pub mod google {
    pub mod r#type {
        tonic::include_proto!("google.r#type");
    }
}

pub mod throughline {
    pub mod r#type {
        pub mod v1 {
            tonic::include_proto!("throughline.r#type.v1");
        }
    }
    pub mod log {
        pub mod v1 {
            tonic::include_proto!("throughline.log.v1");
        }
    }
    pub mod housing {
        pub mod v1 {
            tonic::include_proto!("throughline.housing.v1");
        }
    }
    pub mod timeline {
        pub mod v1 {
            tonic::include_proto!("throughline.timeline.v1");
        }
    }
    pub mod referrals {
        pub mod v1 {
            tonic::include_proto!("throughline.referrals.v1");
        }
    }
    pub mod registry {
        pub mod v1 {
            tonic::include_proto!("throughline.registry.v1");
        }
    }
    pub mod vocational {
        pub mod v1 {
            tonic::include_proto!("throughline.vocational.v1");
        }
    }
    pub mod therapy {
        pub mod v1 {
            tonic::include_proto!("throughline.therapy.v1");
        }
    }
    pub mod coordination {
        pub mod v1 {
            tonic::include_proto!("throughline.coordination.v1");
        }
    }
}

pub use google::r#type::Date;
pub use throughline::{
    coordination::v1 as coordination, housing::v1 as housing, log::v1 as log, referrals::v1 as referrals,
    registry::v1 as registry, therapy::v1 as therapy, timeline::v1 as timeline, r#type::v1 as types,
    vocational::v1 as vocational,
};
